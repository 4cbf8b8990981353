/**
 * Waits between attempts: each up to twice the one before, drawn from its upper half so that a crowd does not return
 * at once.
 *
 * @param {{firstMs?: number, mostMs?: number, random?: () => number}} [options]
 */
export function createBackoff({ firstMs = 500, mostMs = 20_000, random = Math.random } = {}) {
  let attempts = 0;
  return {
    next() {
      const ceiling = Math.min(mostMs, firstMs * 2 ** attempts);
      attempts += 1;
      return Math.round(ceiling * (0.5 + 0.5 * random()));
    },
    reset() {
      attempts = 0;
    },
  };
}
