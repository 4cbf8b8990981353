/**
 * Parses messages of the stream. Values that are missing or malformed are dropped, so that one of them cannot stop the
 * page from showing the others.
 */

const LATEST_S = 8.64e12; // the latest time that a Date can hold

/** @param {unknown} value @returns {value is Record<string, any>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {any} object @param {string[]} names */
const hasTexts = (object, names) => isObject(object) && names.every((name) => typeof object[name] === "string");

/** @param {any} object @param {string[]} names */
const hasNumbers = (object, names) => isObject(object) && names.every((name) => Number.isFinite(object[name]));

/** @param {any} place */
const isPlace = (place) => hasTexts(place, ["city", "country"]) && hasNumbers(place, ["geoname_id", "lon", "lat"]);

/** @param {any} track */
const isTrack = (track) => hasTexts(track, ["id", "title", "artist"]);

/** Whether it says how far apart two plays are: exactly, or within some seconds. @param {any} value */
const isApart = (value) => hasNumbers(value, [value.apart_ms === null ? "within_s" : "apart_ms"]);

/** @param {any} value @returns {value is Connection} */
export const isConnection = (value) =>
  hasTexts(value, ["id", "source"]) &&
  Math.abs(value.at) < LATEST_S &&
  hasNumbers(value, ["at", "km"]) &&
  isApart(value) &&
  isTrack(value.track) &&
  isPlace(value.from) &&
  isPlace(value.to);

/** @param {any} value */
const isSpark = (value) => hasNumbers(value, ["at"]) && isPlace(value.city);

/** @param {any} value */
const isPulse = (value) => isSpark(value) && isTrack(value.track);

/** @param {any} value */
const isCrowdCity = (value) => hasNumbers(value, ["plays"]) && isPlace(value.city);

/** A frame's crowd: undefined where it has none, as with a filter. @param {any} value @returns {Crowd | null | undefined} */
function crowdIn(value) {
  if (value === undefined || value === null) return value;
  if (!hasNumbers(value, ["plays"]) || !isTrack(value.track)) return null;
  return { track: value.track, plays: value.plays, cities: only(value.cities, isCrowdCity) };
}

/** @template T @param {any} values @param {(value: any) => boolean} is @returns {T[]} */
const only = (values, is) => (Array.isArray(values) ? values.filter(is) : []);

/** The entries that are numbers. @param {any} values @returns {Record<string, number>} */
const numbersIn = (values) =>
  Object.fromEntries(Object.entries(isObject(values) ? values : {}).filter(([, value]) => Number.isFinite(value)));

const NOTHING = { plays: 0, together: 0, connections: 0, shown: 0 };

/** A well-formed frame, or null. @param {any} value @returns {Frame | null} */
export function parseFrame(value) {
  if (!hasNumbers(value, ["seq"])) return null;
  const counts = { ...NOTHING, ...numbersIn(value.counts), plays_by_source: numbersIn(value.counts?.plays_by_source) };
  return {
    ...value,
    now: Number.isFinite(value.now) ? value.now : Date.now() / 1000,
    connections: only(value.connections, isConnection),
    pulses: only(value.pulses, isPulse),
    sparks: only(value.sparks, isSpark),
    crowd: crowdIn(value.crowd),
    counts,
  };
}

/** @param {any} value @returns {Hello | null} */
function parseHello(value) {
  if (!hasTexts(value, ["stream"]) || !hasNumbers(value, ["seq"])) return null;
  return {
    ...value,
    now: Number.isFinite(value.now) ? value.now : Date.now() / 1000,
    plays_by_source: numbersIn(value.plays_by_source),
    recent: only(value.recent, isConnection),
  };
}

/** A well-formed message, or null; null also for types that this version does not know. */
/** @param {unknown} text @returns {Message | null} */
export function parseMessage(text) {
  const value = parsedJson(text);
  if (!isObject(value)) return null;
  if (value.type === "hello") return parseHello(value);
  if (value.type === "connections") return parseFrame(value);
  if (value.type === "delayed") return { type: "delayed" };
  if (value.type === "lead") return { type: "lead", connection: isConnection(value.connection) ? value.connection : null };
  return value.type === "bye" ? { type: "bye", retry_ms: Math.max(0, Number(value.retry_ms) || 0) } : null;
}

/** @param {unknown} text @returns {unknown} */
function parsedJson(text) {
  try {
    return JSON.parse(String(text));
  } catch {
    return null;
  }
}
