/** A memory of the newest `max` ids. */
export function createRecentIds(max = 2000) {
  /** @type {Set<string>} */
  const known = new Set();
  return {
    /** Whether the id is new. From then on it is known. @param {string} id */
    add(id) {
      if (known.has(id)) return false;
      known.add(id);
      if (known.size > max) known.delete(/** @type {string} */ (known.values().next().value));
      return true;
    },
  };
}
