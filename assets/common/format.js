/** Numbers, distances, times and sentences in the page's language and the visitor's region. */
import { language, say, sayCount } from "./i18n.js";

const MILES = ["US", "GB", "LR", "MM"]; // regions that use miles, as in webapp/web/languages.py
const KM_PER_MILE = 1.609344;
const UNITS = /** @type {const} */ ([["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]);

/**
 * The page's language, with the visitor's region where they prefer that language.
 *
 * @type {(language: string, preferred: readonly string[]) => string}
 */
export function localeFor(language, preferred) {
  const spoken = (/** @type {string} */ tag) => tag.toLowerCase().split("-")[0];
  return preferred.find((tag) => spoken(tag) === spoken(language) && tag.includes("-")) ?? language;
}

/**
 * The locale with the digits 0 to 9, which the server's texts have in every language. In Arabic, browsers would use others.
 *
 * @param {string} locale
 */
export const withOurDigits = (locale) =>
  either(() => new Intl.Locale(locale, { numberingSystem: "latn" }).toString(), () => locale);

/** Whether to use miles. @param {readonly string[]} preferred languages; the first that names a region decides */
export function inMiles(preferred) {
  const regions = preferred.map((tag) => either(() => new Intl.Locale(tag).region, () => undefined));
  return MILES.includes(regions.find(Boolean) ?? "");
}

/** The well-formed language tags of a browser's list. With LANG=C some browsers list "C", which is none. @param {unknown} given */
export const tagsIn = (given) =>
  Array.isArray(given) ? given.filter((tag) => either(() => Intl.getCanonicalLocales(tag).length > 0, () => false)) : [];

/** @template T @param {() => T} make @param {() => T} fallback where the first throws @returns {T} */
function either(make, fallback) {
  try {
    return make();
  } catch {
    return fallback();
  }
}

/**
 * The browser's formatter for a locale, or for English, or plain text where the browser has neither.
 *
 * @template T @param {string} locale
 * @param {(locale: string) => {format(value: T): string}} make @param {(value: T) => string} [plain]
 */
function formatter(locale, make, plain = String) {
  const made = either(() => make(locale), () => either(() => make("en"), () => ({ format: plain })));
  return (/** @type {T} */ value) => either(() => made.format(value), () => plain(value));
}

/** @param {number} ms of the epoch */
const plainTime = (ms) => new Date(ms).toUTCString();

/** @typedef {Pick<Connection, "apart_ms" | "within_s">} Apart */

/** @param {string} locale @param {{miles?: boolean}} [options] */
export function createFormat(locale, { miles = false } = {}) {
  /** @param {Intl.NumberFormatOptions} options @param {(n: number) => string} [plain] */
  const numbers = (options, plain) => formatter(locale, (tag) => new Intl.NumberFormat(tag, options), plain);
  /** @param {Intl.DateTimeFormatOptions} options */
  const times = (options) => formatter(locale, (tag) => new Intl.DateTimeFormat(tag, options), plainTime);
  const whole = numbers({ maximumFractionDigits: 0 }, (n) => n.toFixed(0));
  const tenth = numbers({ maximumFractionDigits: 1 }, (n) => n.toFixed(1));
  /** @param {string} unit @param {string} short */
  const measure = (unit, short) =>
    numbers({ style: "unit", unit, maximumFractionDigits: 0 }, (n) => `${n.toFixed(0)} ${short}`);
  const length = miles ? measure("mile", "mi") : measure("kilometer", "km");
  const ms = measure("millisecond", "ms");
  const clock = times({ timeStyle: "medium" });
  const wallClock = times({ timeStyle: "short" });
  /** @type {{format(n: number, unit: Intl.RelativeTimeFormatUnit): string}} */
  const past = either(
    () => new Intl.RelativeTimeFormat(locale, { numeric: "always" }),
    () => ({ format: (n, unit) => `${-n} ${unit}s ago` }),
  );
  /** @param {Iterable<string>} names */
  const plainList = (names) => [...names].join(", ");
  const list = formatter(locale, (tag) => new Intl.ListFormat(tag, { type: "conjunction" }), plainList);

  /** How long something lasted. @param {number} seconds */
  function duration(seconds) {
    const total = Math.max(0, Math.round(seconds));
    const [h, min, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60].map((n) => whole(n));
    if (total < 60) return say("{s} s", { s });
    return total < 3600 ? say("{min} min {s} s", { min, s }) : say("{h} h {min} min", { h, min });
  }

  return {
    duration,
    /** @type {(n: number) => string} */
    count: (n) => (n > 0 && n < 9.95 && !Number.isInteger(n) ? tenth : whole)(n),
    /** How far apart two plays were pressed. Only exact times are said in milliseconds. @type {(connection: Apart) => string} */
    apart({ apart_ms, within_s = 0 }) {
      if (apart_ms === null) return say("within about {seconds} s", { seconds: whole(within_s) });
      return apart_ms === 0 ? say("at the same instant") : say("{time} apart", { time: ms(apart_ms) });
    },
    /** @type {(km: number) => string} */
    distance: (km) => length(miles ? km / KM_PER_MILE : km),
    /** The time of day. @param {number} at epoch seconds */
    time: (at) => clock(at * 1000),
    /** The time of day without seconds. @param {number} at epoch seconds */
    hourMinute: (at) => wallClock(at * 1000),
    /** Date and time, in the visitor's time zone unless given. @type {(at: number, timeZone?: string) => string} */
    dateTime: (at, timeZone) =>
      times({ dateStyle: "medium", timeStyle: "medium", timeZone })(at * 1000),
    /** How long ago something was, in the largest unit that fits. @param {number} seconds */
    ago(seconds) {
      const [unit, lengthS] = UNITS.find(([, each]) => seconds >= each) ?? ["second", 1];
      return past.format(-Math.floor(seconds / lengthS), unit);
    },
    /** A list in words, such as "a, b and c". @type {(names: string[]) => string} */
    listed: (names) => list(names),
    /** What the page says after a reconnect. @type {(back: {awayS: number, missed: number}) => string} */
    welcomeBack({ awayS, missed }) {
      const away = duration(awayS);
      if (missed < 0) return say("Reconnected after {away}. The stream restarted.", { away });
      if (missed === 0) return say("Reconnected after {away}. Nothing missed.", { away });
      const values = { away, n: whole(missed) };
      return sayCount("Reconnected after {away}. Missed {n} update.", "Reconnected after {away}. Missed {n} updates.", missed, values);
    },
  };
}

/** @typedef {Pick<Place, "city" | "country"> & Partial<Place>} Named */

/**
 * What names countries in a language: the English name where the browser knows no other.
 *
 * @param {string} language @returns {(code: string | undefined, english: string) => string}  code: ISO 3166-1
 */
export function createCountryName(language) {
  const names = either(() => new Intl.DisplayNames([language, "en"], { type: "region", fallback: "none" }), () => null);
  return (code = "", english) => either(() => names?.of(code) ?? english, () => english); // of("") throws
}

export const countryName = createCountryName(language);

/** A city's name, with its region where cities share it. @param {Named} place */
export const cityLabel = ({ city, label }) => label ?? city;

/** A city and its country in the page's language, unless both have one name. @param {Named} place */
export function placeNames(place) {
  const country = countryName(place.country_code, place.country);
  return [country, place.country].includes(place.city) ? [cityLabel(place)] : [cityLabel(place), country];
}

/** @param {Named} place */
export function placeName(place) {
  const [city, country] = placeNames(place);
  return country ? say("{city}, {country}", { city, country }) : city;
}

/** @type {readonly string[]} */
const preferred = globalThis.document ? tagsIn(navigator.languages) : []; // node has navigator.languages, but no visitor
/** The page's language, with the visitor's region: what pictures are asked for in. */
export const regionalLanguage = localeFor(language, preferred);
export const locale = withOurDigits(regionalLanguage);
export const { ago, apart, count, dateTime, distance, duration, hourMinute, listed, time, welcomeBack } = createFormat(
  locale,
  { miles: inMiles(preferred) },
);
