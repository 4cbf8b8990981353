/** Where a moment can be passed on to, as addresses. Pure. */

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?$/;

/** @type {(base: string, query: Record<string, string>) => string} */
const withQuery = (base, query) => `${base}?${new URLSearchParams(query).toString().replaceAll("+", "%20")}`;

/** The networks' own pages for it, by name. @type {(text: string, url: string) => Record<string, string>} */
export const waysTo = (text, url) => ({
  Facebook: withQuery("https://www.facebook.com/sharer/sharer.php", { u: url }),
  X: withQuery("https://x.com/intent/post", { text, url }),
  WhatsApp: withQuery("https://wa.me/", { text: `${text} ${url}` }),
  Bluesky: withQuery("https://bsky.app/intent/compose", { text: `${text} ${url}` }),
});

/**
 * The host of a Mastodon server, however somebody writes it: a name, an address, or a handle; "" if it is none.
 *
 * @type {(written: string) => string}
 */
export function instanceOf(written) {
  const host = written.trim().toLowerCase().replace(/^https?:\/\//, "").replace(/\/.*$/, "").replace(/^.*@/, "");
  return HOST.test(host) ? host : "";
}

/** @type {(instance: string, text: string, url: string) => string} */
export const mastodonAddress = (instance, text, url) =>
  withQuery(`https://${instance}/share`, { text: `${text} ${url}` });
