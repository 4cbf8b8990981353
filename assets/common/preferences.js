/**
 * What a visitor chose. It is stored in the browser only once they choose something. Where a browser stores nothing, the
 * choice lasts until the page closes.
 *
 * @param {{getItem(key: string): string | null, setItem(key: string, value: string): void} | null} storage
 */
export function createPreferences(storage) {
  const KEY = "unison";
  /** @type {Record<string, unknown>} */
  const chosen = read();

  /** @returns {Record<string, unknown>} */
  function read() {
    try {
      const kept = JSON.parse(storage?.getItem(KEY) ?? "{}");
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {};
    }
  }

  return {
    /** @type {(name: string, fallback: boolean) => boolean} */
    flag(name, fallback) {
      const value = chosen[name];
      return typeof value === "boolean" ? value : fallback;
    },
    /** A stored text, or "". @type {(name: string) => string} */
    text: (name) => (typeof chosen[name] === "string" ? /** @type {string} */ (chosen[name]) : ""),
    /** @type {(name: string, value: unknown) => void} */
    save(name, value) {
      chosen[name] = value;
      try {
        storage?.setItem(KEY, JSON.stringify(chosen));
      } catch {
        // storage is full or forbidden
      }
    },
    /** Whether the visitor chose this. @param {string} name */
    has: (name) => name in chosen,
  };
}

/** The browser's storage, or null where the browser refuses access to it. */
export function browserStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
