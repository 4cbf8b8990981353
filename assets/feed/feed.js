/**
 * The list of the latest connections: the same as the globe, in words. Each entry's heading is a button; one of them is
 * reached by tab, the others from there by the arrow keys. While somebody reads, what comes waits behind a button.
 *
 * @typedef {object} FeedOptions
 * @property {number} [most]
 * @property {HTMLButtonElement} newer  says how many wait, and brings them in; beside the list in an element of theirs
 * @property {(track: Track) => string[]} colours
 * @property {(connection: Connection, item: HTMLElement) => void} [onChoose]
 * @property {(connection: Connection) => boolean} [mine]  whether the viewer's own city has part in it
 * @property {(connection: Connection) => "from" | "to" | null} [yours]  which end the viewer is
 * @property {((track: Track) => void) | null} [onPlay]  a press on a song; null where there is none
 */
import { apart, distance, placeName, time as timeOf } from "../common/format.js";
import { say, sayCount, sayParts } from "../common/i18n.js";

export const LISTED = 60; // connections
const LIT = 4; // of what comes in together: more at once would be a flash

/** @type {Record<string, (at: number, last: number) => number>} */
const STEPS = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: (_, last) => last };

/** @param {HTMLElement} list an ol @param {FeedOptions} options */
export function createFeed(list, options) {
  const { most = LISTED, newer, colours, onChoose = () => {}, onPlay = null } = options;
  const { mine = () => false, yours = () => null } = options;
  /** @type {Connection[]} */
  let waiting = [];
  let missed = 0;
  let reading = false;
  let held = false;
  let asked = ""; // for which of the server's entries, of which more is known only once the stream is there
  const place = /** @type {HTMLElement} */ (list.parentElement);
  /** @type {WeakMap<Element, Connection>} */
  const told = new WeakMap();

  /** @param {Connection} connection @param {boolean} fresh whether it comes in now */
  function put(connection, fresh) {
    const you = yours(connection);
    const item = entry(connection, colours(connection.track), fresh, you);
    item.classList.toggle("mine", you !== null || mine(connection));
    if (onPlay) item.append(playButton(connection.track));
    told.set(item, connection);
    list.prepend(item);
    while (list.children.length > most) list.lastElementChild?.remove();
    if (!list.contains(document.activeElement)) reach(0);
  }

  /** Have tab reach this entry and no other. @param {number} index */
  function reach(index) {
    const items = [...list.children];
    items.forEach((item, i) => item.querySelectorAll("button").forEach((each) => (each.tabIndex = i === index ? 0 : -1)));
    return items[index]?.querySelector("button");
  }

  /** @param {KeyboardEvent} event */
  function step(event) {
    const items = [...list.children];
    const at = items.findIndex((item) => item.contains(document.activeElement));
    if (at < 0 || !Object.hasOwn(STEPS, event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const last = items.length - 1;
    reach(Math.min(last, Math.max(0, STEPS[event.key](at, last))))?.focus();
  }

  /** @param {MouseEvent} event also what Enter on a button makes */
  function choose({ target }) {
    const item = target instanceof Element && target.closest("li");
    const connection = item && told.get(item);
    if (connection && onPlay && target.closest(".play")) onPlay(connection.track);
    else if (connection) onChoose(connection, item);
    else if (item) asked = item.dataset.id ?? "";
  }

  /** Nothing moves under the eyes of somebody who points at the list or has the focus in it. */
  function look() {
    reading = held || place.matches(":hover, :focus-within");
    if (!reading) bring();
    offer();
  }

  function bring() {
    waiting.forEach((connection) => put(connection, waiting.length <= LIT));
    waiting = [];
    missed = 0;
  }

  function offer() {
    newer.hidden = held || missed === 0;
    newer.textContent = sayCount("{n} new connection", "{n} new connections", missed);
  }

  function bringNow() {
    bring();
    list.scrollTop = 0;
    if (newer.matches(":focus-visible")) reach(0)?.focus();
    look();
  }

  const events = ["pointerenter", "pointerleave", "pointercancel", "focusin", "focusout"];
  for (const event of events) place.addEventListener(event, look);
  newer.addEventListener("click", bringNow);
  list.addEventListener("keydown", step);
  list.addEventListener("click", choose);
  return {
    /** One was just made. @param {Connection} connection @param {boolean} [fresh] whether it lights up; many do not */
    add(connection, fresh = true) {
      if (!reading) return put(connection, fresh);
      waiting = [...waiting, connection].slice(-most);
      missed += 1;
      offer();
    },
    /** One is the visitor's own: it comes to the top at once, whether or not it was there. @param {Connection} connection */
    mark(connection) {
      const others = waiting.filter(({ id }) => id !== connection.id);
      missed -= waiting.length - others.length;
      waiting = others;
      offer();
      list.querySelector(`[data-id="${connection.id}"]`)?.remove();
      put(connection, true);
    },
    /** @param {Connection[]} connections from before, newest first */
    fill(connections) {
      list.querySelectorAll("[data-served]").forEach((item) => item.remove()); // the server's, which say the same
      [...connections].reverse().forEach((connection) => put(connection, false));
      const item = [...list.children].find((child) => told.get(child)?.id === asked);
      const chosen = item && told.get(item);
      asked = "";
      if (chosen) onChoose(chosen, /** @type {HTMLElement} */ (item));
    },
    /** Begin anew, with another filter. */
    clear() {
      waiting = [];
      missed = 0;
      list.replaceChildren();
      offer();
    },
    /** Let nothing move until told otherwise; what comes meanwhile waits. @param {boolean} now */
    hold(now) {
      held = now;
      look();
    },
    destroy() {
      for (const event of events) place.removeEventListener(event, look);
      newer.removeEventListener("click", bringNow);
      list.removeEventListener("keydown", step);
      list.removeEventListener("click", choose);
      list.replaceChildren();
    },
  };
}

/** @type {(connection: Connection, colours: string[], fresh: boolean, you: "from" | "to" | null) => HTMLElement} */
function entry({ id, at, apart_ms, km, track, from, to }, colours, fresh, you) {
  const item = document.createElement("li");
  item.dataset.id = id;
  item.classList.toggle("fresh", fresh);
  colours.forEach((colour, i) => item.style.setProperty(`--colour-${i}`, colour));
  const [title, artist] = [part("title", track.title), part("artist", track.artist)];
  const [one, other] = [from, to].map((place) => isolated(placeName(place)));
  if (you) (you === "from" ? one : other).prepend(youAre(), " ");
  item.append(
    heading(...sayParts("{title} by {artist}", { title, artist })),
    row("cities", ...sayParts("{one} and {other}", { one, other })),
    row("facts", `${apart(apart_ms)} · ${distance(km)} · `, time(at)),
  );
  return item;
}

/** The song, as a heading that is a button. @param {...(Node | string)} parts */
function heading(...parts) {
  const [element, button, song] = ["h3", "button", "span"].map((tag) => document.createElement(tag));
  /** @type {HTMLButtonElement} */ (button).type = "button";
  button.tabIndex = -1;
  song.className = "song";
  song.append(...parts);
  button.append(song);
  element.append(button);
  return element;
}

/** A press on the song. @param {Track} track */
function playButton(track) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "play";
  button.tabIndex = -1;
  button.title = say("Press play on {title}", { title: track.title });
  button.setAttribute("aria-label", button.title);
  return button;
}

/** Before the visitor's own city. */
function youAre() {
  const element = document.createElement("b");
  element.className = "you";
  element.textContent = say("You");
  return element;
}

/** @param {string} kind @param {...(Node | string)} parts */
function row(kind, ...parts) {
  const element = document.createElement("p");
  element.className = kind;
  element.append(...parts);
  return element;
}

/** Text of any direction, which must not turn its neighbours around. @param {string} text */
export function isolated(text) {
  const element = document.createElement("bdi");
  element.textContent = text;
  return element;
}

/** @param {string} kind @param {string} text */
function part(kind, text) {
  const element = isolated(text);
  element.className = kind;
  element.title = text;
  return element;
}

/** @param {number} at epoch seconds */
function time(at) {
  const element = document.createElement("time");
  element.dateTime = new Date(at * 1000).toISOString();
  element.textContent = timeOf(at);
  return element;
}
