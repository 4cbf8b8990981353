/**
 * The page's clocks. `?t=<epoch seconds>` sets the sun to that instant, stops the globe from turning and draws every
 * pixel, so that a test or a screenshot finds the same view twice; it changes nothing else.
 *
 * @param {string} query location.search
 */
export function createClock(query) {
  const asked = new URLSearchParams(query).get("t");
  const fixedMs = asked === null || !Number.isFinite(Number(asked)) ? null : Number(asked) * 1000;
  return {
    fixed: fixedMs !== null,
    /** Epoch milliseconds that the sun goes by. */
    sunMs: () => fixedMs ?? Date.now(),
    /** Seconds since the page began; never jumps. */
    seconds: () => performance.now() / 1000,
  };
}
