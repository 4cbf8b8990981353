/**
 * Taking part: a visitor presses play on a song of the list, from the city they picked, and is told whom they met in
 * that second. A token of the server makes the tab a listener of its own, for as long as the tab is open.
 *
 * @typedef {{track: string, city: number, atMs: number}} Press  as the server counts it
 * @typedef {{token: string, aheadMs: number, gotMs: number}} Ticket  aheadMs: of the server's clock before the tab's
 * @typedef {{connections: Connection[], pulses: Pulse[]}} Happened
 * @typedef {object} PlayOptions
 * @property {string} origin
 * @property {() => import("./city.js").Home | null} home
 * @property {() => void} onNoCity  one has to be picked first
 * @property {() => void} onBegin  it is pressed: now is to be seen
 * @property {(place: Place, track: Track) => void} onPress  it counts, and waits for another
 * @property {(connection: Connection) => void} onTogether
 * @property {(connection: Connection) => void} onShare
 * @property {typeof createStream} [open]
 */
import { apart, placeName } from "./format.js";
import { createStream } from "./stream.js";
import { say } from "./words.js";

const TICKET_MS = 3_600_000; // well within what the server allows, and soon enough for clocks that drift apart
const PATIENCE_MS = 10_000; // for an answer
const SLACK_MS = 1500; // for what the server knows to come here

/**
 * The end of a connection that a press is, if it is one: city and song are the press's, and so is the millisecond.
 *
 * @type {(press: Press, connection: Connection) => "from" | "to" | null}
 */
export function endOf({ track, city, atMs }, { track: { id }, at, apart_ms, from, to }) {
  const laterMs = Math.round(at * 1000);
  if (id !== track) return null;
  if (to.geoname_id === city && laterMs === atMs) return "to";
  return from.geoname_id === city && laterMs - apart_ms === atMs ? "from" : null;
}

/** Whether a press is one of two in one city. @type {(press: Press, pulse: Pulse) => boolean} */
export const isOf = ({ track, city, atMs }, { track: { id }, at, apart_ms, city: { geoname_id } }) =>
  id === track && geoname_id === city && [0, apart_ms].includes(Math.round(at * 1000) - atMs);

