/**
 * Since when somebody looks. A tab in the background draws nothing and saves nothing up: what happened there before it
 * came back is news for the list alone, however late a browser that had frozen the page hands it over.
 *
 * @typedef {Pick<Document, "hidden" | "addEventListener" | "removeEventListener">} Seen
 */

/** @param {Seen} page @param {{now?: () => number}} [options] now: in milliseconds */
export function createVisibility(page, { now = Date.now } = {}) {
  let sinceMs = page.hidden ? Infinity : -Infinity;

  function turn() {
    sinceMs = page.hidden ? Infinity : now();
  }

  page.addEventListener("visibilitychange", turn);
  return {
    /** Milliseconds of the epoch; never, while the tab is in the background. */
    sinceMs: () => sinceMs,
    destroy: () => page.removeEventListener("visibilitychange", turn),
  };
}
