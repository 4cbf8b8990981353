/**
 * Sums over the last `spanS` seconds of event time, of records with numbers by name.
 *
 * @param {number} spanS
 */
export function createRollingSums(spanS) {
  /** @type {{at: number, values: Record<string, number>}[]} */
  let entries = [];
  /** @type {number | null} */
  let beganAt = null;
  return {
    /** @param {number} at epoch seconds; before the last, it begins anew @param {Record<string, number>} values */
    add(at, values) {
      if (entries.length && at < entries[entries.length - 1].at) this.clear();
      beganAt ??= at;
      entries.push({ at, values });
      entries = entries.filter((entry) => entry.at > at - spanS);
    },
    /** @param {string} name */
    sum: (name) => entries.reduce((total, { values }) => total + (values[name] ?? 0), 0),
    /** Over the span, or over the time since the window began where that is shorter. @param {string} name */
    mean(name) {
      const latest = entries.at(-1)?.at ?? 0;
      const covered = Math.min(spanS, Math.max(1, latest - (beganAt ?? latest)));
      return this.sum(name) / covered;
    },
    /** Every name with a number above zero. */
    names() {
      const all = new Set(entries.flatMap(({ values }) => Object.keys(values)));
      return [...all].filter((name) => this.sum(name) > 0);
    },
    clear() {
      entries = [];
      beganAt = null;
    },
  };
}
