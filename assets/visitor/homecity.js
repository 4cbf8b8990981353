/**
 * "Your city": chosen by name, kept in this browser alone. A stream of its own brings every connection that touches it;
 * these are listed, and a note tells gently of one that comes in.
 *
 * @typedef {{id: number, label: string, detail: string}} Home
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 * @typedef {object} CityOptions
 * @property {string} origin
 * @property {Store | null} storage
 * @property {(connection: Connection) => boolean} quiet  whether nothing should come up by itself of one now
 * @property {(connection: Connection) => void} onTouch  one that was just made
 * @property {(connection: Connection) => void} onChoose
 * @property {(home: Home | null) => void} [onMove]  it was chosen, or forgotten
 * @property {(connection: Connection, text: string) => void} onNote  what may be announced when its turn comes
 * @property {typeof createStream} [open]
 */
import { placeName } from "../common/format.js";
import { say, sayParts } from "../common/i18n.js";
import { createCombobox } from "../search/combobox.js";
import { resultNodes, searchFor, said } from "../search/search.js";
import { createStream } from "../stream/stream.js";

const KEY = "unison.city";
const MOST = 5;
const NOTE_MS = 8000;
const BETWEEN_MS = 20_000; // notes: more often they would not be gentle

/** What was kept, if it is what we keep. @type {(storage: Store | null) => Home | null} */
export function readHome(storage) {
  try {
    const { id, label, detail } = JSON.parse(storage?.getItem(KEY) ?? "null") ?? {};
    const whole = Number.isInteger(id) && typeof label === "string" && typeof detail === "string";
    return whole ? { id, label, detail } : null;
  } catch {
    return null;
  }
}

/** @type {(storage: Store | null, home: Home | null) => void} */
export function saveHome(storage, home) {
  try {
    if (home) storage?.setItem(KEY, JSON.stringify(home));
    else storage?.removeItem(KEY);
  } catch {
    // full, or forbidden: it holds until the page is left
  }
}

/**
 * The end of a connection that is not in a city; null if neither is.
 *
 * @type {(id: number, c: Connection) => Place | null}
 */
export function otherEnd(id, { from, to }) {
  if (from.geoname_id === id) return to;
  return to.geoname_id === id ? from : null;
}

/** @param {HTMLElement} element @param {CityOptions} options */
export function createHomeCity(element, options) {
  const { origin, storage, quiet, onTouch, onChoose, onNote, onMove = () => {}, open = createStream } = options;
  /** @type {(name: string) => HTMLElement} */
  const find = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-city="${name}"]`));
  /** @type {Home | null} */
  let home = null;
  /** @type {ReturnType<typeof createStream> | null} */
  let stream = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let notedMs = -Infinity;
  let asked = false;

  /** @param {Home | null} next */
  function live(next) {
    home = next;
    stream?.destroy();
    stream = null;
    hush();
    find("list").replaceChildren();
    find("name").textContent = next ? placeName({ city: next.label, country: next.detail }) : "";
    find("chosen").hidden = !next;
    find("none").hidden = find("list").childElementCount > 0;
    if (!next) return;
    const filters = new URLSearchParams({ city: String(next.id) });
    stream = open({ origin, filters, onHello: greet, onFrame: take, onState: lose });
  }

  /** @param {Home | null} next */
  function choose(next) {
    saveHome(storage, next);
    live(next);
    if (asked) details.open = asked = false;
    onMove(next);
  }

  /** @param {StreamState} state */
  function lose({ name }) {
    if (name === "refused") setTimeout(choose, 0, null); // the gazetteer no longer has it
  }

  /** @param {Hello} hello */
  const greet = ({ recent }) => recent.slice(0, MOST).reverse().forEach(list);

  /** @param {Frame} frame */
  function take({ connections }) {
    for (const connection of connections) {
      list(connection);
      onTouch(connection);
      note(connection);
    }
  }

  /** @param {Connection} connection */
  function list(connection) {
    const [items, other] = [find("list"), home && otherEnd(home.id, connection)];
    if (!other || items.querySelector(`[data-id="${connection.id}"]`)) return;
    const [item, button, title, place] = ["li", "button", "bdi", "bdi"].map((tag) => document.createElement(tag));
    item.dataset.id = connection.id;
    title.className = "title";
    title.textContent = connection.track.title;
    place.textContent = placeName(other);
    button.append(title, " ", place);
    button.addEventListener("click", () => onChoose(connection));
    item.append(button);
    items.prepend(item);
    while (items.childElementCount > MOST) items.lastElementChild?.remove();
    find("none").hidden = true;
  }

  /** @param {Connection} connection */
  function note(connection) {
    const other = home && otherEnd(home.id, connection);
    if (!home || !other || quiet(connection) || Date.now() - notedMs < BETWEEN_MS) return;
    notedMs = Date.now();
    const [song, here, there] = ["b", "bdi", "bdi"].map((tag) => document.createElement(tag));
    [song.textContent, here.textContent, there.textContent] = [connection.track.title, home.label, placeName(other)];
    song.dir = "auto";
    find("note").replaceChildren(...sayParts("{here} and {there} just started {song} together", { here, there, song }));
    clearTimeout(timer);
    timer = setTimeout(hush, NOTE_MS);
    const words = { here: home.label, there: placeName(other), song: connection.track.title };
    onNote(connection, say("{here} and {there} just started {song} together", words));
  }

  function hush() {
    clearTimeout(timer);
    find("note").replaceChildren();
  }

  const details = /** @type {HTMLDetailsElement} */ (element.querySelector("details"));
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const combobox = createCombobox(input, /** @type {HTMLElement} */ (element.querySelector("[role=listbox]")), {
    ask: (text, signal) => searchFor(text, { kind: "city", signal }),
    draw: (/** @type {Found} */ found) => resultNodes(found, true),
    onPick: ({ label, detail, filter }) => choose({ id: Number(filter.city), label, detail }),
    note: find("found"),
    said,
  });
  const forget = () => {
    choose(null);
    input.focus();
  };
  find("forget").addEventListener("click", forget);
  live(readHome(storage));

  return {
    /** Whether a connection has an end in it. @param {Connection} connection */
    touches: (connection) => home !== null && otherEnd(home.id, connection) !== null,
    home: () => home,
    /** Have the visitor choose one. */
    ask() {
      details.open = asked = true;
      input.focus();
    },
    destroy() {
      live(null);
      combobox.destroy();
      find("forget").removeEventListener("click", forget);
    },
  };
}
