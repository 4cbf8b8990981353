/**
 * A near miss: the play that came closest to a press that met nobody, in words.
 *
 * @typedef {{city: Place, seconds: number, source: Source, within_s?: number}} Near  seconds: from the visitor's press,
 *   negative if it came before
 */
import { cityLabel } from "../common/format.js";
import { say } from "../common/i18n.js";

/** So many seconds after a press the page asks for a closer play. By the last, the server knows the whole minute after it. */
export const ASK_AGAIN_S = [10, 25, 45, 72];

/** @param {Near} near */
export function nearText({ city, seconds, within_s }) {
  const values = { city: cityLabel(city), s: Math.abs(seconds) };
  if (seconds === 0 && within_s) return say("Closest: {city}, at about the same time as you", values);
  if (seconds === 0) return say("Closest: {city}, in the same second as you", values);
  if (within_s && seconds < 0) return say("Closest: {city}, about {s} s before you", values);
  if (within_s) return say("Closest: {city}, about {s} s after you", values);
  return seconds < 0 ? say("Closest: {city}, {s} s before you", values) : say("Closest: {city}, {s} s after you", values);
}

/** Whether a play is another one than the closest so far. @type {(near: Near, closest: Near | null) => boolean} */
export const isNews = (near, closest) =>
  !closest || near.seconds !== closest.seconds || near.city.geoname_id !== closest.city.geoname_id;
