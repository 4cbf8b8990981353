/**
 * When a page wakes: it comes into view, the browser finds a network, or the page returns from the back/forward cache.
 * A websocket that was open before may be dead by then.
 */

/** Call `run` on each wake; returns a function that stops it. @param {() => void} run @returns {() => void} */
export function onWake(run) {
  if (!globalThis.document) return () => {}; // in tests under node
  const look = () => document.hidden || run();
  const show = (/** @type {PageTransitionEvent} */ { persisted }) => persisted && run(); // false at the first load
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", run);
  window.addEventListener("pageshow", show);
  return () => {
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("online", run);
    window.removeEventListener("pageshow", show);
  };
}
