/**
 * A notice on the globe while nothing happens: how long ago the last two people met. Screen readers can read it, but it is
 * never announced.
 */
import { ago } from "../common/format.js";
import { say } from "../common/i18n.js";

const IDLE_S = 20;
const CHECK_MS = 2000;

/** Seconds in steps of ten, so that the number does not tick. @param {number} seconds */
const coarse = (seconds) => (seconds < 60 ? Math.floor(seconds / 10) * 10 : seconds);

/**
 * @param {Pick<HTMLElement, "hidden">} element
 * @param {{words: {textContent: string | null}, now: () => number}} options now: epoch seconds by the server's clock
 */
export function createIdleNotice(element, { words, now }) {
  let live = false;
  /** @type {number | null} */
  let lastS = null;

  function update() {
    const passedS = lastS === null ? 0 : now() - lastS;
    const idle = live && passedS >= IDLE_S;
    const text = idle ? say("The last connection was {ago}.", { ago: ago(coarse(passedS)) }) : "";
    if (words.textContent !== text) words.textContent = text;
    element.hidden = !idle;
  }

  const timer = setInterval(update, CHECK_MS);
  update();
  return {
    /** Two people met. @param {{at: number}} event */
    met({ at }) {
      lastS = Math.max(at, lastS ?? at);
      update();
    },
    /** The notice appears only while the stream is live. @param {{name: string}} state */
    setState({ name }) {
      live = name === "live";
      update();
    },
    clear() {
      lastS = null;
      update();
    },
    destroy: () => clearInterval(timer),
  };
}
