/**
 * Where this server's addresses begin, without a slash at the end: "https://example.org/globe" where a proxy serves it
 * under a path. Modules are in folders at <base>/assets/<version>/; elsewhere, as in tests, nobody knows, and it is "".
 *
 * @type {(url: string) => string}
 */
export const baseOf = (url) => /^(https?:.*)\/assets\/[^/]+\/[^/]+\/[^/]+$/.exec(url)?.[1] ?? "";

export const base = baseOf(import.meta.url);
