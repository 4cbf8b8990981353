/**
 * Where a song can be listened to: at its own url, and where the operator's links lead. webapp/web/listenlinks.py makes the
 * same ones. Each link is named by what it opens, and tells that site nothing of this page.
 *
 * @typedef {[name: string, address: string]} Template  the address has {title}, {artist} or {query} for the song's words
 */
import { say } from "../common/i18n.js";

/** @param {Track} track @param {Template[]} templates @returns {{name: string, address: string}[]} the song's own url first */
export function listenLinks({ title, artist, url }, templates) {
  /** @type {Record<string, string>} */
  const words = { title, artist, query: `${artist} ${title}` };
  const fill = (/** @type {string} */ address) =>
    address.replace(/\{(title|artist|query)\}/g, (_, name) => encodeURIComponent(words[name]));
  const found = templates.map(([name, address]) => ({ name, address: fill(address) }));
  const host = hostOf(url);
  return url && host ? [{ name: host, address: url }, ...found] : found;
}

/** The host that an https address opens, or "". @param {string | null | undefined} address */
function hostOf(address) {
  try {
    const { protocol, hostname } = new URL(address ?? "");
    return protocol === "https:" ? hostname.replace(/^www\./, "") : "";
  } catch {
    return "";
  }
}

/** The operator's links, which the page brings. @returns {Template[]} */
function pageTemplates() {
  return JSON.parse(document.getElementById("listen")?.textContent ?? "[]");
}

/** Links to listen to a song. @param {Track} track */
export function listenElements(track) {
  return listenLinks(track, pageTemplates()).map(({ name, address }) => {
    const link = document.createElement("a");
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.textContent = say("Listen on {name}", { name });
    return link;
  });
}
