/**
 * The globe's clocks. `?t=<epoch seconds>` sets the sun to that time, stops the globe from turning and draws at full
 * density, so that tests and screenshots get the same view each time.
 *
 * @param {string} query location.search
 * @param {() => number} [nowMs] the time that the page shows, epoch milliseconds
 */
export function createClock(query, nowMs = Date.now) {
  const asked = new URLSearchParams(query).get("t");
  const fixedMs = asked === null || !Number.isFinite(Number(asked)) ? null : Number(asked) * 1000;
  let stoppedS = 0;
  /** @type {number | null} */
  let stoppedAt = null;
  const running = () => performance.now() / 1000 - stoppedS;

  return {
    fixed: fixedMs !== null,
    /** Epoch milliseconds for the sun's position. */
    sunMs: () => fixedMs ?? nowMs(),
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
