/**
 * Taking part: a visitor presses play on a song of the list, from the city they picked, and is told whom they met in
 * that second. A token of the server makes the tab a listener of its own, for as long as the tab is open.
 *
 * @typedef {{track: string, city: number, atMs: number}} Press  as the server counts it
 * @typedef {{token: string, aheadMs: number, gotMs: number, tookMs: number}} Ticket  aheadMs: of the server's clock
 *   before the tab's, to half of tookMs
 * @typedef {{press: string, pressed_at: number, late: boolean, place: Place, ask_after_s: number | null}} Asked
 * @typedef {object} PlayOptions
 * @property {() => import("./homecity.js").Home | null} home
 * @property {() => void} onNoCity  one has to be picked first
 * @property {() => void} onBegin  it is pressed: now is to be seen
 * @property {(place: Place, track: Track) => void} onPress  it counts, and waits for another
 * @property {(connection: Connection) => void} onTogether
 * @property {(connection: Connection) => void} onShare
 */
import { base } from "../common/baseurl.js";
import { apart, placeName } from "../common/format.js";
import { say } from "../common/i18n.js";

const TICKET_MS = 3_600_000; // well within what the server allows, and soon enough for clocks that drift apart
const PATIENCE_MS = 10_000; // for an answer
const QUICK_MS = 300; // an answer that takes longer tells the time too badly
const ANEW_MS = 1500; // until the time is asked for again
const ANEW_MOST = 5;
const SLACK_MS = 150; // after the moment at which the server should know

/**
 * The end of a connection that a press is, if it is one: city and song are the press's, and so is the millisecond.
 *
 * @type {(press: Press, connection: Connection) => "from" | "to" | null}
 */
export function endOf({ track, city, atMs }, { source, track: { id }, at, apart_ms, from, to }) {
  const laterMs = Math.round(at * 1000);
  if (source !== "live" || id !== track) return null;
  if (to.geoname_id === city && laterMs === atMs) return "to";
  return from.geoname_id === city && laterMs - apart_ms === atMs ? "from" : null;
}

