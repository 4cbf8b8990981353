/** How the stream is doing, in a line: connecting, live, lost (and for how long), back (and what was missed). */
import { duration, welcomeBack } from "./format.js";

const WELCOME_MS = 8000;

/** @param {HTMLElement} element @param {{now?: () => number}} [options] */
export function createStatus(element, { now = Date.now } = {}) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} name @param {string} text */
  function say(name, text) {
    element.dataset.state = name;
    if (element.textContent !== text) element.textContent = text;
  }

  /** @param {Extract<StreamState, {name: "lost"}>} state */
  function count(state) {
    const waitS = Math.max(0, state.retryAtMs - now()) / 1000;
    const away = `Connection lost, away for ${duration((now() - state.sinceMs) / 1000)}`;
    say("lost", waitS >= 1 ? `${away}; next try in ${duration(waitS)}` : `${away}; trying again…`);
    timer = setTimeout(count, 1000, state);
  }

  return {
    /** @param {StreamState} state */
    show(state) {
      clearTimeout(timer);
      if (state.name === "lost") return count(state);
      if (state.name === "connecting") return say("connecting", "Connecting…");
      if (state.name === "refused") return say("refused", state.reason);
      say("live", state.back ? welcomeBack(state.back) : "Connected");
      if (state.back) timer = setTimeout(say, WELCOME_MS, "live", "Connected");
    },
    destroy: () => clearTimeout(timer),
  };
}
