/**
 * A screen on a wall (?wall=1): wall.css hides what is used by hand, and this runs the clock and keeps the screen on, where
 * the browser allows that.
 *
 * @typedef {{released: boolean, release(): Promise<void>}} Lock
 * @typedef {object} WallOptions
 * @property {{request(type: "screen"): Promise<Lock>} | undefined} wakeLock  navigator.wakeLock, which needs TLS
 * @property {HTMLTimeElement | null} clock
 * @property {() => number} nowMs  of the epoch, by the visitor's clock
 */
import { hourMinute } from "../common/format.js";

const MINUTE_MS = 60_000;

/** @param {Document} page @param {WallOptions} options */
export function createWall(page, { wakeLock, clock, nowMs }) {
  /** @type {Lock | null} */
  let lock = null;
  let destroyed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** Ask whenever the page comes into view, and each minute, because the browser may release the lock. */
  async function ask() {
    if (!wakeLock || page.hidden || (lock && !lock.released)) return;
    try {
      lock = await wakeLock.request("screen");
    } catch {
      lock = null; // refused, such as at low battery
    }
    if (destroyed) lock?.release();
  }

  /** Show the time, now and at each full minute. */
  function tick() {
    const now = nowMs();
    if (clock) [clock.textContent, clock.dateTime] = [hourMinute(now / 1000), new Date(now).toISOString()];
    timer = setTimeout(tick, MINUTE_MS - (now % MINUTE_MS));
    ask();
  }

  page.addEventListener("visibilitychange", ask);
  tick();
  return {
    destroy() {
      destroyed = true;
      clearTimeout(timer);
      page.removeEventListener("visibilitychange", ask);
      lock?.release();
    },
  };
}
