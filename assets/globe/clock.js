/**
 * The page's clocks. `?t=<epoch seconds>` sets the sun to that instant, stops the globe from turning and draws every
 * pixel, so that a test or a screenshot finds the same view twice; it changes nothing else.
 *
 * @param {string} query location.search
 * @param {() => number} [nowMs] the time that is shown, epoch milliseconds
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
    /** Epoch milliseconds that the sun goes by. */
    sunMs: () => fixedMs ?? nowMs(),
    /** Seconds since the page began, but those for which it was stopped; never jumps. */
    seconds: () => stoppedAt ?? running(),
    /** @param {boolean} now whether time stands still */
    stop(now) {
      if (now) stoppedAt ??= running();
      else if (stoppedAt !== null) stoppedS += running() - stoppedAt;
      if (!now) stoppedAt = null;
    },
  };
}
