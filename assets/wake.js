/**
 * When a page wakes: it comes into view, the browser finds a network, or the page is taken out of the browser's cache.
 * A connection that stood before may be dead by then.
 */

/** Call on each wake; returns what stops that. @param {() => void} run @returns {() => void} */
export function onWake(run) {
  if (!globalThis.document) return () => {}; // the pure parts are tested without a page
  const look = () => document.hidden || run();
  document.addEventListener("visibilitychange", look);
  for (const event of ["online", "pageshow"]) window.addEventListener(event, run);
  return () => {
    document.removeEventListener("visibilitychange", look);
    for (const event of ["online", "pageshow"]) window.removeEventListener(event, run);
  };
}
