/**
 * What makes the page everybody's: pause, keys, help, announcements, sound and the settings that hold their switches.
 *
 * @typedef {ReturnType<typeof import("./globe.js").createGlobe>} Globe
 * @typedef {{hold(now: boolean): void}} Feed
 */
import { createAnnouncer } from "./announce.js";
import { welcomeBack } from "./format.js";
import { createHelp } from "./help.js";
import { createKeys } from "./keys.js";
import { createMenu } from "./menu.js";
import { createPause } from "./pause.js";
import { createSound } from "./sound.js";
import { say } from "./words.js";

const NEARER = 0.5; // for each press of a button, in doublings

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {{globe: () => Globe | null, feed: Feed, prefs: import("./menu.js").Prefs}} options */
export function createAccess({ globe, feed, prefs }) {
  const announcer = createAnnouncer(find("announcer"));
  const sound = createSound();
  const pause = createPause(find("pause"), {
    note: find("meanwhile"),
    turn(paused) {
      feed.hold(paused);
      globe()?.pause(paused);
    },
    tell: announcer.say,
  });
  const help = createHelp(/** @type {HTMLDialogElement} */ (find("help")), { opener: find("help-open") });
  const keys = createKeys(document.body, {
    turn: (east, north) => globe()?.turn(east, north),
    nearer: (by) => globe()?.nearer(by),
    pause: pause.toggle,
    search: () => find("q").focus(),
    past: () => find("lookback-open").click(),
    help: help.open,
  });
  const wish = matchMedia("(prefers-reduced-motion: reduce)");
  let calm = wish.matches;
  let follows = true;

  /** @param {boolean} moving */
  function move(moving) {
    calm = !moving;
    document.documentElement.dataset.motion = moving ? "full" : "less";
    globe()?.soothe(calm);
  }

  /** @param {boolean} now */
  function lean(now) {
    follows = now;
    globe()?.follow(now);
  }

  const menu = createMenu(find("settings"), {
    prefs,
    switches: {
      announce: { on: true, turn: announcer.turn },
      sound: { on: false, turn: sound.turn },
      motion: { on: !calm, turn: move },
      follow: { on: follows, turn: lean },
      keys: { on: true, turn: keys.turn },
    },
  });
  const suggest = () => menu.suggest("motion", !wish.matches);
  const zooms = /** @type {const} */ ([["nearer", NEARER], ["farther", -NEARER]]).map(([id, by]) => {
    const step = () => globe()?.nearer(by);
    find(id).addEventListener("click", step);
    return () => find(id).removeEventListener("click", step);
  });
  wish.addEventListener("change", suggest);
  let known = "connecting";

  return {
    calm: () => calm,
    follows: () => follows,
    paused: pause.paused,
    /** A connection came in. @param {Connection} connection */
    came(connection) {
      if (pause.paused()) pause.miss();
      else announcer.connection(connection);
    },
    /** One touched the viewer's city. */
    touched: announcer.touch,
    /** It is on the globe. @param {Connection} connection */
    note: (connection) => sound.note(connection),
    /** Have a screen reader say a sentence. @type {(text: string) => void} */
    say: announcer.say,
    /** The stream was lost, or is back. @param {StreamState} state */
    state(state) {
      if (state.name === "live" && known === "lost") announcer.say(welcome(state));
      if (state.name === "lost" && known !== "lost") announcer.say(say("Connection lost"));
      if (state.name === "refused") announcer.say(state.reason);
      if (state.name !== "connecting") known = state.name;
    },
    destroy() {
      wish.removeEventListener("change", suggest);
      zooms.forEach((undo) => undo());
      for (const thing of [announcer, sound, pause, help, keys, menu]) thing.destroy();
    },
  };
}

/** @param {Extract<StreamState, {name: "live"}>} state */
const welcome = ({ back }) => (back ? welcomeBack(back) : say("Connected"));
