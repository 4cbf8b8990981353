/**
 * Sums of named numbers over the last `spanS` seconds of event time.
 *
 * @param {number} spanS
 */
export function createRollingSums(spanS) {
  /** @type {{at: number, values: Record<string, number>}[]} */
  let entries = [];
  /** @type {number | null} */
  let beganAt = null;
  return {
    /** @param {number} at epoch seconds; a time before the last one clears the sums @param {Record<string, number>} values */
    add(at, values) {
      if (entries.length && at < entries[entries.length - 1].at) this.clear();
      beganAt ??= at;
      entries.push({ at, values });
      entries = entries.filter((entry) => entry.at > at - spanS);
    },
    /** @param {string} name */
    sum: (name) => entries.reduce((total, { values }) => total + (values[name] ?? 0), 0),
    /** Mean per second over the span, or since the first entry if that is shorter. @param {string} name */
    mean(name) {
      const latest = entries.at(-1)?.at ?? 0;
      const covered = Math.min(spanS, Math.max(1, latest - (beganAt ?? latest)));
      return this.sum(name) / covered;
    },
    clear() {
      entries = [];
      beganAt = null;
    },
  };
}
