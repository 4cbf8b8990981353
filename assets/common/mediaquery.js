/** Media queries of a browser that may have none, or old ones that cannot be listened to. */

/** @typedef {{readonly matches: boolean, listen(run: () => void): () => void}} Media  listen returns what ends it */

/** @param {string} query @returns {Media} */
export function media(query) {
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
