/**
 * Replays frames of the past, in order, at their own speed or faster, until it reaches the present.
 *
 * @typedef {{now: number, oldest: number | null, frames: Frame[]}} Chunk  what the server kept of some seconds
 */
import { base } from "../common/baseurl.js";
import { parseFrame } from "./messages.js";

const CHUNK_S = 30; // fetched at once, times the speed
const CHUNK_MAX_S = 60;
const AHEAD_S = 10; // fetched this long before it is shown, times the speed
const WRITTEN_S = 2.5; // younger frames may not be written yet
const STEP_MS = 100;
const RETRY_MS = 2000;
const TIMEOUT_MS = 15_000; // for an answer
const OLDEST_S = 20; // how long the page says that nothing older is kept
const NOW_S = 5; // closer to the present than this is live

/**
 * @param {object} options
 * @param {(fromS: number, seconds: number) => Promise<Chunk>} options.load
 * @param {number} options.fromS  epoch seconds
 * @param {number} options.speed  seconds of the past per second
 * @param {(frame: Frame) => void} options.onFrame
 * @param {(atS: number, oldest: boolean) => void} options.onTime  oldest: nothing older is kept
 * @param {(future: boolean) => void} options.onEnd  it reached the present; future: the requested time has yet to come
 * @param {(nowS: number) => void} [options.onNow]  the server's clock, epoch seconds
 * @param {() => number} [options.nowMs]
 */
export function createReplay(options) {
  const { load, fromS, onFrame, onTime, onEnd, onNow = () => {}, nowMs = () => performance.now() } = options;
  let { speed } = options;
  let [baseS, baseMs] = [fromS, nowMs()];
  let loadedS = fromS;
  let loading = false;
  let retryMs = 0;
  let offsetMs = Infinity; // of the server's clock from this one
  let destroyed = false;
  let oldestS = NaN;
  /** @type {Frame[]} */
  let queue = [];

  const chunkS = () => Math.min(CHUNK_S * speed, CHUNK_MAX_S);
  const atS = () => Math.min(baseS + ((nowMs() - baseMs) / 1000) * speed, loadedS);

  /** Continue from this time. @param {number} timeS */
  function rebase(timeS) {
    [baseS, baseMs] = [timeS, nowMs()];
  }

  async function loadMore() {
    loading = true;
    const [askedS, seconds] = [loadedS, chunkS()];
    try {
      append(askedS, seconds, await load(askedS, seconds));
    } catch (error) {
      if (destroyed) return;
      console.warn(error);
      if (error instanceof RefusedError) return end(false);
      retryMs = nowMs() + RETRY_MS;
    }
    loading = false;
  }

  /** @param {number} askedS @param {number} seconds @param {Chunk} chunk */
  function append(askedS, seconds, { now, oldest, frames }) {
    if (destroyed) return;
    offsetMs = now * 1000 - nowMs();
    onNow(now);
    const tooOld = oldest !== null && askedS < oldest && frames.length === 0;
    const untilS = tooOld ? oldest - 0.5 : Math.min(askedS + seconds, now - WRITTEN_S);
    if (tooOld) rebase((oldestS = untilS));
    else if (atS() >= askedS) rebase(askedS); // time stood still until these frames came
    queue.push(...frames.filter((frame) => frame.now > askedS && frame.now <= untilS));
    if (untilS < askedS + seconds) retryMs = nowMs() + RETRY_MS; // there are no more yet
    loadedS = Math.max(untilS, askedS);
  }

  /** @param {boolean} future */
  function end(future) {
    destroy();
    onEnd(future);
  }

  function step() {
    const nowS = atS();
    while (queue.length && queue[0].now <= nowS) onFrame(/** @type {Frame} */ (queue.shift()));
    onTime(nowS, nowS - oldestS < OLDEST_S);
    const leftMs = nowMs() + offsetMs - nowS * 1000;
    if (leftMs < NOW_S * 1000) return end(leftMs < 0);
    if (!loading && nowMs() >= retryMs && loadedS - nowS < AHEAD_S * speed) loadMore();
  }

  function destroy() {
    destroyed = true;
    clearInterval(timer);
  }

  const timer = setInterval(step, STEP_MS);
  step();
  return {
    /** The time that is shown, epoch seconds. */
    atS,
    /** @param {number} next */
    setSpeed(next) {
      rebase(atS());
      speed = next;
    },
    speed: () => speed,
    /** Fetch again at once. */
    retryNow() {
      retryMs = 0;
    },
    destroy,
  };
}

/** The server refuses the request, and will refuse it again. */
export class RefusedError extends Error {}

/**
 * Fetch the frames of some seconds.
 *
 * @param {URLSearchParams} filters @param {number} fromS @param {number} seconds
 * @returns {Promise<Chunk>}
 */
export async function fetchFrames(filters, fromS, seconds) {
  const query = new URLSearchParams(filters);
  query.set("from", fromS.toFixed(3));
  query.set("seconds", String(seconds));
  const answer = await fetch(`${base}/api/past?${query}`, { signal: AbortSignal.timeout?.(TIMEOUT_MS) });
  if (answer.status === 400) throw new RefusedError((await answer.json()).error);
  if (!answer.ok) throw new Error(`/api/past answered ${answer.status}`);
  return parseChunk(await answer.json());
}

/** @param {any} answer @returns {Chunk} */
function parseChunk({ now, oldest, frames }) {
  if (!Number.isFinite(now) || !Array.isArray(frames)) throw new Error("/api/past answered in an unknown form");
  const wellFormed = frames.map(parseFrame).filter((frame) => frame !== null);
  return { now, oldest: Number.isFinite(oldest) ? oldest : null, frames: wellFormed };
}

/**
 * The start time in an address, epoch seconds, or null: `?at=1790000000` or `?at=2026-09-21T14:13:20Z`.
 *
 * @type {(query: string) => number | null}
 */
export function startTimeOf(query) {
  const asked = new URLSearchParams(query).get("at");
  if (asked === null) return null;
  const seconds = /^\d+(\.\d+)?$/.test(asked) ? Number(asked) : Date.parse(asked) / 1000;
  if (seconds >= 0 && seconds < 1e11) return seconds;
  console.info(`Ignored at=${asked}: expected epoch seconds, or a time such as 2026-09-21T14:13:20Z`);
  return null;
}

/** The address without its start time. @param {string} href */
export function withoutStartTime(href) {
  const address = new URL(href);
  if (address.searchParams.has("at")) address.searchParams.delete("at");
  return address.href;
}
