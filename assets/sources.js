/** The badge that says where the plays come from: every source of the last minute, so nobody takes a show for life. */
import { listed } from "./format.js";
import { createWindow } from "./window.js";

const SPAN_S = 60;
const WORDS = /** @type {Record<string, [string, string]>} */ ({
  live: ["live", "Plays of real listeners, as they happen."],
  synthetic: ["synthetic", "Made-up plays, sent by a program to show how this works."],
  replay: ["replay", "Plays from an earlier time, sent again."],
});
const ORDER = Object.keys(WORDS);

/** @param {HTMLElement} badge */
export function createSources(badge) {
  const last = createWindow(SPAN_S);

  function say() {
    const names = ORDER.filter((name) => last.sum(name) > 0);
    const text = names.length ? listed(names.map((name) => WORDS[name][0])) : "no plays yet";
    if (badge.textContent === text) return;
    badge.textContent = text;
    badge.dataset.sources = names.join(" ");
    badge.title = names.map((name) => WORDS[name][1]).join(" ");
  }

  return {
    /** @param {Hello} hello */
    begin({ now, plays_by_source }) {
      last.clear();
      last.add(now, { ...plays_by_source });
      say();
    },
    /** @param {Frame} frame */
    add({ now, counts }) {
      last.add(now, { ...counts.plays_by_source });
      say();
    },
  };
}
