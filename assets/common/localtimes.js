/** What the clocks of a connection's cities showed, in words, as webapp/web/localtimes.py says it. */
import { cityLabel, locale } from "./format.js";
import { say } from "./i18n.js";

const LONGEST_LABEL = 28; // characters, as on the server
/** A time of day, and one with its weekday. */
const [CLOCK, DAY_AND_CLOCK] = /** @type {Intl.DateTimeFormatOptions[]} */ ([
  { timeStyle: "short" },
  { weekday: "short", hour: "numeric", minute: "2-digit" },
]);

/** A city's label, or its name where that is too long; isolated, so that numbers beside it keep their place. */
/** @param {Place} place */
function shortName(place) {
  const label = cityLabel(place);
  return `\u2068${label.length <= LONGEST_LABEL ? label : place.city}\u2069`;
}

/** @typedef {Pick<Connection, "at" | "apart_ms" | "from" | "to">} Timed */

/** @param {string} tag  a locale @returns {(connection: Timed) => string} */
export function createLocalTimes(tag) {
  /** @param {Timed} connection */
  function told({ at, apart_ms, from, to }) {
    if (!from.tz || !to.tz) return "";
    const format = (/** @type {string} */ tz, /** @type {Intl.DateTimeFormatOptions} */ options) =>
      new Intl.DateTimeFormat(tag, { ...options, timeZone: tz }).format(at * 1000);
    const [day, otherDay] = [from, to].map(({ tz }) => format(tz, { dateStyle: "short" }));
    const options = day === otherDay ? CLOCK : DAY_AND_CLOCK;
    const [time, other_time] = [from, to].map(({ tz }) => format(tz, options));
    const [one, other] = [from, to].map(shortName);
    const times =
      time === other_time
        ? say("{time} in {one} and {other}", { time, one, other })
        : say("{time} in {one}, {other_time} in {other}", { time, one, other_time, other });
    return apart_ms ? say("{times}; {city} was first", { times, city: one }) : times;
  }

  /** The local times, and who was first if both presses have an exact time; "" if the browser does not know a time zone. */
  return (connection) => {
    try {
      return told(connection);
    } catch {
      return "";
    }
  };
}

export const localTimes = createLocalTimes(locale);
