/**
 * Announcements for screen readers, polite and at most every five seconds: the newest connection, and how many more came.
 * Messages of the page itself go first.
 */
import { apart, distance, placeName, welcomeBack } from "../common/format.js";
import { say, sayCount } from "../common/i18n.js";

const INTERVAL_MS = 5000;

/** @type {(connection: Connection, more: number) => string} */
export function sentence(connection, more) {
  const { track, from, to, km } = connection;
  const song = say("{title} by {artist}", { title: track.title, artist: track.artist });
  const places = say("{one} and {other}", { one: placeName(from), other: placeName(to) });
  const facts = { apart: apart(connection), distance: distance(km) };
  const text = say("{song}: {places}, {apart}, {distance}.", { song, places, ...facts });
  if (more === 0) return text;
  const rest = sayCount("And {n} more.", "And {n} more.", more);
  return `${text} ${rest}`;
}

/** @param {{textContent: string | null}} region  an aria-live element @param {{intervalMs?: number}} [options] */
export function createAnnouncer(region, { intervalMs = INTERVAL_MS } = {}) {
  let on = true;
  /** @type {string[]} */
  let messages = [];
  /** @type {Connection | null} */
  let newest = null;
  let more = 0;
  let lastState = "connecting";
  /** @type {string | null} the connection that was announced last */
  let announcedId = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function announce() {
    timer = undefined;
    const text = messages.length ? messages.join(" ") : newest && sentence(newest, more);
    if (!text) return;
    if (messages.length) messages = [];
    else markAnnounced();
    region.textContent = text;
    timer = setTimeout(announce, intervalMs);
  }

  function markAnnounced() {
    announcedId = newest && newest.id;
    clear();
  }

  function clear() {
    newest = null;
    more = 0;
  }

  const announceSoon = () => timer ?? announce();

  /** @param {string} text */
  function addMessage(text) {
    messages.push(text);
    announceSoon();
  }

  return {
    /** @param {Connection} connection  a new one */
    addConnection(connection) {
      if (!on || connection.id === announcedId) return;
      more += Number(newest !== null);
      newest = connection;
      announceSoon();
    },
    /** A message of the page, which is announced also when connections are not. */
    addMessage,
    /** Announce that the stream was lost, or is back. @param {StreamState} state */
    setState(state) {
      if (state.name === "live" && lastState === "lost") addMessage(welcome(state));
      if (state.name === "lost" && lastState !== "lost") addMessage(say("Disconnected"));
      if (state.name === "refused") addMessage(state.reason);
      if (state.name !== "connecting") lastState = state.name;
    },
    /** Announce a connection with a text of its own, once, before other connections. */
    /** @type {(connection: Connection, text: string) => void} */
    addOwn(connection, text) {
      if (!on || connection.id === announcedId) return;
      if (newest?.id === connection.id && more === 0) clear();
      announcedId = connection.id;
      messages.push(text);
      announceSoon();
    },
    /** Whether connections are announced. @param {boolean} now */
    setOn(now) {
      on = now;
      clear();
    },
    destroy() {
      clearTimeout(timer);
      region.textContent = "";
    },
  };
}

/** @param {Extract<StreamState, {name: "live"}>} state */
const welcome = ({ back }) => (back ? welcomeBack(back) : say("Connected"));
