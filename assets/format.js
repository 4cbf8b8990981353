/** Numbers and sentences as the page says them. Pure functions. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** @type {(n: number) => string} */
export const count = (n) => (n > 0 && n < 9.95 && !Number.isInteger(n) ? tenth : whole).format(n);

/** @type {(place: {city: string, country: string}) => string} */
export const placeName = ({ city, country }) => (city === country ? city : `${city}, ${country}`);

/** @type {(ms: number) => string} */
export const apart = (ms) => (ms === 0 ? "the same instant" : `${whole.format(ms)} ms apart`);

/** @type {(km: number) => string} */
export const distance = (km) => `${whole.format(km)} km`;

/** How long something lasted. @type {(seconds: number) => string} */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** What a viewer who comes back is told. @type {(back: {awayS: number, missed: number}) => string} */
export function welcomeBack({ awayS, missed }) {
  const away = `Back after ${duration(awayS)}`;
  if (missed < 0) return `${away}: the stream began anew`;
  if (missed === 0) return `${away}, nothing missed`;
  return `${away}, missed ${whole.format(missed)} ${missed === 1 ? "frame" : "frames"}`;
}

/** A list in words: "a", "a and b", "a, b and c". @type {(names: string[]) => string} */
export function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
