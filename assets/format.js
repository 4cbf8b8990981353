/** Numbers, ways, times and sentences as the page's language and the visitor's region say them. */
import { language, say, sayCount } from "./words.js";

const MILES = ["US", "GB", "LR", "MM"]; // regions that measure ways in miles
const KM_PER_MILE = 1.609344;
const UNITS = /** @type {const} */ ([["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]);

/**
 * The page's language, as spoken where the visitor is.
 *
 * @type {(language: string, preferred: readonly string[]) => string}
 */
export function localeFor(language, preferred) {
  const spoken = (/** @type {string} */ tag) => tag.toLowerCase().split("-")[0];
  return preferred.find((tag) => spoken(tag) === spoken(language) && tag.includes("-")) ?? language;
}

/** @param {readonly string[]} preferred languages; the first that names a region says how ways are measured */
export function inMiles(preferred) {
  const regions = preferred.map((tag) => new Intl.Locale(tag).region);
  return MILES.includes(regions.find(Boolean) ?? "");
}

/** @param {string} locale @param {{miles?: boolean}} [options] */
export function createFormat(locale, { miles = false } = {}) {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const unit = (/** @type {string} */ name) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, maximumFractionDigits: 0 });
  const [way, ms] = [unit(miles ? "mile" : "kilometer"), unit("millisecond")];
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const past = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  const list = new Intl.ListFormat(locale, { type: "conjunction" });

  /** How long something lasted. @param {number} seconds */
  function duration(seconds) {
    const total = Math.max(0, Math.round(seconds));
    const [h, min, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60].map((n) => whole.format(n));
    if (total < 60) return say("{s} s", { s });
    return total < 3600 ? say("{min} min {s} s", { min, s }) : say("{h} h {min} min", { h, min });
  }

  return {
    duration,
    /** @type {(n: number) => string} */
    count: (n) => (n > 0 && n < 9.95 && !Number.isInteger(n) ? tenth : whole).format(n),
    /** @type {(ms: number) => string} */
    apart: (n) => (n === 0 ? say("the same instant") : say("{time} apart", { time: ms.format(n) })),
    /** @type {(km: number) => string} */
    distance: (km) => way.format(miles ? km / KM_PER_MILE : km),
    /** The time of day. @param {number} at epoch seconds */
    time: (at) => clock.format(at * 1000),
    /** The day and the time of day, where the visitor is or in a zone. */
    /** @type {(at: number, timeZone?: string) => string} */
    dateTime: (at, timeZone) =>
      new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium", timeZone }).format(at * 1000),
    /** How long ago something was, in the largest unit that fits. @param {number} seconds */
    ago(seconds) {
      const [unit, lengthS] = UNITS.find(([, each]) => seconds >= each) ?? ["second", 1];
      return past.format(-Math.floor(seconds / lengthS), unit);
    },
    /** A list in words: "a", "a and b", "a, b and c". @type {(names: string[]) => string} */
    listed: (names) => list.format(names),
    /** What a viewer who comes back is told. @type {(back: {awayS: number, missed: number}) => string} */
    welcomeBack({ awayS, missed }) {
      const away = duration(awayS);
      if (missed < 0) return say("Back after {away}: the stream began anew", { away });
      if (missed === 0) return say("Back after {away}, nothing missed", { away });
      const values = { away, n: whole.format(missed) };
      return sayCount("Back after {away}, missed {n} frame", "Back after {away}, missed {n} frames", missed, values);
    },
  };
}

/** @type {(place: {city: string, country: string}) => string} */
export const placeName = ({ city, country }) => (city === country ? city : say("{city}, {country}", { city, country }));

/** @type {readonly string[]} */
const preferred = globalThis.document ? navigator.languages : []; // node has languages too, but no visitor
export const { ago, apart, count, dateTime, distance, duration, listed, time, welcomeBack } = createFormat(
  localeFor(language, preferred),
  { miles: inMiles(preferred) },
);
