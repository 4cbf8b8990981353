/**
 * Which motifs are played: few at once, none soon after the same one, and all on one pulse, so that it stays quiet and in
 * time whatever the traffic. Pure: time is an argument.
 */
import { PULSE_S } from "./motif.js";

const AT_ONCE = 3;
const GAP_S = 0.8; // between the beginnings of two motifs
const AGAIN_S = 10; // until a song is heard again
const AHEAD_S = 0.03; // the audio thread needs some time to begin

export function createVoices() {
  /** @type {number[]} */
  let ends = [];
  /** When each song was heard last. @type {Map<string, number>} */
  let heard = new Map();
  let latest = -Infinity;

  return {
    /**
     * When to begin, in seconds of the audio clock; null to leave it out. The visitor's own has a place of its own.
     *
     * @type {(id: string, now: number, lastsS: number, own?: boolean) => number | null}
     */
    take(id, now, lastsS, own = false) {
      ends = ends.filter((end) => end > now);
      heard = new Map([...heard].filter(([, at]) => now - at < AGAIN_S));
      if (ends.length >= AT_ONCE + Number(own)) return null;
      if (!own && (now - latest < GAP_S || heard.has(id))) return null;
      const at = Math.ceil((now + AHEAD_S) / PULSE_S) * PULSE_S;
      ends.push(at + lastsS);
      heard.set(id, now);
      latest = now;
      return at;
    },
  };
}
