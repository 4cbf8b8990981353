/**
 * Where this server's addresses begin, without a slash at the end, such as "https://example.org/globe" behind a proxy that
 * serves it under a path. Modules are in folders of <base>/assets/<version>/. For any other URL, as in tests, it is "".
 *
 * @type {(url: string) => string}
 */
export const baseOf = (url) => /^(https?:.*)\/assets\/[^/]+\/[^/]+\/[^/]+$/.exec(url)?.[1] ?? "";

export const base = baseOf(import.meta.url);
