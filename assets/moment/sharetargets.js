/** Where a moment can be passed on to, as addresses. Pure. */

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?$/;

/** @type {(base: string, query: Record<string, string>) => string} */
const withQuery = (base, query) => `${base}?${new URLSearchParams(query).toString().replaceAll("+", "%20")}`;

const X_MOST = 280; // each link counts as 23, what is wider than Latin letters as two
const BLUESKY_MOST = 300;
const MASTODON_MOST = 500; // the least that a server allows; each link counts as 23
const LINK = 23;
const WIDE = /[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]/u;

/** @param {string} character */
const onX = (character) => (WIDE.test(character) ? 2 : 1);

/**
 * The words, cut where a network would not take more, for what is too long cannot be posted at all.
 *
 * @type {(text: string, most: number, weigh?: (character: string) => number) => string}
 */
function fitting(text, most, weigh = () => 1) {
  const characters = [...text];
  if (characters.reduce((sum, character) => sum + weigh(character), 0) <= most) return text;
  let left = most - weigh("…");
  return `${characters.filter((character) => (left -= weigh(character)) >= 0).join("").trimEnd()}…`;
}

/** The networks' own pages for it, by name. @type {(text: string, url: string) => Record<string, string>} */
export const shareTargets = (text, url) => ({
  Facebook: withQuery("https://www.facebook.com/sharer/sharer.php", { u: url }),
  X: withQuery("https://x.com/intent/post", { text: fitting(text, X_MOST - LINK - 1, onX), url }),
  WhatsApp: withQuery("https://wa.me/", { text: `${text} ${url}` }),
  Bluesky: withQuery("https://bsky.app/intent/compose", { text: `${fitting(text, BLUESKY_MOST - url.length - 1)} ${url}` }),
});

/**
 * The host of a Mastodon server, however somebody writes it: a name, an address, or a handle; "" if it is none.
 *
 * @type {(written: string) => string}
 */
export function mastodonHost(written) {
  const host = written.trim().toLowerCase().replace(/^https?:\/\//, "").replace(/\/.*$/, "").replace(/^.*@/, "");
  return HOST.test(host) ? host : "";
}

/** @type {(instance: string, text: string, url: string) => string} */
export const mastodonAddress = (instance, text, url) =>
  withQuery(`https://${instance}/share`, { text: `${fitting(text, MASTODON_MOST - LINK - 1)} ${url}` });
