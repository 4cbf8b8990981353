/**
 * What a screen reader is told, politely and at most once in five seconds: the newest connection, and how many more
 * came since. What the page itself has to say goes first.
 */
import { apart, distance, placeName, welcomeBack } from "../common/format.js";
import { say, sayCount } from "../common/i18n.js";

const EVERY_MS = 5000;

/** @type {(connection: Connection, more: number) => string} */
export function sentence({ track, from, to, apart_ms, km }, more) {
  const song = say("{title} by {artist}", { title: track.title, artist: track.artist });
  const places = say("{one} and {other}", { one: placeName(from), other: placeName(to) });
  const facts = { apart: apart(apart_ms), distance: distance(km) };
  const told = say("{song}: {places}, {apart}, {distance}.", { song, places, ...facts });
  return more === 0 ? told : `${told} ${sayCount("And {n} more.", "And {n} more.", more)}`;
}

/** @param {{textContent: string | null}} region an aria-live element @param {{everyMs?: number}} [options] */
export function createAnnouncer(region, { everyMs = EVERY_MS } = {}) {
  let on = true;
  /** @type {string[]} */
  let notes = [];
  /** @type {Connection | null} */
  let newest = null;
  let more = 0;
  let known = "connecting";
  /** @type {string | null} the connection that was told last, as one or as a touch */
  let toldId = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let quiet;

  function speak() {
    quiet = undefined;
    const text = notes.length ? notes.join(" ") : newest && sentence(newest, more);
    if (!text) return;
    if (notes.length) notes = [];
    else told();
    region.textContent = text;
    quiet = setTimeout(speak, everyMs);
  }

  function told() {
    toldId = newest && newest.id;
    forget();
  }

  function forget() {
    newest = null;
    more = 0;
  }

  const soon = () => quiet ?? speak();

  /** @param {string} text */
  function tell(text) {
    notes.push(text);
    soon();
  }

  return {
    /** @param {Connection} connection just made */
    connection(connection) {
      if (!on || connection.id === toldId) return;
      more += Number(newest !== null);
      newest = connection;
      soon();
    },
    /** Something about the page, which is said whether or not connections are. */
    say: tell,
    /** The stream was lost, or is back. @param {StreamState} state */
    state(state) {
      if (state.name === "live" && known === "lost") tell(welcome(state));
      if (state.name === "lost" && known !== "lost") tell(say("Connection lost"));
      if (state.name === "refused") tell(state.reason);
      if (state.name !== "connecting") known = state.name;
    },
    /** One that matters to the viewer, in words of its own: told once, and before others. */
    /** @type {(connection: Connection, text: string) => void} */
    touch(connection, text) {
      if (!on || connection.id === toldId) return;
      if (newest?.id === connection.id && more === 0) forget();
      toldId = connection.id;
      notes.push(text);
      soon();
    },
    /** Whether connections are announced. @param {boolean} now */
    turn(now) {
      on = now;
      forget();
    },
    destroy() {
      clearTimeout(quiet);
      region.textContent = "";
    },
  };
}

/** @param {Extract<StreamState, {name: "live"}>} state */
const welcome = ({ back }) => (back ? welcomeBack(back) : say("Connected"));
