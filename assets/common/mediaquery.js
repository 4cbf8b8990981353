/** Media queries that also work in browsers without matchMedia, or without its change events. */

/** @typedef {{readonly matches: boolean, listen(run: () => void): () => void}} MediaQuery  listen returns how to stop */

/** @param {string} query @returns {MediaQuery} */
export function mediaQuery(query) {
  const list = listOf(query);
  return {
    get matches() {
      return list?.matches ?? false;
    },
    listen(run) {
      list?.addEventListener?.("change", run);
      return () => list?.removeEventListener?.("change", run);
    },
  };
}

/** @param {string} query */
function listOf(query) {
  try {
    return matchMedia(query);
  } catch {
    return null;
  }
}
