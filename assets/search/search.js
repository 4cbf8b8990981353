/** Search for artists, songs, countries and cities. A result that is picked becomes the page's filter. */
import { base } from "../common/baseurl.js";
import { countryName } from "../common/format.js";
import { language, say, sayCount } from "../common/i18n.js";
import { createCombobox } from "./combobox.js";

const KINDS = /** @type {Record<Found["kind"], string>} */ ({
  artist: say("artist"),
  track: say("song"),
  country: say("country"),
  city: say("city"),
});

/** @type {(count: number) => string} */
export const countText = (count) => (count === 0 ? say("No results") : sayCount("{n} result", "{n} results", count));

/**
 * The server's results for a text.
 *
 * @typedef {{kind?: Found["kind"], signal?: AbortSignal, request?: typeof fetch}} SearchOptions
 * @type {(text: string, options: SearchOptions) => Promise<Found[]>}
 */
export async function searchFor(text, { kind, signal, request = fetch }) {
  const query = new URLSearchParams({ q: text.slice(0, 100), lang: language, ...(kind && { kind }) });
  const answer = await request(`${base}/api/search?${query}`, { signal });
  return answer.ok ? (await answer.json()).results : [];
}

/** A result with its country in the page's language. @type {(found: Found) => Found} */
export function localised(found) {
  if (found.kind === "country") return { ...found, label: countryName(found.filter.country, found.label) };
  return { ...found, detail: countryName(found.country_code, found.detail) };
}

/** @param {Found} found @param {boolean} [plain]  whether all results are of one kind @returns {Node[]} */
export function resultNodes(found, plain = false) {
  const { kind, label, detail, also } = localised(found);
  const parts = [part("name", label)];
  if (also) parts.push(part("also", `(${also})`));
  if (detail && kind !== "country") parts.push(part("detail", detail));
  if (!plain) parts.push(part("kind", KINDS[kind]));
  return parts.flatMap((element) => [element, document.createTextNode(" ")]);
}

/** @param {string} name @param {string} text */
function part(name, text) {
  const element = document.createElement("bdi");
  element.className = name;
  element.textContent = text;
  return element;
}

/** @param {HTMLElement} element  has a field, a list and a note @param {{onPick: (found: Found) => void}} options */
export function createSearch(element, { onPick }) {
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const list = /** @type {HTMLElement} */ (element.querySelector("[role=listbox]"));
  const note = /** @type {HTMLElement} */ (element.querySelector("[role=status]"));
  const combobox = createCombobox(input, list, {
    ask: (text, signal) => searchFor(text, { signal }),
    draw: (/** @type {Found} */ found) => resultNodes(found),
    onPick,
    note,
    countText,
  });
  return { focus: () => input.focus(), destroy: combobox.destroy };
}
