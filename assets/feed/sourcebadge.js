/**
 * The badge that says where the plays come from: the sources of the last minute, and those of the list's first entries
 * while they may still be listed. So nobody mistakes simulated plays for real ones.
 */
import { listed } from "../common/format.js";
import { say } from "../common/i18n.js";
import { createRollingSums } from "../common/rollingsums.js";
import { LISTED } from "./feed.js";

const SPAN_S = 60;
const WORDS = /** @type {Record<string, [string, string]>} */ ({
  live: [say("live"), say("Plays by real listeners, in real time.")],
  synthetic: [say("simulated"), say("Simulated plays, for demonstration.")],
  replay: [say("replay"), say("Recorded plays, sent again.")],
});
const ORDER = Object.keys(WORDS);

/** A source in one word, and in a sentence. @param {string} name */
export const sourceWords = (name) => WORDS[name] ?? [name, ""];

/** @param {HTMLElement} badge */
export function createSourceBadge(badge) {
  const last = createRollingSums(SPAN_S);
  const firstSources = new Set();
  let added = 0; // connections since the first ones
  let isReplay = false;

  /** @param {string} name */
  const isShown = (name) => last.sum(name) > 0 || firstSources.has(name);

  /** @param {string[]} names */
  function textOf(names) {
    const sources = listed(names.map((name) => WORDS[name][0]));
    if (isReplay) return names.length ? say("replay: {sources}", { sources }) : WORDS.replay[0];
    return names.length ? sources : say("no plays yet");
  }

  function update() {
    const names = ORDER.filter(isShown);
    const text = textOf(names);
    if (badge.textContent === text) return;
    badge.textContent = text;
    badge.dataset.sources = isReplay ? "replay" : names.join(" ");
    badge.title = names.map((name) => WORDS[name][1]).join(" ");
  }

  return {
    /** @param {Pick<Hello, "now" | "plays_by_source" | "recent">} hello */
    begin({ now, plays_by_source, recent }) {
      isReplay = false;
      for (const { source } of recent) firstSources.add(source);
      if (recent.length) added = 0;
      last.clear();
      last.add(now, { ...plays_by_source });
      update();
    },
    /** The page shows the past from now on. */
    beginReplay() {
      isReplay = true;
      firstSources.clear();
      last.clear();
      update();
    },
    /** @param {Frame} frame */
    add({ now, counts, connections }) {
      added += connections.length;
      if (added >= LISTED) firstSources.clear();
      last.add(now, { ...counts.plays_by_source });
      update();
    },
  };
}
