/** The globe's clocks. @param {() => number} [nowMs] the time that the page shows, epoch milliseconds */
export function createClock(nowMs = Date.now) {
  let stoppedS = 0;
  /** @type {number | null} */
  let stoppedAt = null;
  const running = () => performance.now() / 1000 - stoppedS;

  return {
    /** Epoch milliseconds for the sun's position. */
    sunMs: nowMs,
    /** Seconds since the page began, without those while the clock was stopped. */
    seconds: () => stoppedAt ?? running(),
    /** @param {boolean} now whether the clock stands still */
    stop(now) {
      if (now) stoppedAt ??= running();
      else if (stoppedAt !== null) stoppedS += running() - stoppedAt;
      if (!now) stoppedAt = null;
    },
  };
}
