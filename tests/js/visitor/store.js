/** A browser's storage for tests, which counts what is written. @param {Record<string, string>} [content] */
export function createStore(content = {}) {
  const store = {
    content,
    writes: 0,
    /** @param {string} key */
    getItem: (key) => content[key] ?? null,
    /** @param {string} key @param {string} value */
    setItem: (key, value) => void ((content[key] = value), (store.writes += 1)),
    /** @param {string} key */
    removeItem: (key) => void delete content[key],
  };
  return store;
}
