/**
 * The visitor's own plays: they play a song of the list from their city, and learn whom they met in that second. The
 * server's token makes the tab a listener of its own for as long as it is open.
 *
 * @typedef {{track: string, city: number, atMs: number, source: Source, met?: string}} Press  a play as the server counts
 *   it, and the id of its connection once the server has told it
 * @typedef {{token: string, clockOffsetMs: number, gotMs: number, tookMs: number}} Ticket  clockOffsetMs: of the server's
 *   clock from the tab's, accurate to half of tookMs
 * @typedef {{press: string, pressed_at: number, late: boolean, source: Source, place: Place, ask_after_s: number | null}}
 *   Answer
 * @typedef {object} PlayOptions
 * @property {() => import("./homecity.js").Home | null} home
 * @property {() => void} onNoCity  the visitor has to choose a city first
 * @property {() => void} onBegin  the visitor plays a song, so the page should show live
 * @property {(answer: Pick<Answer, "place" | "source">, track: Track) => void} onPress  the server took the play
 * @property {(connection: Connection) => void} onTogether  the visitor met someone
 * @property {(ends: {from: Place, to: Place, track: Track} | null) => void} onNear  the play that came closest to a press
 *   that met nobody, or null where there is none, or none any more
 * @property {(connection: Connection) => void} onShare
 */
import { base } from "../common/baseurl.js";
import { apart, cityLabel, placeName } from "../common/format.js";
import { say } from "../common/i18n.js";
import { sourceWords } from "../feed/sourcebadge.js";
import { listenElements } from "../moment/listen.js";
import { ASK_AGAIN_S, isNews, nearText } from "./nearmiss.js";

/** @typedef {import("./nearmiss.js").Near} Near */

const TICKET_MS = 3_600_000; // well within the server's limit, and soon enough for clocks that drift
const TIMEOUT_MS = 10_000; // for an answer
const QUICK_MS = 300; // slower answers tell the server's time too inaccurately
const REFINE_MS = 1500; // between attempts to get the time more accurately
const REFINE_MAX = 5;
const SLACK_MS = 150; // after the time at which the server should know

/**
 * Which end of a connection a press is, or null: it has the same city, song and millisecond, or the server has told so. Only
 * the server knows it where not both times are exact, or where another place stands for the city.
 *
 * @type {(press: Press, connection: Connection) => "from" | "to" | null}
 */
export function endOf({ track, city, atMs, source: own, met }, { id, source, track: song, at, apart_ms, from, to }) {
  const laterMs = Math.round(at * 1000);
  if (source !== own || song.id !== track) return null;
  if (to.geoname_id === city && laterMs === atMs) return "to";
  if (from.geoname_id === city && apart_ms !== null && laterMs - apart_ms === atMs) return "from";
  if (met === undefined || met !== id) return null;
  return laterMs === atMs ? "to" : "from";
}

