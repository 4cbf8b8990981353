/**
 * What is shown: the stream of now, or what was shown then. It says what came, each connection once, and which of it is
 * news: what is older, or happened while nobody looked, is for a list and not for the globe.
 *
 * @typedef {object} TimelineOptions
 * @property {() => URLSearchParams} filters  what the viewer asked to see
 * @property {(state: StreamState) => void} onState
 * @property {(hello: Hello, unknown: Connection[], news: Connection[]) => void} onHello  with those of its recent
 *   connections that were not shown, and of these the ones that are news
 * @property {(connection: Connection, news: boolean) => boolean | void} onConnection  true: its arc is up already
 * @property {(connection: Connection) => void} onArc  now is when its arc begins
 * @property {(pulse: Pulse) => void} onPulse
 * @property {(spark: Spark) => void} onSpark
 * @property {(frame: Frame) => void} onFrame  after what is in it
 * @property {(atS: number, oldest: boolean) => void} onTime  what is shown is of then; nothing older is kept
 * @property {(atS: number) => void} [onAhead]  that time is yet to come: now is shown
 * @property {() => void} onLeave  what is shown goes
 * @property {() => void} [onLive]  now is shown, from here on
 */
import { base } from "../common/baseurl.js";
import { createRecentIds } from "./recentids.js";
import { createReplay, fetchFrames } from "./replay.js";
import { createStream } from "./stream.js";
import { createVisibility } from "./visibility.js";
import { onWake } from "./wake.js";

const SPARK_S = 1; // the time of a spark is its whole second: it may have come as late as the second's end
const OLD_S = 6; // what is older than this when it comes is no news
const SET_S = 1; // by so much a clock does not move on its own
const BACKLOG_MS = 150; // between the arcs of one frame, so that they do not all start at once

/** @param {TimelineOptions} options */
export function createTimeline(options) {
  const { filters, onState, onHello, onConnection, onArc, onPulse, onSpark, onFrame, onTime, onLeave } = options;
  const { onAhead = () => {}, onLive = () => {} } = options;
  const presence = createVisibility(document);
  let recent = createRecentIds();
  let serverAheadS = 0;
  let lastS = -Infinity; // when the newest frame was made, by the server's clock
  /** @type {ReturnType<typeof createStream> | null} */
  let stream = null;
  /** @type {ReturnType<typeof createReplay> | null} */
  let past = null;

  /** @param {number} nowS by the server's clock */
  function setClock(nowS) {
    serverAheadS = nowS - Date.now() / 1000;
  }

  /** Notice that the server's clock was set: a frame is of before the last one, or ahead of now. @param {number} nowS */
  function follow(nowS) {
    if (nowS < lastS - SET_S || nowS > liveS() + SET_S) setClock(nowS);
    lastS = nowS;
  }

  const liveS = () => Date.now() / 1000 + serverAheadS;
  const shownS = () => past?.atS() ?? liveS();

  /** Whether somebody looked when it happened. @param {{at: number}} event */
  const isSeen = ({ at }) => (past ? !document.hidden : at - serverAheadS > presence.sinceMs() / 1000);

  /** @param {{at: number}} event */
  const isFresh = (event) => isSeen(event) && shownS() - event.at < OLD_S;

  /** @param {Connection} connection @param {number} turn its place in the frame */
  function came(connection, turn) {
    if (!recent.add(connection.id)) return;
    const news = isFresh(connection);
    if (onConnection(connection, news) || !news) return;
    const shown = recent; // another one once something else is shown
    setTimeout(() => shown === recent && isSeen(connection) && onArc(connection), turn * BACKLOG_MS);
  }

  /** @param {Frame} frame */
  function take(frame) {
    if (!past) follow(frame.now);
    frame.connections.forEach(came);
    frame.pulses.filter(isFresh).forEach(onPulse);
    (frame.sparks ?? []).filter(({ at }) => isFresh({ at: at + SPARK_S })).forEach(onSpark);
    onFrame(frame);
  }

  /** @param {Hello} hello */
  function greet(hello) {
    setClock(hello.now);
    lastS = -Infinity; // frames that were missed come next
    const unknown = hello.recent.filter(({ id }) => recent.add(id));
    onHello(hello, unknown, unknown.filter(isFresh));
  }

  function open() {
    stream = createStream({ origin: base, filters: filters(), onState, onHello: greet, onFrame: take });
    onLive();
  }

  /** Show now. */
  function live() {
    leave();
    open();
  }

  /** Show what was shown then, and then now if it comes so far. @param {number} fromS @param {number} [pace] */
  function rewind(fromS, pace = 1) {
    leave();
    onState({ name: "past" });
    past = createReplay({
      load: (from, seconds) => fetchFrames(filters(), from, seconds),
      fromS,
      pace,
      onFrame: take,
      onTime,
      onNow: setClock,
      onEnd(ahead) {
        if (ahead) onAhead(fromS);
        live();
      },
    });
  }

  function leave() {
    stream?.destroy();
    past?.destroy();
    stream = past = null;
    recent = createRecentIds();
    onLeave();
  }

  onWake(() => past?.hurry());
  return {
    /** Begin with now, which goes on from what the page came with; or with a time. @param {number | null} atS */
    begin: (atS) => (atS === null ? open() : rewind(atS)),
    live,
    rewind,
    /** Show what passes another filter, from the beginning: of now, or of the time that is shown. */
    again() {
      if (past) rewind(past.atS(), past.speed());
      else live();
    },
    /** @param {number} next seconds of the past in a second */
    pace: (next) => past?.pace(next),
    /** Whether what is shown is of the past. */
    isPast: () => past !== null,
    isFresh,
    /** A connection came by another way. @param {Connection} connection */
    add: (connection) => came(connection, 0),
    /** It is shown by other means, and is not to be shown again. @param {Connection} connection */
    know: ({ id }) => void recent.add(id),
    /** The server's clock, epoch seconds. */
    liveS,
    /** The time that is shown, epoch seconds. */
    shownS,
  };
}
