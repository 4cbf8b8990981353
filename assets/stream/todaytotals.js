/**
 * A running total of what everyone was shown since a quarter hour: the server's answer, and the frames that came since.
 * The answer says up to which frame it counts, so no connection is counted twice.
 *
 * @typedef {object} Answer  of GET /api/today (docs/api.md)
 * @property {number} since
 * @property {Place | null} city
 * @property {number} meetings
 * @property {string[]} countries
 * @property {Connection | null} farthest
 * @property {string} stream
 * @property {number} seq
 *
 * @typedef {{meetings: number, countries: number, farthest: Connection | null}} Totals
 */
import { base } from "../common/baseurl.js";

export const QUARTER_S = 900;
const DAY_MAX_S = 25 * 3600; // as the server takes it
const TIMEOUT_MS = 8000;
const REFRESH_S = 300;
const SPREAD_S = 60; // so that not all pages ask at once
const RETRY_S = 12; // the server's answer may be some seconds old
const HELD_MAX = 20_000; // connections: far more than come between two answers

/** @param {number} atS epoch seconds */
export const quarterOf = (atS) => Math.floor(atS / QUARTER_S) * QUARTER_S;

/** The earliest time that the server takes. @param {number} nowS */
export const earliest = (nowS) => quarterOf(nowS) - DAY_MAX_S;

/** The quarter hour with the visitor's last midnight, epoch seconds. @param {number} nowS */
export function dayStart(nowS) {
  const day = new Date(nowS * 1000);
  day.setHours(0, 0, 0, 0);
  return quarterOf(day.getTime() / 1000);
}

