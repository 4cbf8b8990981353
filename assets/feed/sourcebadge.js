/**
 * The badge that says where the plays come from: every source of the last minute, and of what was there to begin with as
 * long as it may be listed, so nobody takes a show for life.
 */
import { listed } from "../common/format.js";
import { say } from "../common/i18n.js";
import { createRollingSums } from "../common/rollingsums.js";
import { LISTED } from "./feed.js";

const SPAN_S = 60;
const WORDS = /** @type {Record<string, [string, string]>} */ ({
  live: [say("live"), say("Plays of real listeners, as they happen.")],
  synthetic: [say("synthetic"), say("Made-up plays, sent by a program to show how this works.")],
  replay: [say("replay"), say("Plays from an earlier time, sent again.")],
});
const ORDER = Object.keys(WORDS);

/** @param {HTMLElement} badge */
export function createSourceBadge(badge) {
  const last = createRollingSums(SPAN_S);
  const before = new Set();
  let since = 0;
  let replayed = false;

  /** @param {string} name */
  const isShown = (name) => last.sum(name) > 0 || before.has(name);

  /** @param {string[]} names */
  function worded(names) {
    const sources = listed(names.map((name) => WORDS[name][0]));
    if (replayed) return names.length ? say("replay: {sources}", { sources }) : WORDS.replay[0];
    return names.length ? sources : say("no plays yet");
  }

  function tell() {
    const names = ORDER.filter(isShown);
    const text = worded(names);
    if (badge.textContent === text) return;
    badge.textContent = text;
    badge.dataset.sources = replayed ? "replay" : names.join(" ");
    badge.title = names.map((name) => WORDS[name][1]).join(" ");
  }

  return {
    /** @param {Pick<Hello, "now" | "plays_by_source" | "recent">} hello */
    begin({ now, plays_by_source, recent }) {
      replayed = false;
      for (const { source } of recent) before.add(source);
      if (recent.length) since = 0;
      last.clear();
      last.add(now, { ...plays_by_source });
      tell();
    },
    /** What comes now is of the past. */
    replay() {
      replayed = true;
      before.clear();
      last.clear();
      tell();
    },
    /** @param {Frame} frame */
    add({ now, counts, connections }) {
      since += connections.length;
      if (since >= LISTED) before.clear();
      last.add(now, { ...counts.plays_by_source });
      tell();
    },
  };
}
