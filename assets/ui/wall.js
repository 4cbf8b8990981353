/**
 * A screen on a wall (?wall=1): wall.css takes away what would be used by hand; this keeps the screen from going dark,
 * where the browser lets a page ask for that.
 *
 * @typedef {{released: boolean, release(): Promise<void>}} Lock
 * @param {Document} page
 * @param {{request(type: "screen"): Promise<Lock>} | undefined} wakeLock  a secure page's navigator.wakeLock
 */
export function createWall(page, wakeLock) {
  /** @type {Lock | null} */
  let lock = null;
  let ended = false;

  /** Ask whenever the page comes into view: the browser lets go when it leaves. */
  async function ask() {
    if (!wakeLock || page.hidden || (lock && !lock.released)) return;
    try {
      lock = await wakeLock.request("screen");
    } catch {
      lock = null; // refused, such as with little battery
    }
    if (ended) lock?.release();
  }

  page.addEventListener("visibilitychange", ask);
  ask();
  return {
    destroy() {
      ended = true;
      page.removeEventListener("visibilitychange", ask);
      lock?.release();
    },
  };
}
