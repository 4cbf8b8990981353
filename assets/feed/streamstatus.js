/** The status line of the stream: connecting, live, stalled, lost (for how long), reconnected (with what was missed). */
import { dateTime, duration, time, welcomeBack } from "../common/format.js";
import { say } from "../common/i18n.js";

const WELCOME_MS = 8000;
const DAY_S = 86_400;

/** @param {HTMLElement} element @param {{now?: () => number}} [options] */
export function createStreamStatus(element, { now = Date.now } = {}) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let note = ""; // shown once, when the page goes live

  /** @param {string} name @param {string} text */
  function put(name, text) {
    element.dataset.state = name;
    if (element.textContent === text) return;
    element.textContent = text;
    element.title = text; // a narrow list cuts it off
  }

  /** @param {Extract<StreamState, {name: "lost"}>} state */
  function showLost(state) {
    const waitS = Math.max(0, state.retryAtMs - now()) / 1000;
    const away = duration((now() - state.sinceMs) / 1000);
    const next = { away, wait: duration(waitS) };
    if (waitS >= 1) put("lost", say("Disconnected for {away}; retrying in {wait}", next));
    else put("lost", say("Disconnected for {away}; retrying…", next));
    timer = setTimeout(showLost, 1000, state);
  }

  /** The page says the rest to visitors; the server's reason is for developers. @param {Extract<StreamState, {name: "refused"}>} state */
  function showRefused({ reason }) {
    put("refused", say("Nothing to show"));
    console.info(reason);
  }

  /** @param {Extract<StreamState, {name: "stalled"}>} state */
  function showStalled(state) {
    put("stalled", say("No updates for {time}…", { time: duration((now() - state.sinceMs) / 1000) }));
    timer = setTimeout(showStalled, 1000, state);
  }

  /** @param {number} atS epoch seconds */
  const when = (atS) => (Math.abs(now() / 1000 - atS) < DAY_S / 2 ? time(atS) : dateTime(atS));

  return {
    /** @param {StreamState} state */
    show(state) {
      clearTimeout(timer);
      if (state.name === "lost") return showLost(state);
      if (state.name === "stalled") return showStalled(state);
      if (state.name === "connecting") return put("connecting", say("Connecting…"));
      if (state.name === "refused") return showRefused(state);
      if (state.name === "past") return; // showTime follows at once
      const first = state.back ? welcomeBack(state.back) : note;
      note = "";
      put("live", first || say("Connected"));
      if (first) timer = setTimeout(put, WELCOME_MS, "live", say("Connected"));
    },
    /** The page shows this past time, epoch seconds; oldest: nothing older is kept. @type {(atS: number, oldest?: boolean) => void} */
    showTime(atS, oldest = false) {
      clearTimeout(timer);
      const at = { time: when(atS) };
      put("past", oldest ? say("Showing {time}. Nothing older is kept.", at) : say("Showing {time}", at));
    },
    /** The requested time, epoch seconds, has yet to come. Returns the note that appears when live. @param {number} atS */
    noteFuture: (atS) => (note = say("{time} is in the future. Showing live.", { time: when(atS) })),
    destroy: () => clearTimeout(timer),
  };
}
