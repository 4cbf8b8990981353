/** Checks the arguments of calls from the host page. */

const FILTERS = ["artist", "track", "country", "city"];

/** @param {unknown} given  by the host page's script @returns {Record<string, string>} */
export function parseFilter(given) {
  if (given === null || given === undefined) return {};
  if (typeof given !== "object") throw new TypeError("a filter must be an object such as {country: 'BR'}");
  const wanted = Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== "");
  for (const [name, value] of wanted) {
    if (!FILTERS.includes(name)) throw new TypeError(`a filter has no ${name}; it may have ${FILTERS.join(", ")}`);
    if (typeof value !== "string" && typeof value !== "number") throw new TypeError(`${name} must be a string or a number`);
  }
  return Object.fromEntries(wanted.map(([name, value]) => [name, String(value)]));
}

/** The same, checked by the server. @param {string} origin @param {unknown} given */
export async function checkFilter(origin, given) {
  const filters = parseFilter(given);
  const answer = await fetch(`${origin}/api/connections?${new URLSearchParams({ ...filters, limit: "1" })}`);
  if (answer.status === 400) throw new RangeError(String((await answer.json()).error));
  return filters;
}

/** A place in degrees. @param {unknown} given @returns {{lon: number, lat: number}} */
export function parsePlace(given) {
  const { lon, lat } = /** @type {{lon?: unknown, lat?: unknown}} */ (given ?? {});
  if (typeof lon !== "number" || !(Math.abs(lon) <= 180)) throw new RangeError(`lon=${lon}: expected -180 to 180`);
  if (typeof lat !== "number" || !(Math.abs(lat) <= 90)) throw new RangeError(`lat=${lat}: expected -90 to 90`);
  return { lon, lat };
}
