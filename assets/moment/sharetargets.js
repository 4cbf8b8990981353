/** Links that post a moment on a social network. Pure. */

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?$/;

/** @type {(base: string, query: Record<string, string>) => string} */
const withQuery = (base, query) => `${base}?${new URLSearchParams(query).toString().replaceAll("+", "%20")}`;

const X_MAX = 280; // a link counts as 23, a character outside Latin scripts as two
const BLUESKY_MAX = 300;
const MASTODON_MAX = 500; // servers may allow more; a link counts as 23
const LINK = 23;
const WIDE = /[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]/u;

/** @param {string} character */
const widthOnX = (character) => (WIDE.test(character) ? 2 : 1);

/**
 * The text, cut to what a network accepts.
 *
 * @type {(text: string, max: number, width?: (character: string) => number) => string}
 */
function fitting(text, max, width = () => 1) {
  const characters = [...text];
  if (characters.reduce((sum, character) => sum + width(character), 0) <= max) return text;
  let left = max - width("…");
  return `${characters.filter((character) => (left -= width(character)) >= 0).join("").trimEnd()}…`;
}

/** The networks' pages for a new post, by name. @type {(text: string, url: string) => Record<string, string>} */
export const shareTargets = (text, url) => ({
  Facebook: withQuery("https://www.facebook.com/sharer/sharer.php", { u: url }),
  X: withQuery("https://x.com/intent/post", { text: fitting(text, X_MAX - LINK - 1, widthOnX), url }),
  WhatsApp: withQuery("https://wa.me/", { text: `${text} ${url}` }),
  Bluesky: withQuery("https://bsky.app/intent/compose", { text: `${fitting(text, BLUESKY_MAX - url.length - 1)} ${url}` }),
});

/**
 * The host of a Mastodon server, from a host name, a URL or a handle; "" for anything else.
 *
 * @type {(written: string) => string}
 */
export function mastodonHost(written) {
  const host = written.trim().toLowerCase().replace(/^https?:\/\//, "").replace(/\/.*$/, "").replace(/^.*@/, "");
  return HOST.test(host) ? host : "";
}

/** @type {(instance: string, text: string, url: string) => string} */
export const mastodonAddress = (instance, text, url) =>
  withQuery(`https://${instance}/share`, { text: `${fitting(text, MASTODON_MAX - LINK - 1)} ${url}` });
