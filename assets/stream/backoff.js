/**
 * Waits between attempts: exponential backoff with jitter. Each wait is drawn from the upper half of its range, so that
 * many clients do not return at once.
 *
 * @param {{firstMs?: number, maxMs?: number, random?: () => number}} [options]
 */
export function createBackoff({ firstMs = 500, maxMs = 20_000, random = Math.random } = {}) {
  let attempts = 0;
  return {
    next() {
      const ceiling = Math.min(maxMs, firstMs * 2 ** attempts);
      attempts += 1;
      return Math.round(ceiling * (0.5 + 0.5 * random()));
    },
    reset() {
      attempts = 0;
    },
  };
}
