/**
 * When a page wakes: it comes into view, the browser finds a network, or the page is taken out of the browser's cache.
 * A connection that stood before may be dead by then.
 */

/** Call on each wake; returns what stops that. @param {() => void} run @returns {() => void} */
export function onWake(run) {
  if (!globalThis.document) return () => {}; // the pure parts are tested without a page
  const look = () => document.hidden || run();
  const show = (/** @type {PageTransitionEvent} */ { persisted }) => persisted && run(); // each page that loads is shown
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", run);
  window.addEventListener("pageshow", show);
  return () => {
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("online", run);
    window.removeEventListener("pageshow", show);
  };
}
