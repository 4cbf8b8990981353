/**
 * "Your city": chosen by name, and stored in this browser only. A stream of its own brings every connection that touches
 * the city. They are listed, and a note announces new ones.
 *
 * @typedef {{id: number, label: string, detail: string, country_code?: string, lon?: number, lat?: number}} Home  lon and
 *   lat are not there if an earlier version stored it
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 * @typedef {object} CityOptions
 * @property {string} origin
 * @property {Store | null} storage
 * @property {(connection: Connection) => boolean} isQuiet  whether to show no note about it
 * @property {(connection: Connection) => void} onConnection  a new one that touches the city
 * @property {(connection: Connection) => void} onChoose  the visitor picked one from the list
 * @property {(home: Home | null) => void} [onChange]  the city was chosen or removed
 * @property {(connection: Connection, text: string) => void} onNote  a note for screen readers
 * @property {typeof createStream} [open]
 */
import { placeName } from "../common/format.js";
import { say, sayParts } from "../common/i18n.js";
import { placeElement } from "../feed/feed.js";
import { createCombobox } from "../search/combobox.js";
import { countText, resultNodes, searchFor } from "../search/search.js";
import { createStream } from "../stream/stream.js";

const KEY = "unison.city";
const MAX = 5;
const NOTE_MS = 8000;
const BETWEEN_MS = 20_000; // between notes at least

/** The stored city, or null if none, or none that is well-formed, is stored. @type {(storage: Store | null) => Home | null} */
export function readHome(storage) {
  try {
    const { id, label, detail, country_code, lon, lat } = JSON.parse(storage?.getItem(KEY) ?? "null") ?? {};
    const wellFormed = Number.isInteger(id) && typeof label === "string" && typeof detail === "string";
    const placed = Number.isFinite(lon) && Number.isFinite(lat);
    return wellFormed ? { id, label, detail, country_code, ...(placed && { lon, lat }) } : null;
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
    // storage is full or forbidden: the choice lasts until the page closes
  }
}

/**
 * The other end of a connection that touches a city; null if neither end is in it.
 *
 * @type {(id: number, c: Connection) => Place | null}
 */
export function otherEnd(id, { from, to }) {
  if (from.geoname_id === id) return to;
  return to.geoname_id === id ? from : null;
}

