/**
 * Frames of the past, in the order and at the pace that they came, or faster: what a stream is for now.
 *
 * @typedef {{now: number, oldest: number | null, frames: Frame[]}} Stretch  what the server kept of some seconds
 */
import { base } from "../common/baseurl.js";
import { parseFrame } from "./messages.js";

const CHUNK_S = 30; // asked for at once, for each unit of pace
const CHUNK_MOST_S = 60;
const AHEAD_S = 10; // so much is there before it is shown, for each unit of pace
const WRITTEN_S = 2.5; // what is younger may not be written yet
const EVERY_MS = 100;
const RETRY_MS = 2000;
const PATIENCE_MS = 15_000; // for an answer
const TOLD_S = 20; // so long it is said that nothing older is kept
const NOW_S = 5; // so near to now it is now

/**
 * @param {object} options
 * @param {(fromS: number, seconds: number) => Promise<Stretch>} options.load
 * @param {number} options.fromS  epoch seconds
 * @param {number} options.pace  seconds of the past in a second
 * @param {(frame: Frame) => void} options.onFrame
 * @param {(atS: number, oldest: boolean) => void} options.onTime  oldest: nothing that is older is kept
 * @param {(ahead: boolean) => void} options.onEnd  it has come to now; ahead: what was asked for is yet to come
 * @param {(nowS: number) => void} [options.onNow]  the server's clock, epoch seconds
 * @param {() => number} [options.nowMs]
 */
export function createReplay({ load, fromS, pace, onFrame, onTime, onEnd, onNow = () => {}, nowMs = () => performance.now() }) {
  let [baseS, baseMs, speed] = [fromS, nowMs(), pace];
  let loadedS = fromS;
  let loading = false;
  let retryMs = 0;
  let aheadMs = Infinity; // of the server's clock to this one
  let over = false;
  let oldestS = NaN;
  /** @type {Frame[]} */
  let coming = [];

  const chunkS = () => Math.min(CHUNK_S * speed, CHUNK_MOST_S);
  const atS = () => Math.min(baseS + ((nowMs() - baseMs) / 1000) * speed, loadedS);

  /** Go on from there. @param {number} thenS */
  function rebase(thenS) {
    [baseS, baseMs] = [thenS, nowMs()];
  }

  async function more() {
    loading = true;
    const [askedS, seconds] = [loadedS, chunkS()];
    try {
      take(askedS, seconds, await load(askedS, seconds));
    } catch (error) {
      if (over) return;
      console.warn(error);
      if (error instanceof RefusedError) return end(false);
      retryMs = nowMs() + RETRY_MS;
    }
    loading = false;
  }

  /** @param {number} askedS @param {number} seconds @param {Stretch} stretch */
  function take(askedS, seconds, { now, oldest, frames }) {
    if (over) return;
    aheadMs = now * 1000 - nowMs();
    onNow(now);
    const before = oldest !== null && askedS < oldest && frames.length === 0;
    const untilS = before ? oldest - 0.5 : Math.min(askedS + seconds, now - WRITTEN_S);
    if (before) rebase((oldestS = untilS));
    else if (atS() >= askedS) rebase(askedS); // what was waited for begins now
    coming.push(...frames.filter((frame) => frame.now > askedS && frame.now <= untilS));
    if (untilS < askedS + seconds) retryMs = nowMs() + RETRY_MS; // there is not more yet
    loadedS = Math.max(untilS, askedS);
  }

  /** @param {boolean} ahead */
  function end(ahead) {
    destroy();
    onEnd(ahead);
  }

  function step() {
    const nowS = atS();
    while (coming.length && coming[0].now <= nowS) onFrame(/** @type {Frame} */ (coming.shift()));
    onTime(nowS, nowS - oldestS < TOLD_S);
    const leftMs = nowMs() + aheadMs - nowS * 1000;
    if (leftMs < NOW_S * 1000) return end(leftMs < 0);
    if (!loading && nowMs() >= retryMs && loadedS - nowS < AHEAD_S * speed) more();
  }

  function destroy() {
    over = true;
    clearInterval(timer);
  }

  const timer = setInterval(step, EVERY_MS);
  step();
  return {
    /** The time that is shown, epoch seconds. */
    atS,
    /** @param {number} next */
    pace(next) {
      rebase(atS());
      speed = next;
    },
    speed: () => speed,
    /** Ask again at once. */
    hurry() {
      retryMs = 0;
    },
    destroy,
  };
}

/** What the server will not give, however often it is asked. */
export class RefusedError extends Error {}

/**
 * Ask the server for some seconds.
 *
 * @param {URLSearchParams} filters @param {number} fromS @param {number} seconds
 * @returns {Promise<Stretch>}
 */
export async function fetchFrames(filters, fromS, seconds) {
  const query = new URLSearchParams(filters);
  query.set("from", fromS.toFixed(3));
  query.set("seconds", String(seconds));
  const answer = await fetch(`${base}/api/past?${query}`, { signal: AbortSignal.timeout?.(PATIENCE_MS) });
  if (answer.status === 400) throw new RefusedError((await answer.json()).error);
  if (!answer.ok) throw new Error(`the past was not given: ${answer.status}`);
  return stretchOf(await answer.json());
}

/** An answer, well-formed. @param {any} answer @returns {Stretch} */
function stretchOf({ now, oldest, frames }) {
  if (!Number.isFinite(now) || !Array.isArray(frames)) throw new Error("the past came in another form");
  const whole = frames.map(parseFrame).filter((frame) => frame !== null);
  return { now, oldest: Number.isFinite(oldest) ? oldest : null, frames: whole };
}

/**
 * The time that an address asks to begin at, epoch seconds, or null: `?at=1790000000` or `?at=2026-09-21T14:13:20Z`.
 *
 * @type {(query: string) => number | null}
 */
export function startTimeOf(query) {
  const asked = new URLSearchParams(query).get("at");
  if (asked === null) return null;
  const seconds = /^\d+(\.\d+)?$/.test(asked) ? Number(asked) : Date.parse(asked) / 1000;
  if (seconds >= 0 && seconds < 1e11) return seconds;
  console.info(`at=${asked} is left out: expected epoch seconds, or a time such as 2026-09-21T14:13:20Z`);
  return null;
}

/** An address that asks for now. @param {string} href */
export function withoutStartTime(href) {
  const address = new URL(href);
  if (address.searchParams.has("at")) address.searchParams.delete("at");
  return address.href;
}
