/**
 * The page's end of /stream: one websocket at a time, resumed where it was left. No DOM, and everything outside is
 * handed in, so that node can test it.
 *
 * @typedef {object} StreamOptions
 * @property {string} origin      such as "https://unison.example.org"
 * @property {URLSearchParams} filters  what the viewer asked to see
 * @property {(hello: Hello) => void} onHello
 * @property {(frame: Frame) => void} onFrame
 * @property {(state: StreamState) => void} onState
 * @property {typeof WebSocket} [WebSocket]
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now]  milliseconds, of the wall clock
 * @property {(run: () => void, ms: number) => any} [setTimeout]
 * @property {(timer: any) => void} [clearTimeout]
 * @property {ReturnType<typeof createBackoff>} [backoff]
 * @property {typeof onWake} [wakes]
 */
import { createBackoff } from "./backoff.js";
import { parseMessage } from "./messages.js";
import { createStallDetector } from "./stalldetector.js";
import { onWake } from "./wake.js";

const BETWEEN_MS = 1000; // attempts, however often the page wakes
const PATIENCE_MS = 8000; // for an answer of the API
const FILTERS = ["artist", "track", "country", "city"];

/** The filters in a page's query, each once, without the rest of it. @type {(query: string) => URLSearchParams} */
export function filtersOf(query) {
  const given = new URLSearchParams(query);
  return new URLSearchParams(FILTERS.flatMap((name) => given.getAll(name).map((value) => [name, value])));
}

/** @param {StreamOptions} options */
export function createStream(options) {
  const { origin, filters, onHello, onFrame, onState } = options;
  const Socket = options.WebSocket ?? WebSocket;
  const request = options.fetch ?? fetch.bind(globalThis);
  const now = options.now ?? Date.now;
  const later = options.setTimeout ?? setTimeout.bind(globalThis);
  const forget = options.clearTimeout ?? clearTimeout.bind(globalThis);
  const backoff = options.backoff ?? createBackoff();

  /** @type {{stream: string, seq: number} | null} */
  let position = null;
  /** @type {number | null} */
  let heardMs = null; // when the last message came
  /** @type {number | null} */
  let lostAtMs = null;
  /** @type {number | null} */
  let askedWaitMs = null;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof createStallDetector> | undefined} */
  let silence;
  /** @type {any} */
  let retryTimer;
  let openedMs = 0;
  let refused = false;
  let over = false;

  function open() {
    let heard = false;
    openedMs = now();
    /** @type {WebSocket} */
    let current;
    try {
      current = new Socket(streamUrl(origin, filters, position));
    } catch (error) {
      console.warn(error); // such as a browser's policy
      return void ended(false);
    }
    socket = current;
    silence = createStallDetector({
      onStall: () => onState({ name: "stalled", sinceMs: heardMs ?? openedMs }),
      onDead: (awake) => drop(heard, awake),
      now,
      setTimeout: later,
      clearTimeout: forget,
    });
    current.onmessage = ({ data }) => {
      const message = socket === current ? parseMessage(data) : null;
      if (!message) return;
      heard = true;
      hear();
      take(message);
    };
    current.onclose = () => socket === current && ended(heard);
  }

  function hear() {
    const stalled = silence?.stalled();
    silence?.hear();
    heardMs = now();
    if (stalled) onState({ name: "live" });
  }

  /** @param {Message} message */
  function take(message) {
    if (message.type === "hello") greet(message);
    else if (message.type === "bye") askedWaitMs = message.retry_ms;
    else if (position && message.seq > position.seq) {
      position.seq = message.seq;
      backoff.reset(); // not at hello: a server that greets and says no more is asked less and less often
      onFrame(message);
    }
  }

  /** @param {Hello} hello */
  function greet(hello) {
    const began = position === null;
    position = { stream: hello.stream, seq: hello.seq };
    onHello(hello);
    const back = lostAtMs === null ? null : { awayS: (now() - lostAtMs) / 1000, missed: hello.gap ?? -1 };
    lostAtMs = null;
    onState(began || !back ? { name: "live" } : { name: "live", back });
  }

  /** Leave a socket that may never say that it is closed. @param {boolean} heard @param {boolean} awake */
  function drop(heard, awake) {
    const silent = socket;
    ended(heard);
    silent?.close();
    if (awake) hurry();
  }

  /** @param {boolean} heard whether anything came over the socket: if not, the handshake may have been refused */
  async function ended(heard) {
    socket = null;
    silence?.destroy();
    lostAtMs ??= heardMs ?? now();
    retry(askedWaitMs ?? backoff.next());
    askedWaitMs = null;
    const reason = heard ? null : await refusal(request, origin, filters);
    if (reason === null || socket !== null || over) return;
    forget(retryTimer);
    refused = true;
    onState({ name: "refused", reason });
  }

  /** @param {number} waitMs */
  function retry(waitMs) {
    forget(retryTimer);
    onState({ name: "lost", sinceMs: lostAtMs ?? now(), retryAtMs: now() + waitMs });
    retryTimer = later(open, waitMs);
  }

  /** Try at once, such as when the network is back. */
  function hurry() {
    if (socket !== null || lostAtMs === null) return;
    const leftMs = openedMs + BETWEEN_MS - now();
    retry(Math.min(BETWEEN_MS, Math.max(0, leftMs))); // the clock may have been set
  }

  /** A connection that stood may be dead, and one that is sought may be found now. */
  function wake() {
    if (refused) return;
    if (socket === null) hurry();
    else silence?.doubt();
  }

  onState({ name: "connecting" });
  open();
  const sleep = (options.wakes ?? onWake)(wake);
  return {
    destroy() {
      over = true;
      const last = socket;
      socket = null;
      sleep();
      silence?.destroy();
      forget(retryTimer);
      last?.close();
    },
  };
}

/** @type {(origin: string, filters: URLSearchParams, position: {stream: string, seq: number} | null) => string} */
function streamUrl(origin, filters, position) {
  const query = new URLSearchParams(filters);
  if (position) query.set("since", `${position.stream}:${position.seq}`);
  return `${origin.replace(/^http/, "ws")}/stream${query.size ? `?${query}` : ""}`;
}

/**
 * Why the server will never take these filters, or null. A browser does not say why a handshake failed, so the same
 * question goes to the API.
 *
 * @type {(request: typeof fetch, origin: string, filters: URLSearchParams) => Promise<string | null>}
 */
async function refusal(request, origin, filters) {
  try {
    const query = new URLSearchParams([...filters, ["limit", "1"]]);
    const answer = await request(`${origin}/api/connections?${query}`, { signal: AbortSignal.timeout?.(PATIENCE_MS) });
    if (answer.status !== 400) return null;
    const body = await answer.json();
    return String(body.error ?? "the server does not know this filter");
  } catch {
    return null;
  }
}
