/**
 * The list of the latest connections: the same as the globe, in words.
 *
 * @typedef {{most?: number, colours: (track: Track) => string[]}} FeedOptions
 */
import { apart, distance, placeName } from "./format.js";

/** @param {HTMLElement} list an ol @param {FeedOptions} options */
export function createFeed(list, { most = 60, colours }) {
  /** @type {Connection[]} */
  let waiting = [];
  let reading = false;

  /** @param {Connection} connection @param {boolean} fresh whether it comes in now */
  function put(connection, fresh) {
    list.prepend(entry(connection, colours(connection.track), fresh));
    while (list.children.length > most) list.lastElementChild?.remove();
  }

  /** Nothing moves under the eyes of somebody who points at the list or has the focus in it. */
  function look() {
    reading = list.matches(":hover, :focus-within");
    if (reading) return;
    waiting.forEach((connection) => put(connection, true));
    waiting = [];
  }

  const events = ["pointerenter", "pointerleave", "pointercancel", "focusin", "focusout"];
  for (const event of events) list.addEventListener(event, look);
  return {
    /** @param {Connection} connection just made */
    add(connection) {
      if (!reading) return put(connection, true);
      waiting = [...waiting, connection].slice(-most);
    },
    /** @param {Connection[]} connections from before, newest first */
    fill: (connections) => [...connections].reverse().forEach((connection) => put(connection, false)),
    /** Begin anew, with another filter. */
    clear() {
      waiting = [];
      list.replaceChildren();
    },
    destroy() {
      for (const event of events) list.removeEventListener(event, look);
      list.replaceChildren();
    },
  };
}

/** @type {(connection: Connection, colours: string[], fresh: boolean) => HTMLElement} */
function entry({ id, at, apart_ms, km, track, from, to }, colours, fresh) {
  const item = document.createElement("li");
  item.dataset.id = id;
  item.classList.toggle("fresh", fresh);
  colours.forEach((colour, i) => item.style.setProperty(`--colour-${i}`, colour));
  item.append(
    row("song", part("title", track.title), " by ", part("artist", track.artist)),
    row("cities", isolated(placeName(from)), " and ", isolated(placeName(to))),
    row("facts", `${apart(apart_ms)} · ${distance(km)} · `, time(at)),
  );
  return item;
}

/** @param {string} kind @param {...(Node | string)} parts */
function row(kind, ...parts) {
  const element = document.createElement("p");
  element.className = kind;
  element.append(...parts);
  return element;
}

/** Text of any direction, which must not turn its neighbours around. @param {string} text */
function isolated(text) {
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
  const date = new Date(at * 1000);
  element.dateTime = date.toISOString();
  element.textContent = date.toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" });
  return element;
}
