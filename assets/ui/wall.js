/**
 * A screen on a wall (?wall=1): wall.css hides what is used by hand, and this keeps the screen on, where the browser allows
 * that.
 *
 * @typedef {{released: boolean, release(): Promise<void>}} Lock
 * @param {Document} page
 * @param {{request(type: "screen"): Promise<Lock>} | undefined} wakeLock  navigator.wakeLock, which needs TLS
 */
export function createWall(page, wakeLock) {
  /** @type {Lock | null} */
  let lock = null;
  let destroyed = false;

  /** Ask again whenever the page comes into view, because the browser releases the lock when the page is hidden. */
  async function ask() {
    if (!wakeLock || page.hidden || (lock && !lock.released)) return;
    try {
      lock = await wakeLock.request("screen");
    } catch {
      lock = null; // refused, such as at low battery
    }
    if (destroyed) lock?.release();
  }

  page.addEventListener("visibilitychange", ask);
  ask();
  return {
    destroy() {
      destroyed = true;
      page.removeEventListener("visibilitychange", ask);
      lock?.release();
    },
  };
}