/** @param {HTMLElement} element @param {CityOptions} options */
export function createHomeCity(element, options) {
  const { origin, storage, isQuiet, onConnection, onChoose, onNote, onChange = () => {}, open = createStream } = options;
  /** @type {(name: string) => HTMLElement} */
  const find = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-city="${name}"]`));
  /** @type {Home | null} */
  let home = null;
  /** @type {ReturnType<typeof createStream> | null} */
  let stream = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let notedMs = -Infinity;
  /** @type {Element | null} where the focus was when the page, not the visitor, opened the choice */
  let asker = null;

  /** @param {Home | null} next */
  function watch(next) {
    home = next;
    stream?.destroy();
    stream = null;
    hideNote();
    find("list").replaceChildren();
    find("name").textContent = next ? placeName({ ...next, city: next.label, country: next.detail }) : "";
    find("label").textContent = next ? say("Your city") : say("Choose your city");
    find("chosen").hidden = !next;
    find("none").hidden = false;
    if (!next) return;
    const filters = new URLSearchParams({ city: String(next.id) });
    stream = open({ origin, filters, onHello: handleHello, onFrame: handleFrame, onState: handleState });
  }

  /** @param {Home | null} next */
  function choose(next) {
    saveHome(storage, next);
    watch(next);
    if (isAsked()) details.open = false;
    onChange(next);
  }

  /** @param {StreamState} state */
  function handleState({ name }) {
    if (name === "refused") setTimeout(choose, 0, null); // the gazetteer no longer has the city
  }

  /** @param {Hello} hello */
  const handleHello = ({ recent }) => recent.slice(0, MAX).reverse().forEach(addToList);

  /** @param {Frame} frame */
  function handleFrame({ connections }) {
    for (const connection of connections) {
      addToList(connection);
      onConnection(connection);
      showNote(connection);
    }
  }

  /** @param {Connection} connection */
  function addToList(connection) {
    const [items, other] = [find("list"), home && otherEnd(home.id, connection)];
    if (!other || items.querySelector(`[data-id="${connection.id}"]`)) return;
    const [item, button, title] = ["li", "button", "bdi"].map((tag) => document.createElement(tag));
    item.dataset.id = connection.id;
    title.className = "title";
    title.textContent = connection.track.title;
    button.append(title, " ", placeElement(other));
    button.addEventListener("click", () => onChoose(connection));
    item.append(button);
    items.prepend(item);
    while (items.childElementCount > MAX) items.lastElementChild?.remove();
    find("none").hidden = true;
  }

  /** @param {Connection} connection */
  function showNote(connection) {
    const other = home && otherEnd(home.id, connection);
    if (!home || !other || isQuiet(connection) || Date.now() - notedMs < BETWEEN_MS) return;
    notedMs = Date.now();
    const [song, here] = ["b", "bdi"].map((tag) => document.createElement(tag));
    [song.textContent, here.textContent] = [connection.track.title, home.label];
    song.dir = "auto";
    const parts = { here, there: placeElement(other), song };
    find("note").replaceChildren(...sayParts("{here} and {there} just started {song} together", parts));
    clearTimeout(timer);
    timer = setTimeout(hideNote, NOTE_MS);
    const values = { here: home.label, there: placeName(other), song: connection.track.title };
    onNote(connection, say("{here} and {there} just started {song} together", values));
  }

  function hideNote() {
    clearTimeout(timer);
    find("note").replaceChildren();
  }

  /** Whether the page asks for a city. The choice then lies over the page, so that nothing below it moves. */
  const isAsked = () => details.classList.contains("asked");

  /** Close the choice that the page opened, and go back to where the visitor was. */
  function giveUp() {
    if (!isAsked()) return;
    details.open = false;
    if (asker instanceof HTMLElement) asker.focus();
  }

  /** @param {KeyboardEvent} event */
  function handleKey(event) {
    if (event.key !== "Escape" || input.value !== "") return; // with a text, Escape first empties the field
    if (isAsked()) event.stopPropagation();
    giveUp();
  }

  function handleToggle() {
    if (!details.open) details.classList.remove("asked");
  }

  const details = /** @type {HTMLDetailsElement} */ (element.querySelector("details"));
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const combobox = createCombobox(input, /** @type {HTMLElement} */ (element.querySelector("[role=listbox]")), {
    ask: (text, signal) => searchFor(text, { kind: "city", signal }),
    draw: (/** @type {Found} */ found) => resultNodes(found, true),
    onPick: ({ label, detail, filter, country_code, lon, lat }) =>
      choose({ id: Number(filter.city), label, detail, country_code, lon, lat }),
    note: find("found"),
    countText,
  });
  const removeHome = () => {
    choose(null);
    input.focus();
  };
  find("forget").addEventListener("click", removeHome);
  find("close").addEventListener("click", giveUp);
  details.addEventListener("keydown", handleKey);
  details.addEventListener("toggle", handleToggle);
  watch(readHome(storage));

  return {
    /** Whether a connection has an end in the city. @param {Connection} connection */
    touches: (connection) => home !== null && otherEnd(home.id, connection) !== null,
    home: () => home,
    /** Ask the visitor to choose a city. */
    ask() {
      asker = document.activeElement;
      if (!details.open) details.classList.add("asked");
      details.open = true;
      input.focus({ preventScroll: true });
    },
    destroy() {
      watch(null);
      combobox.destroy();
      find("forget").removeEventListener("click", removeHome);
      find("close").removeEventListener("click", giveUp);
      details.removeEventListener("keydown", handleKey);
      details.removeEventListener("toggle", handleToggle);
    },
  };
}