/** @param {HTMLElement} element @param {PlayOptions} options */
export function createPlay(element, { home, onNoCity, onBegin, onPress, onTogether, onNear, onShare }) {
  /** @type {(name: string) => HTMLElement} */
  const find = (name) => /** @type {HTMLElement} */ (element.querySelector(`[data-play=${name}]`));
  const [said, words, source, closest] = ["said", "words", "source", "closest"].map(find);
  const [again, share, listen] = ["again", "share", "listen"].map(find);
  /** @type {Press[]} */
  const presses = [];
  /** @type {Set<string>} ids of connections, which may come more than once: by the stream, and in a replay */
  const seen = new Set();
  /** @type {Track | null} the song that was played last */
  let song = null;
  /** @type {Connection | null} */
  let met = null;
  /** @type {Near | null} */
  let near = null;
  /** @type {Promise<Ticket> | null} */
  let ticket = null;
  let turn = 0;

  /** @param {string} state @param {string} text */
  function show(state, text) {
    const inside = element.contains(document.activeElement);
    element.classList.remove("unseen");
    element.dataset.state = state;
    words.textContent = text;
    again.hidden = !["alone", "failed", "ready"].includes(state);
    again.textContent = state === "ready" ? say("Me too") : say("Try again");
    share.hidden = state !== "together";
    listen.replaceChildren(...(song && ["together", "pulse", "alone"].includes(state) ? listenElements(song) : []));
    closest.hidden = true;
    if (near) onNear((near = null));
    if (inside) ([again, share].find(({ hidden }) => !hidden) ?? said).focus();
  }

  /** Say where plays are from. @param {HTMLElement} badge @param {Source} name */
  function showSource(badge, name) {
    [badge.textContent, badge.title] = sourceWords(name);
    badge.dataset.source = name;
  }

  /** @param {Track} track */
  async function press(track) {
    const here = home();
    if (element.dataset.state === "waiting" && song?.id === track.id) return;
    song = track;
    if (!here) {
      show("homeless", say("Choose your city, then press play."));
      return onNoCity();
    }
    const mine = ++turn;
    const atMs = Date.now();
    onBegin();
    source.textContent = "";
    show("waiting", say("You pressed play on {title}. Looking for a match…", { title: track.title }));
    try {
      const answer = await send(track, here.id, atMs);
      if (answer.late) {
        ticket = null; // the clock offset may be wrong
        show("waiting", say("Your play arrived late, so we used its arrival time. Looking for a match…"));
      }
      if (answer.source !== "live") showSource(source, answer.source);
      const pressed = { track: track.id, city: here.id, atMs: Math.round(answer.pressed_at * 1000), source: answer.source };
      presses.push(pressed);
      onPress(answer, track);
      await wait(answer, pressed, mine);
      if (element.dataset.state === "alone") lookAgain(answer, atMs, mine).catch(() => {}); // what is shown stays
    } catch (error) {
      if (mine === turn) show("failed", error instanceof RefusedError ? error.message : say("Could not send. Are you online?"));
    }
  }

  /** Ask for a press's outcome until the server knows it. @param {Answer} answer @param {Press} pressed @param {number} mine */
  async function wait(answer, pressed, mine) {
    let afterS = answer.ask_after_s;
    while (afterS !== null) {
      await sleep(1000 * afterS + SLACK_MS);
      const { met, pulse, near: found, alone, ...later } = await outcomeOf(answer);
      if (met) {
        // It has the earlier play's track, whose id differs if only a recording joins the two.
        presses.push({ ...pressed, track: met.track.id, met: met.id });
        return see(met);
      }
      if (pulse) return mine === turn && showPulse(pulse);
      afterS = later.ask_after_s;
      if (alone) showAlone(answer, found, mine); // someone whose time is not exact can still come
    }
    showAlone(answer, near, mine);
  }

  /** @param {Answer} answer @param {Near | null} found  the play that came closest @param {number} mine */
  function showAlone({ place, source: own }, found, mine) {
    if (mine !== turn || !song) return;
    const [values, isFirst] = [{ title: song.title }, element.dataset.state !== "alone"];
    const nobody = say("Nobody else pressed play on {title} in that second.", values);
    const text = found?.seconds === 0 ? say("No match for {title} this time.", values) : nobody; // others met each other
    if (isFirst) show("alone", text);
    if (!found || !isNews(found, near)) return;
    near = found;
    if (near.seconds === 0 && !isFirst) words.textContent = text;
    find("near").textContent = nearText(near);
    showSource(find("near-source"), near.source);
    if (near.source === own) source.textContent = ""; // once is enough
    closest.hidden = false;
    onNear({ from: place, to: near.city, track: song });
  }

  /** Ask some times more who came closest: in the minute after a press it may be someone else. */
  /** @param {Answer} answer @param {number} atMs  of the press, by this tab's clock @param {number} mine */
  async function lookAgain(answer, atMs, mine) {
    for (const afterS of ASK_AGAIN_S) {
      const waitMs = atMs + 1000 * afterS - Date.now();
      if (waitMs < 0) continue;
      await sleep(waitMs);
      if (mine !== turn || element.dataset.state !== "alone") return;
      showAlone(answer, (await outcomeOf(answer)).near, mine);
    }
  }

  /** Show a connection if it is the visitor's own and new. Returns whether it was. @param {Connection} connection */
  function see(connection) {
    const end = yours(connection);
    if (!end || seen.has(connection.id)) return false;
    seen.add(connection.id);
    met = connection;
    const other = placeName(end === "from" ? connection.to : connection.from);
    show("together", say("You and someone in {other} pressed play together, {apart}.", { other, apart: apart(connection) }));
    onTogether(connection);
    return true;
  }

  /** Somebody in the visitor's own city played it, too. @param {import("../common/format.js").Apart & {place: Place}} pulse */
  function showPulse(pulse) {
    const values = { city: cityLabel(pulse.place), apart: apart(pulse) };
    show("pulse", say("Someone else in {city} pressed play with you, {apart}.", values));
  }

  /** The visitor's own end of a connection, or null. @param {Connection} connection */
  function yours(connection) {
    return presses.map((press) => endOf(press, connection)).find(Boolean) ?? null;
  }

  /** @param {Track} track @param {number} city @param {number} atMs  by this tab's clock @returns {Promise<Answer>} */
  async function send(track, city, atMs) {
    const { token, clockOffsetMs } = await currentTicket();
    const answer = await request(`${base}/play`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify({ track: track.id, city, pressed_at: (atMs + clockOffsetMs) / 1000 }),
    });
    if (!answer.ok && answer.status !== 429) ticket = null; // the token is too old, or the clock was set
    return answerOf(answer);
  }

  /** The tab's ticket, renewed every hour. */
  async function currentTicket() {
    if (ticket && Math.abs(Date.now() - (await ticket).gotMs) > TICKET_MS) ticket = null;
    ticket ??= fetchTicket();
    ticket.catch(() => (ticket = null));
    return ticket;
  }

  /** Ask for the server's time until an answer is quick: while a page loads, answers wait for the page. */
  async function refine() {
    for (let attempt = 0; attempt < REFINE_MAX; attempt++) {
      const { token, tookMs } = await currentTicket();
      if (tookMs <= QUICK_MS) return;
      await sleep(REFINE_MS);
      const next = await fetchTicket();
      if (next.tookMs < tookMs) ticket = Promise.resolve({ ...next, token });
    }
  }

  const repeat = () => song && press(song);
  const shareMet = () => met && onShare(met);
  again.addEventListener("click", repeat);
  share.addEventListener("click", shareMet);
  refine().catch(() => {}); // before it is needed, because a press cannot wait for it

  return {
    press,
    see,
    yours,
    /** The visitor chose or removed their city. @param {import("./homecity.js").Home | null} here */
    setHome(here) {
      if (!here || !song || element.dataset.state !== "homeless") return;
      show("ready", say("Now press play on {title}.", { title: song.title }));
      again.focus();
    },
    destroy() {
      turn++;
      again.removeEventListener("click", repeat);
      share.removeEventListener("click", shareMet);
    },
  };
}

/** The server refused the play. The message is for the visitor. */
class RefusedError extends Error {}

/** @type {(ms: number) => Promise<void>} */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @type {(address: string, options?: RequestInit) => Promise<Response>} */
const request = (address, options) => fetch(address, { ...options, signal: AbortSignal.timeout?.(TIMEOUT_MS) });

/** @param {Response} answer @returns {Promise<any>} */
async function answerOf(answer) {
  if (answer.ok) return answer.json();
  const words = answer.status === 429 ? say("Too many presses. Wait a moment, then try again.") : say("Your play wasn't counted. Try again.");
  throw new RefusedError(answer.status === 404 ? say("This song is no longer available. Try another one.") : words);
}

/** What came of a press so far. @param {Answer} answer */
const outcomeOf = async ({ press }) => answerOf(await request(`${base}/play/${press}`));

/** @returns {Promise<Ticket>} */
async function fetchTicket() {
  const askedMs = Date.now();
  const { token, now } = await answerOf(await request(`${base}/play/token`));
  const gotMs = Date.now();
  return { token, gotMs, tookMs: gotMs - askedMs, clockOffsetMs: 1000 * now - (askedMs + gotMs) / 2 };
}