/** @param {HTMLElement} element @param {PlayOptions} options */
export function createPlay(element, { home, onNoCity, onBegin, onPress, onTogether, onShare }) {
  const words = /** @type {HTMLElement} */ (element.querySelector("[data-play=words]"));
  const again = /** @type {HTMLButtonElement} */ (element.querySelector("[data-play=again]"));
  const share = /** @type {HTMLButtonElement} */ (element.querySelector("[data-play=share]"));
  /** @type {Press[]} */
  const presses = [];
  /** @type {Set<string>} connections, for each may come again: by the stream, and when one looks back */
  const told = new Set();
  /** @type {Track | null} the song that is pressed, or was last */
  let song = null;
  /** @type {Connection | null} */
  let met = null;
  /** @type {Promise<Ticket> | null} */
  let ticket = null;
  let turn = 0;

  /** @param {string} state @param {string} text */
  function tell(state, text) {
    const inside = element.contains(document.activeElement);
    element.classList.remove("unseen");
    element.dataset.state = state;
    words.textContent = text;
    again.hidden = !["alone", "failed", "ready"].includes(state);
    share.hidden = state !== "together";
    element.scrollIntoView({ block: "nearest" });
    if (inside) ([again, share].find(({ hidden }) => !hidden) ?? words).focus();
  }

  /** @param {Track} track */
  async function press(track) {
    const here = home();
    if (element.dataset.state === "waiting" && song?.id === track.id) return;
    song = track;
    if (!here) {
      tell("homeless", say("Pick your city, then press play."));
      return onNoCity();
    }
    const mine = ++turn;
    const atMs = Date.now();
    onBegin();
    tell("waiting", say("You pressed play on {title}. Who else, in this second?", { title: track.title }));
    try {
      const answer = await sent(track, here.id, atMs);
      if (answer.late) {
        ticket = null; // it may be the clock
        tell("waiting", say("Your press took a while to get there, and counts from then. Who else?"));
      }
      presses.push({ track: track.id, city: here.id, atMs: Math.round(answer.pressed_at * 1000) });
      onPress(answer.place, track);
      await wait(answer, mine);
    } catch (error) {
      if (mine === turn) tell("failed", error instanceof Refused ? error.message : say("It could not be sent. Are you online?"));
    }
  }

  /** Ask what came of a press, until that is known. @param {Asked} answer @param {number} mine */
  async function wait({ press, place, ask_after_s }, mine) {
    let afterS = ask_after_s;
    while (afterS !== null) {
      await slept(1000 * afterS + SLACK_MS);
      const { met, near_ms, ...later } = await answerOf(await asked(`${base}/play/${press}`));
      if (met) return see(met);
      if (near_ms !== null) return mine === turn && meet(place, near_ms);
      afterS = later.ask_after_s;
    }
    if (mine === turn) tell("alone", say("You were alone with {title} in that second.", { title: song?.title }));
  }

  /** Tell of a connection, if it is the visitor's and was not told of yet. @param {Connection} connection */
  function see(connection) {
    const end = yours(connection);
    if (!end || told.has(connection.id)) return false;
    told.add(connection.id);
    met = connection;
    const other = placeName(end === "from" ? connection.to : connection.from);
    tell("together", say("You and {other} pressed play together, {apart}.", { other, apart: apart(connection.apart_ms) }));
    onTogether(connection);
    return true;
  }

  /** @param {Place} place @param {number} ms */
  function meet({ city }, ms) {
    tell("near", say("Somebody else in {city} pressed play with you, {apart}.", { city, apart: apart(ms) }));
  }

  /** Which end of a connection the visitor is. @param {Connection} connection */
  function yours(connection) {
    return presses.map((press) => endOf(press, connection)).find(Boolean) ?? null;
  }

  /** @param {Track} track @param {number} city @param {number} atMs of this tab's clock @returns {Promise<Asked>} */
  async function sent(track, city, atMs) {
    const { token, aheadMs } = await admitted();
    const answer = await asked(`${base}/play`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify({ track: track.id, city, pressed_at: (atMs + aheadMs) / 1000 }),
    });
    if (!answer.ok && answer.status !== 429) ticket = null; // it is too old, or the clock was set
    return answerOf(answer);
  }

  /** The tab's token, which is fetched anew now and then. */
  async function admitted() {
    if (ticket && Math.abs(Date.now() - (await ticket).gotMs) > TICKET_MS) ticket = null;
    ticket ??= admit();
    ticket.catch(() => (ticket = null));
    return ticket;
  }

  /** Ask for the time until it comes quickly: an answer lies there while a page that begins has no time for it. */
  async function refine() {
    for (let asks = 0; asks < ANEW_MOST; asks++) {
      const { token, tookMs } = await admitted();
      if (tookMs <= QUICK_MS) return;
      await slept(ANEW_MS);
      const next = await admit();
      if (next.tookMs < tookMs) ticket = Promise.resolve({ ...next, token });
    }
  }

  const repeat = () => song && press(song);
  const pass = () => met && onShare(met);
  again.addEventListener("click", repeat);
  share.addEventListener("click", pass);
  refine().catch(() => {}); // before it is needed: a press cannot wait for it

  return {
    press,
    see,
    yours,
    /** A city was picked, or given up. @param {import("./homecity.js").Home | null} here */
    moved(here) {
      if (!here || !song || element.dataset.state !== "homeless") return;
      tell("ready", say("Now press play on {title}.", { title: song.title }));
      again.focus();
    },
    destroy() {
      turn++;
      again.removeEventListener("click", repeat);
      share.removeEventListener("click", pass);
    },
  };
}

/** The server would not have it; the message is for the visitor. */
class Refused extends Error {}

/** @type {(ms: number) => Promise<void>} */
const slept = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @type {(address: string, how?: RequestInit) => Promise<Response>} */
const asked = (address, how) => fetch(address, { ...how, signal: AbortSignal.timeout?.(PATIENCE_MS) });

/** @param {Response} answer @returns {Promise<any>} */
async function answerOf(answer) {
  if (answer.ok) return answer.json();
  const words = answer.status === 429 ? say("Too much at once: wait a moment, then press play again.") : say("It did not count. Press play again.");
  throw new Refused(answer.status === 404 ? say("This song is not kept here any more. Try another one.") : words);
}

/** @returns {Promise<Ticket>} */
async function admit() {
  const askedMs = Date.now();
  const { token, now } = await answerOf(await asked(`${base}/play/token`));
  const gotMs = Date.now();
  return { token, gotMs, tookMs: gotMs - askedMs, aheadMs: 1000 * now - (askedMs + gotMs) / 2 };
}
