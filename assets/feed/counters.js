/** The counters over the last ten seconds: plays per second, people together, and connections shown. */
import { count } from "../common/format.js";
import { createRollingSums } from "../common/rollingsums.js";

const SPAN_S = 10;

/** @param {HTMLElement} element  has a [data-count] for each counter */
export function createCounters(element) {
  const last = createRollingSums(SPAN_S);

  /** @param {string} name @param {string} text */
  function put(name, text) {
    const target = element.querySelector(`[data-count="${name}"]`);
    if (target && target.textContent !== text) target.textContent = text;
  }

  return {
    /** @param {Frame} frame */
    add({ now, counts }) {
      const { plays, together, connections, shown, matching } = counts;
      last.add(now, { plays, together, shown, found: matching ?? connections });
      put("plays", count(last.mean("plays")));
      put("together", count(last.sum("together")));
      put("shown", count(last.sum("shown")));
      put("found", count(last.sum("found")));
    },
    clear: () => last.clear(),
  };
}
