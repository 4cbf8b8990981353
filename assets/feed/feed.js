/**
 * The list of the latest connections: what the globe shows, in words. Each entry's heading is a button. Tab reaches one of
 * them, and the arrow keys move between them. While somebody points at the list or uses it, new entries wait behind a
 * button.
 *
 * @typedef {object} FeedOptions
 * @property {number} [max]
 * @property {HTMLButtonElement} newer  shows how many entries wait, and adds them; it shares its parent with the list
 * @property {(track: Track) => string[]} colours
 * @property {(track: Track) => Element} [cover]  stands for the song
 * @property {(connection: Connection, item: HTMLElement) => void} [onChoose]
 * @property {(connection: Connection) => boolean} [mine]  whether it touches the visitor's city
 * @property {(connection: Connection) => "from" | "to" | null} [yours]  the visitor's own end
 * @property {((track: Track) => void) | null} [onPlay]  the visitor plays a song; null where visitors cannot
 */
import { apart, distance, placeName, time as timeOf } from "../common/format.js";
import { say, sayCount, sayParts } from "../common/i18n.js";

export const LISTED = 60; // connections
const LIT = 4; // light up at most so many new entries at once
const AIMED_MS = 300; // a finger aims at what stood there so long ago

/** @type {Record<string, (at: number, last: number) => number>} */
const STEPS = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: (_, last) => last };

