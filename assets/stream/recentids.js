/** A memory of the newest `most` ids. */
export function createRecentIds(most = 2000) {
  /** @type {Set<string>} */
  const known = new Set();
  return {
    /** Whether the id is new; it no longer is afterwards. @param {string} id */
    add(id) {
      if (known.has(id)) return false;
      known.add(id);
      if (known.size > most) known.delete(/** @type {string} */ (known.values().next().value));
      return true;
    },
  };
}
