/**
 * What the page shows: the live stream, or a replay of the past. It reports each connection once, and whether it is
 * fresh. Older ones, and those from while nobody looked, go to the list but not to the globe.
 *
 * @typedef {object} TimelineOptions
 * @property {() => URLSearchParams} filters
 * @property {(state: StreamState) => void} onState
 * @property {(hello: Hello, unknown: Connection[], fresh: Connection[]) => void} onHello  unknown: the recent
 *   connections that were not shown yet; fresh: those of them that are fresh
 * @property {(connection: Connection, fresh: boolean) => boolean | void} onConnection  true: its arc is shown already
 * @property {(connection: Connection) => void} onArc  its arc begins now
 * @property {(pulse: Pulse) => void} onPulse
 * @property {(spark: Spark) => void} onSpark
 * @property {(frame: Frame) => void} onFrame  after its connections, pulses and sparks
 * @property {(lead: Connection | null) => void} [onLead]  the connection to tell of in the next 10 s, live and unfiltered
 * @property {(atS: number, oldest: boolean) => void} onTime  the past time that is shown; oldest: nothing older is kept
 * @property {(atS: number) => void} [onFuture]  the requested time has yet to come, so the page shows live
 * @property {() => void} onClear  clear everything that is shown
 * @property {() => void} [onLive]  the page shows live from now on
 */
import { base } from "../common/baseurl.js";
import { createRecentIds } from "./recentids.js";
import { createReplay, fetchFrames } from "./replay.js";
import { createStream } from "./stream.js";
import { createVisibility } from "./visibility.js";
import { onWake } from "./wake.js";

const SPARK_S = 1; // a spark's time is a whole second: it may have come as late as the second's end
const FRESH_S = 6; // older connections are not fresh
const CLOCK_SET_S = 1; // a clock that moved by more than this was set
const ARC_GAP_MS = 150; // between the arcs of one frame, so that they do not start at once

/** @param {TimelineOptions} options */
export function createTimeline(options) {
  const { filters, onState, onHello, onConnection, onArc, onPulse, onSpark, onFrame, onTime, onClear } = options;
  const { onFuture = () => {}, onLive = () => {}, onLead } = options;
  const visibility = createVisibility(document);
  let recentIds = createRecentIds();
  let clockOffsetS = 0; // of the server's clock from this one
  let lastS = -Infinity; // when the server made the newest frame, by its clock
  /** @type {ReturnType<typeof createStream> | null} */
  let stream = null;
  /** @type {ReturnType<typeof createReplay> | null} */
  let replay = null;

  /** @param {number} nowS by the server's clock */
  function setClock(nowS) {
    clockOffsetS = nowS - Date.now() / 1000;
  }

  /** Notice when the server's clock was set back, or is ahead: hello came late, or it was set. @param {number} nowS */
  function checkClock(nowS) {
    if (nowS < lastS - CLOCK_SET_S || nowS > liveS()) setClock(nowS);
    lastS = nowS;
  }

  const liveS = () => Date.now() / 1000 + clockOffsetS;
  const shownS = () => replay?.atS() ?? liveS();

  /** Whether somebody looked at the page when it happened. @param {{at: number}} event */
  const isSeen = ({ at }) => (replay ? !document.hidden : at - clockOffsetS > visibility.visibleSinceMs() / 1000);

  /** @param {{at: number}} event */
  const isFresh = (event) => isSeen(event) && shownS() - event.at < FRESH_S;

  /** @param {Connection} connection @param {number} index its place in the frame */
  function handleConnection(connection, index) {
    if (!recentIds.add(connection.id)) return;
    const fresh = isFresh(connection);
    if (onConnection(connection, fresh) || !fresh) return;
    const shown = recentIds; // replaced when the page shows something else
    setTimeout(() => shown === recentIds && isSeen(connection) && onArc(connection), index * ARC_GAP_MS);
  }

  /** @param {Frame} frame */
  function handleFrame(frame) {
    if (!replay) checkClock(frame.now);
    frame.connections.forEach(handleConnection);
    frame.pulses.filter(isFresh).forEach(onPulse);
    (frame.sparks ?? []).filter(({ at }) => isFresh({ at: at + SPARK_S })).forEach(onSpark);
    onFrame(frame);
  }

  /** @param {Hello} hello */
  function handleHello(hello) {
    setClock(hello.now);
    lastS = -Infinity; // missed frames come next
    const unknown = hello.recent.filter(({ id }) => recentIds.add(id));
    onHello(hello, unknown, unknown.filter(isFresh));
  }

  function openStream() {
    const handlers = { onState, onHello: handleHello, onFrame: handleFrame, onLead };
    stream = createStream({ origin: base, filters: filters(), ...handlers });
    onLive();
  }

  /** Show the live stream. */
  function live() {
    stop();
    openStream();
  }

  /** Show the past from this time on; when the replay reaches the present, go live. @param {number} fromS @param {number} [speed] */
  function rewind(fromS, speed = 1) {
    stop();
    onState({ name: "past" });
    replay = createReplay({
      load: (from, seconds) => fetchFrames(filters(), from, seconds),
      fromS,
      speed,
      onFrame: handleFrame,
      onTime,
      onNow: setClock,
      onEnd(future) {
        if (future) onFuture(fromS);
        live();
      },
    });
  }

  function close() {
    stream?.destroy();
    replay?.destroy();
    stream = replay = null;
    recentIds = createRecentIds();
  }

  function stop() {
    close();
    onClear();
  }

  const stopWaking = onWake(() => replay?.retryNow());
  return {
    /** Begin live, with what the page shows already, or at a time. @param {number | null} atS epoch seconds */
    begin: (atS) => (atS === null ? openStream() : rewind(atS)),
    live,
    rewind,
    /** Begin anew with other filters: live, or at the time that is shown. */
    restart() {
      if (replay) rewind(replay.atS(), replay.speed());
      else live();
    },
    /** @param {number} next seconds of the past per second */
    setSpeed: (next) => replay?.setSpeed(next),
    /** Whether the page shows the past. */
    isPast: () => replay !== null,
    isFresh,
    /** Show a connection that came another way. @param {Connection} connection */
    add: (connection) => handleConnection(connection, 0),
    /** Do not report a connection that the page shows by itself. @param {Connection} connection */
    markShown: ({ id }) => void recentIds.add(id),
    /** The server's clock, epoch seconds. */
    liveS,
    /** The time that is shown, epoch seconds. */
    shownS,
    destroy() {
      close();
      stopWaking();
      visibility.destroy();
    },
  };
}
