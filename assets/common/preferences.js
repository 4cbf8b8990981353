/**
 * What a visitor chose, kept in the browser once a switch was moved, and not before. Where a browser lets nothing be
 * kept, the choice holds until the page is left.
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
    /** @type {(name: string, otherwise: boolean) => boolean} */
    on(name, otherwise) {
      const value = chosen[name];
      return typeof value === "boolean" ? value : otherwise;
    },
    /** What was written, or "". @type {(name: string) => string} */
    text: (name) => (typeof chosen[name] === "string" ? /** @type {string} */ (chosen[name]) : ""),
    /** @type {(name: string, value: unknown) => void} */
    keep(name, value) {
      chosen[name] = value;
      try {
        storage?.setItem(KEY, JSON.stringify(chosen));
      } catch {
        // full, or forbidden
      }
    },
    /** Whether the visitor chose at all. @param {string} name */
    has: (name) => name in chosen,
  };
}

/** The browser's storage, or null where even asking for it is refused. */
export function browserStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