/** @param {HTMLElement} list an ol @param {FeedOptions} options */
export function createFeed(list, options) {
  const { max = LISTED, newer, colours, cover, onChoose = () => {}, onPlay = null } = options;
  const { mine = () => false, yours = () => null } = options;
  /** @type {Connection[]} */
  let waiting = [];
  let missed = 0;
  let reading = false;
  let held = false;
  let chosenId = ""; // of the server's entries, which get their connections only with the stream
  /** @type {HTMLElement | null} */
  let opened = null; // the entry that was chosen last
  /** @type {number[]} */
  let putAtMs = []; // when the latest entries moved those below them
  let aimedBelow = 0; // so many entries came since a finger aimed
  const parent = /** @type {HTMLElement} */ (list.parentElement);
  /** @type {WeakMap<Element, Connection>} */
  const connections = new WeakMap();

  /** @param {Connection} connection @param {boolean} fresh  whether it lights up */
  function put(connection, fresh) {
    const you = yours(connection);
    const item = entry(connection, colours(connection.track), fresh, you);
    item.classList.toggle("mine", you !== null || mine(connection));
    if (cover) item.prepend(cover(connection.track));
    if (onPlay) item.append(playButton(connection.track));
    connections.set(item, connection);
    if (list.scrollTop === 0) putAtMs = [...putAtMs.slice(1 - max), Date.now()];
    list.prepend(item);
    if (list.children.length > max) keepFocus(() => [...list.children].slice(max).forEach((each) => each.remove()));
    if (!list.contains(document.activeElement)) setTabStop(0);
  }

  /** Let tab reach only this entry. @param {number} index */
  function setTabStop(index) {
    const items = [...list.children];
    items.forEach((item, i) => item.querySelectorAll("button").forEach((each) => (each.tabIndex = i === index ? 0 : -1)));
    return items[index]?.querySelector("button");
  }

  /** Remove entries. If the focused one leaves, the one in its place gets the focus. @param {() => void} remove */
  function keepFocus(remove) {
    const at = [...list.children].findIndex((item) => item.contains(document.activeElement));
    remove();
    if (at >= 0 && !list.contains(document.activeElement)) focusEntry(at);
  }

  /** Focus the entry at an index, or the last one, or the list if it is empty. @param {number} index */
  function focusEntry(index) {
    const button = setTabStop(Math.min(index, list.children.length - 1));
    if (!button) list.tabIndex = -1;
    (button ?? list).focus();
  }

  /** Show an entry that has the focus and moved out of sight to who uses the keyboard. @param {HTMLElement} entry */
  function reveal(entry) {
    const [box, room] = [entry.getBoundingClientRect(), list.getBoundingClientRect()];
    if (box.bottom > Math.max(0, room.top) && box.top < Math.min(innerHeight, room.bottom)) return;
    if (entry.querySelector(":focus-visible")) entry.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  function step(event) {
    const items = [...list.children];
    const at = items.findIndex((item) => item.contains(document.activeElement));
    if (at < 0 || !Object.hasOwn(STEPS, event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const last = items.length - 1;
    setTabStop(Math.min(last, Math.max(0, STEPS[event.key](at, last))))?.focus();
  }

  /** Entries may have moved under a finger, which does not hold them back as a mouse does. @param {PointerEvent} event */
  function aim({ pointerType }) {
    const agesMs = putAtMs.map((atMs) => Date.now() - atMs);
    aimedBelow = pointerType === "touch" ? agesMs.filter((ageMs) => ageMs > 0 && ageMs < AIMED_MS).length : 0;
  }

  /** @param {MouseEvent} event  a click, or Enter on a button, whose detail is 0 */
  function choose({ target, detail }) {
    if (!(target instanceof Element)) return;
    let item = target.closest("li");
    let below = detail > 0 ? aimedBelow : 0; // a finger may have swiped before Enter
    for (; item && below > 0; below -= 1) item = /** @type {HTMLLIElement} */ (item.nextElementSibling ?? item);
    const connection = item && connections.get(item);
    opened = item;
    if (connection && onPlay && target.closest(".play")) onPlay(connection.track);
    else if (item && connection) onChoose(connection, item);
    else if (item) chosenId = item.dataset.id ?? "";
  }

  /** Hold new entries back while somebody points at the list or has the focus in it. */
  function update() {
    reading = held || parent.matches(":hover, :focus-within");
    if (!reading) addWaiting();
    showCount();
  }

  function addWaiting() {
    waiting.forEach((connection) => put(connection, waiting.length <= LIT));
    waiting = [];
    missed = 0;
  }

  function showCount() {
    newer.hidden = held || missed === 0;
    newer.textContent = sayCount("{n} new connection", "{n} new connections", missed);
  }

  function showNewer() {
    addWaiting();
    list.scrollTop = 0;
    if (newer.matches(":focus-visible")) setTabStop(0)?.focus();
    update();
  }

  const events = ["pointerenter", "pointerleave", "pointercancel", "focusin", "focusout"];
  for (const event of events) parent.addEventListener(event, update);
  newer.addEventListener("click", showNewer);
  list.addEventListener("keydown", step);
  list.addEventListener("pointerdown", aim);
  list.addEventListener("click", choose);
  return {
    /** Add a new connection. @param {Connection} connection @param {boolean} [fresh]  whether it lights up */
    add(connection, fresh = true) {
      if (!reading) return put(connection, fresh);
      waiting = [...waiting, connection].slice(-max);
      missed += 1;
      showCount();
    },
    /** Put the visitor's own connection on top at once, whether or not it is listed. @param {Connection} connection */
    mark(connection) {
      const others = waiting.filter(({ id }) => id !== connection.id);
      missed -= waiting.length - others.length;
      waiting = others;
      showCount();
      const listed = list.querySelector(`[data-id="${connection.id}"]`);
      const first = /** @type {HTMLElement | null} */ (list.scrollTop === 0 ? list.firstElementChild : null);
      put(connection, true);
      keepFocus(() => listed?.remove());
      if (reading && first?.isConnected) list.scrollTop = first.offsetTop; // below the pointer nothing moves
    },
    /** The connection of an entry. @param {Element} item */
    connectionOf: (item) => connections.get(item),
    /** Replace the server's entries. @param {Connection[]} earlier  newest first */
    fill(earlier) {
      list.querySelectorAll("[data-served]").forEach((item) => item.remove());
      [...earlier].reverse().forEach((connection) => put(connection, false));
      putAtMs = []; // they stand where the server's stood
      const item = [...list.children].find((child) => connections.get(child)?.id === chosenId);
      const chosen = item && connections.get(item);
      chosenId = "";
      if (chosen) onChoose(chosen, /** @type {HTMLElement} */ (item));
    },
    clear() {
      waiting = [];
      missed = 0;
      keepFocus(() => list.replaceChildren());
      showCount();
    },
    /** The details of the chosen entry were closed: its entry gets the focus back, or the newest one if it has left. */
    takeFocusBack() {
      const [entry, focused] = [opened, document.activeElement];
      opened = null;
      if (!entry) return;
      const lost = !focused || focused === document.body || focused.getClientRects().length === 0; // hidden since
      if (lost) focusEntry(Math.max(0, [...list.children].indexOf(entry)));
      else if (entry.contains(focused)) reveal(entry);
    },
    /** Hold new entries back, or stop doing so. @param {boolean} now */
    hold(now) {
      held = now;
      update();
    },
    destroy() {
      for (const event of events) parent.removeEventListener(event, update);
      newer.removeEventListener("click", showNewer);
      list.removeEventListener("keydown", step);
      list.removeEventListener("pointerdown", aim);
      list.removeEventListener("click", choose);
      list.replaceChildren();
    },
  };
}

/** @type {(connection: Connection, colours: string[], fresh: boolean, you: "from" | "to" | null) => HTMLElement} */
function entry(connection, colours, fresh, you) {
  const { id, at, km, track, from, to } = connection;
  const item = document.createElement("li");
  item.dataset.id = id;
  item.classList.toggle("fresh", fresh);
  colours.forEach((colour, i) => item.style.setProperty(`--colour-${i}`, colour));
  const [title, artist] = [part("title", track.title), part("artist", track.artist)];
  const [one, other] = [from, to].map(placeElement);
  if (you) (you === "from" ? one : other).prepend(youMark(), " ");
  item.append(
    heading(...sayParts("{title} by {artist}", { title, artist })),
    row("cities", ...sayParts("{one} and {other}", { one, other })),
    row("facts", `${apart(connection)} · ${distance(km)} · `, time(at)),
  );
  return item;
}

/** The song, as a heading with a button. @param {...(Node | string)} parts */
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

/** The button by which the visitor presses play on the song, too. @param {Track} track */
function playButton(track) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "play";
  button.tabIndex = -1;
  button.title = say("Me too: press play on {title} (no sound)", { title: track.title });
  button.setAttribute("aria-label", button.title);
  button.dataset.word = say("Me too");
  return button;
}

/** Stands before the visitor's own city. */
function youMark() {
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

/** Text of any direction, isolated from the text around it. @param {string} text */
export function isolated(text) {
  const element = document.createElement("bdi");
  element.textContent = text;
  return element;
}

/** A city and its country, in the direction of the page's language. @param {Place} place */
export function placeElement(place) {
  const element = isolated(placeName(place));
  element.dir = document.documentElement.dir;
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
