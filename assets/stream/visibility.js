/**
 * Since when somebody has looked at the page. A background tab draws nothing and saves nothing up for later, so what
 * happened before the tab came back goes only to the list.
 *
 * @typedef {Pick<Document, "hidden" | "addEventListener" | "removeEventListener">} Page
 */

/** @param {Page} page @param {{now?: () => number}} [options] now: in milliseconds */
export function createVisibility(page, { now = Date.now } = {}) {
  let visibleSinceMs = page.hidden ? Infinity : -Infinity;

  function update() {
    visibleSinceMs = page.hidden ? Infinity : now();
  }

  page.addEventListener("visibilitychange", update);
  return {
    /** Epoch milliseconds; Infinity while the tab is in the background. */
    visibleSinceMs: () => visibleSinceMs,
    destroy: () => page.removeEventListener("visibilitychange", update),
  };
}
