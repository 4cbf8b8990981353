/**
 * A calm word where the eye looks while nothing happens: how long ago the last two met. It is there to be read, by a
 * screen reader too, but never announced: silence needs no interruption.
 */
import { ago } from "../common/format.js";
import { say } from "../common/i18n.js";

const QUIET_S = 20;
const EVERY_MS = 2000;

/** Seconds as coarse as they are said: a number that ticks would not be calm. @param {number} seconds */
const coarse = (seconds) => (seconds < 60 ? Math.floor(seconds / 10) * 10 : seconds);

/**
 * @param {Pick<HTMLElement, "hidden">} element
 * @param {{words: {textContent: string | null}, now: () => number}} options now: epoch seconds by the server's clock
 */
export function createIdleNotice(element, { words, now }) {
  let live = false;
  /** @type {number | null} */
  let lastS = null;

  function look() {
    const passedS = lastS === null ? 0 : now() - lastS;
    const quiet = live && passedS >= QUIET_S;
    const text = quiet ? say("The last two met {ago}.", { ago: ago(coarse(passedS)) }) : "";
    if (words.textContent !== text) words.textContent = text;
    element.hidden = !quiet;
  }

  const timer = setInterval(look, EVERY_MS);
  look();
  return {
    /** Two met. @param {{at: number}} event */
    met({ at }) {
      lastS = Math.max(at, lastS ?? at);
      look();
    },
    /** How the stream is doing: of one that is away nobody knows whether it is quiet. @param {{name: string}} state */
    state({ name }) {
      live = name === "live";
      look();
    },
    /** Begin anew, with another filter. */
    clear() {
      lastS = null;
      look();
    },
    destroy: () => clearInterval(timer),
  };
}