/** @param {HTMLElement} element @param {PlayOptions} options */
export function createPlay(element, options) {
  const { origin, home, onNoCity, onBegin, onPress, onTogether, onShare, open = createStream } = options;
  const words = /** @type {HTMLElement} */ (element.querySelector("[data-play=words]"));
  const again = /** @type {HTMLButtonElement} */ (element.querySelector("[data-play=again]"));
  const share = /** @type {HTMLButtonElement} */ (element.querySelector("[data-play=share]"));
  /** @type {Press[]} */
  const presses = [];
  /** @type {Track | null} the song that is pressed, or was last */
  let song = null;
  /** @type {Connection | null} */
  let met = null;
  /** @type {Promise<Ticket> | null} */
  let ticket = null;
  /** @type {Happened[]} since it was pressed */
  let came = [];
  let busy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let leave = () => {};

  /** @param {string} state @param {string} text */
  function tell(state, text) {
    element.dataset.state = state;
    words.textContent = text;
    again.hidden = !["alone", "failed", "ready"].includes(state);
    share.hidden = state !== "together";
    element.hidden = false;
    element.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} state @param {string} text */
  function end(state, text) {
    leave();
    busy = false;
    tell(state, text);
  }

  /** @param {Track} track */
  async function press(track) {
    const here = home();
    if (busy) return;
    [song, met] = [track, null];
    if (!here) {
      tell("homeless", say("Pick your city, then press play."));
      return onNoCity();
    }
    busy = true;
    const atMs = Date.now();
    onBegin();
    tell("waiting", say("You pressed play on {title}. Who else, in this second?", { title: track.title }));
    watch(track, here.id);
    try {
      const answer = await sent(track, here.id, atMs);
      if (answer.late) return end("failed", say("Your press was too long under way; it did not count."));
      presses.push({ track: track.id, city: here.id, atMs: Math.round(answer.pressed_at * 1000) });
      timer = setTimeout(giveUp, 1000 * answer.known_after_s + SLACK_MS);
      onPress(answer.place, track);
      came.forEach(look); // where the answer was slower than the stream
    } catch (error) {
      end("failed", error instanceof Refused ? error.message : say("It could not be sent. Are you online?"));
    }
  }

  /** Look at what comes of it: a stream of its own leaves out nothing for others. @param {Track} track @param {number} city */
  function watch(track, city) {
    const filters = new URLSearchParams({ track: track.id, city: String(city) });
    const take = (/** @type {Happened} */ happened) => {
      came.push(happened);
      look(happened);
    };
    came = [];
    const onHello = (/** @type {Hello} */ { recent }) => take({ connections: recent, pulses: [] });
    const stream = open({ origin, filters, onHello, onFrame: take, onState: () => {} });
    leave = () => {
      clearTimeout(timer);
      stream.destroy();
      leave = () => {};
    };
  }

  function giveUp() {
    end("alone", say("Nobody else pressed play on {title} in that second.", { title: song?.title }));
  }

  /** @param {Happened} happened */
  function look({ connections, pulses }) {
    connections.forEach(see);
    pulses.forEach(meet);
  }

  /** Tell of a connection, if it is the visitor's. @param {Connection} connection */
  function see(connection) {
    const end_ = yours(connection);
    if (!end_ || met?.id === connection.id) return;
    met = connection;
    const other = placeName(end_ === "from" ? connection.to : connection.from);
    onTogether(connection);
    end("together", say("You and {other} pressed play together, {apart}.", { other, apart: apart(connection.apart_ms) }));
  }

  /** Tell of two in one city, if the visitor is one of them. @param {Pulse} pulse */
  function meet(pulse) {
    if (!presses.some((press) => isOf(press, pulse))) return;
    const near = { city: pulse.city.city, apart: apart(pulse.apart_ms) };
    end("near", say("Somebody else in {city} pressed play with you, {apart}.", near));
  }

  /** Which end of a connection the visitor is. @param {Connection} connection */
  function yours(connection) {
    return presses.map((press) => endOf(press, connection)).find(Boolean) ?? null;
  }

  /** @param {Track} track @param {number} city @param {number} atMs of this tab's clock */
  async function sent(track, city, atMs) {
    const { token, aheadMs } = await admitted();
    const answer = await fetch("/play", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      signal: AbortSignal.timeout(PATIENCE_MS),
      body: JSON.stringify({ track: track.id, city, pressed_at: (atMs + aheadMs) / 1000 }),
    });
    if (answer.status === 403) ticket = null;
    if (answer.status === 429) throw new Refused(say("Not so fast: wait a moment, then press play again."));
    if (!answer.ok) throw new Refused(say("It did not count. Press play again."));
    return answer.json();
  }

  /** The tab's token, which is fetched anew now and then. */
  async function admitted() {
    if (ticket && Date.now() - (await ticket).gotMs > TICKET_MS) ticket = null;
    ticket ??= admit();
    ticket.catch(() => (ticket = null));
    return ticket;
  }

  const repeat = () => song && press(song);
  const pass = () => met && onShare(met);
  again.addEventListener("click", repeat);
  share.addEventListener("click", pass);
  admitted().catch(() => {}); // before it is needed: a press cannot wait for it

  return {
    press,
    see,
    yours,
    /** A city was picked, or given up. @param {import("./city.js").Home | null} here */
    moved(here) {
      if (!here || !song || element.dataset.state !== "homeless") return;
      tell("ready", say("Now press play on {title}.", { title: song.title }));
      again.focus();
    },
    destroy() {
      leave();
      again.removeEventListener("click", repeat);
      share.removeEventListener("click", pass);
    },
  };
}

/** The server would not have it; the message is for the visitor. */
class Refused extends Error {}

/** @returns {Promise<Ticket>} */
async function admit() {
  const askedMs = Date.now();
  const answer = await fetch("/play/token");
  if (!answer.ok) throw new Refused(say("It did not count. Press play again."));
  const { token, now } = await answer.json();
  const gotMs = Date.now();
  return { token, gotMs, aheadMs: 1000 * now - (askedMs + gotMs) / 2 };
}