/** @type {(since: number, city: number | null, signal?: AbortSignal) => Promise<Answer>} */
export async function fetchToday(since, city, signal) {
  const query = new URLSearchParams({ since: String(since), ...(city !== null && { city: String(city) }) });
  const answer = await fetch(`${base}/api/today?${query}`, { signal: signal ?? AbortSignal.timeout?.(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`/api/today: ${answer.status}`);
  return answer.json();
}

/** The farther connection; of two equally far ones the newer. @param {Connection | null} one @param {Connection} other */
function farther(one, other) {
  if (!one || other.km > one.km) return other;
  return other.km === one.km && other.id > one.id ? other : one;
}

/**
 * Adds frames to answers. Of a connection it keeps only what counts, because minutes lie between two answers. Pure.
 *
 * @param {number | null} [city]  a GeoNames id: only what touches it counts
 */
export function createTally(city = null) {
  /** @type {Answer | null} */
  let answer = null;
  /** @type {string | null} */
  let stream = null;
  let first = 0; // all connections after this frame are held, or counted in the answer
  let last = 0; // the newest frame that came
  let suspended = true;
  /** @type {{seq: number, at: number, countries: string[]}[]} */
  let held = [];
  /** @type {{seq: number, connection: Connection}[]} held ones that are farther than all later ones */
  let far = [];
  let meetings = 0;
  /** @type {Set<string>} */
  let countries = new Set();

  /** @param {Connection} connection */
  const touches = ({ from, to }) => city === null || from.geoname_id === city || to.geoname_id === city;

  /** @param {number} seq @param {Connection} connection */
  function hold(seq, connection) {
    const ends = [connection.from, connection.to].filter(({ geoname_id }) => geoname_id !== city);
    held.push({ seq, at: connection.at, countries: ends.map(({ country_code }) => country_code) });
    while (far.length && farther(far[far.length - 1].connection, connection) === connection) far.pop();
    far.push({ seq, connection });
    count(held[held.length - 1]);
  }

  /** @param {typeof held[number]} one */
  function count(one) {
    if (!answer || one.at < answer.since) return;
    meetings += 1;
    one.countries.forEach((code) => countries.add(code));
  }

  function countAnew() {
    meetings = answer?.meetings ?? 0;
    countries = new Set(answer?.countries);
    held.forEach(count);
  }

  return {
    /** The stream begins, or goes on. @param {Pick<Hello, "stream" | "seq" | "gap">} hello */
    begin(hello) {
      if (hello.stream !== stream) {
        [stream, first, held, far] = [hello.stream, hello.seq, [], []];
        countAnew();
      } else if (suspended || hello.gap !== 0) first = Math.max(first, hello.seq);
      [suspended, last] = [false, hello.seq];
    },
    /** @param {Frame} frame  of the stream without a filter */
    add(frame) {
      if (suspended) return;
      if (frame.seq > last + 1) first = Math.max(first, frame.seq - 1); // some came while nobody counted
      last = frame.seq;
      if (answer?.stream === stream && frame.seq <= answer.seq) return;
      if (held.length > HELD_MAX) first = Math.max(first, frame.seq); // there was no answer for long
      else frame.connections.filter(touches).forEach((connection) => hold(frame.seq, connection));
    },
    /** No frames come for a while. */
    suspend: () => void (suspended = true),
    /** @param {Answer} next */
    set(next) {
      const same = answer?.stream === next.stream && answer.since === next.since;
      if (same && answer && answer.seq > next.seq) return; // it was kept somewhere on its way
      answer = next;
      if (next.stream === stream) {
        first = Math.max(first, next.seq); // what is counted is not held any more
        held = held.filter(({ seq }) => seq > next.seq);
        far = far.filter(({ seq }) => seq > next.seq);
      }
      countAnew();
    },
    /** Whether nothing is missing between the answer and the frames. */
    isWhole: () => suspended || (answer !== null && answer.stream === stream && answer.seq >= first),
    /** @returns {Totals | null} */
    totals() {
      if (!answer) return null;
      const { since, farthest } = answer;
      const later = far.find(({ connection }) => connection.at >= since)?.connection;
      return { meetings, countries: countries.size, farthest: later ? farther(farthest, later) : farthest };
    },
  };
}

/**
 * @typedef {object} TodayOptions
 * @property {() => number} nowS  the server's clock
 * @property {(totals: Totals, answer: Answer) => void} onChange
 * @property {number | null} [city]
 * @property {typeof fetchToday} [load]
 * @property {() => number} [chance]
 */

/** Asks the server now and then, and adds frames. It begins with the stream. @param {TodayOptions} options */
export function createTodayTotals({ nowS, onChange, city = null, load = fetchToday, chance = Math.random }) {
  const tally = createTally(city);
  /** @type {Answer | null} */
  let answer = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let [started, due, retrying, turn] = [false, false, false, 0];

  function show() {
    const totals = tally.totals();
    if (totals && answer) onChange(totals, answer);
  }

  /** @param {number} seconds */
  function wait(seconds) {
    clearTimeout(timer);
    timer = setTimeout(ask, 1000 * seconds);
  }

  async function ask() {
    clearTimeout(timer);
    due = document.hidden;
    if (due) return; // until the page is seen again
    retrying = false;
    const mine = ++turn;
    try {
      const next = await load(dayStart(nowS()), city);
      if (mine !== turn) return;
      tally.set((answer = next));
      show();
      wait(untilNext());
      retrySoon();
    } catch {
      if (mine === turn) wait(RETRY_S + SPREAD_S * chance());
    }
  }

  /** Ask again soon if frames are missing. @param {number} [seconds] */
  function retrySoon(seconds = RETRY_S) {
    if (retrying || !answer || tally.isWhole()) return;
    retrying = true;
    wait(seconds);
  }

  /** Seconds until the next question: a while, but not past the visitor's midnight. */
  function untilNext() {
    const refreshS = REFRESH_S + SPREAD_S * chance();
    const next = dayStart(nowS() + refreshS);
    return next === dayStart(nowS()) ? refreshS : Math.max(1, next - nowS() + 1);
  }

  function start() {
    if (!started) ask();
    started = true;
  }

  const handleVisibility = () => due && !document.hidden && ask();
  document.addEventListener("visibilitychange", handleVisibility);
  return {
    /** The live stream without a filter begins, or goes on. @param {Hello} hello */
    begin(hello) {
      tally.begin(hello);
      start();
      retrySoon(answer?.stream === hello.stream ? RETRY_S : 1);
    },
    /** @param {Frame} frame */
    add(frame) {
      tally.add(frame);
      if (frame.connections.length) show();
      retrySoon();
    },
    /** The stream has a filter: only the server counts. */
    suspend() {
      tally.suspend();
      start();
    },
    destroy() {
      turn += 1;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", handleVisibility);
    },
  };
}
