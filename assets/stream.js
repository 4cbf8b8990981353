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
 * @property {() => number} [now]  milliseconds
 * @property {(run: () => void, ms: number) => any} [setTimeout]
 * @property {(timer: any) => void} [clearTimeout]
 * @property {ReturnType<typeof createBackoff>} [backoff]
 */
import { createBackoff } from "./backoff.js";

const SILENCE_MS = 15_000; // a frame comes each second, so this long without one is a dead connection
const GRACE_MS = 1000;
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
  let lostAtMs = null;
  /** @type {number | null} */
  let askedWaitMs = null;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {any} */
  let retryTimer;
  /** @type {any} */
  let silenceTimer;
  let over = false;

  function open() {
    let heard = false;
    const current = new Socket(streamUrl(origin, filters, position));
    socket = current;
    current.onmessage = ({ data }) => {
      if (socket !== current) return;
      heard = true;
      watch();
      take(JSON.parse(data));
    };
    current.onclose = () => socket === current && ended(heard);
    watch();
  }

  /** @param {Message} message */
  function take(message) {
    if (message.type === "hello") greet(message);
    else if (message.type === "bye") askedWaitMs = message.retry_ms;
    else if (message.type === "connections" && position && message.seq > position.seq) {
      position.seq = message.seq;
      onFrame(message);
    }
  }

  /** @param {Hello} hello */
  function greet(hello) {
    const began = position === null;
    position = { stream: hello.stream, seq: hello.seq };
    backoff.reset();
    onHello(hello);
    const back = lostAtMs === null ? null : { awayS: (now() - lostAtMs) / 1000, missed: hello.gap ?? -1 };
    lostAtMs = null;
    onState(began || !back ? { name: "live" } : { name: "live", back });
  }

  function watch() {
    forget(silenceTimer);
    silenceTimer = later(doubt, SILENCE_MS);
  }

  /** A page that was held up finds its timer before the messages that wait: these get their turn first. */
  function doubt() {
    silenceTimer = later(() => drop(true), GRACE_MS);
  }

  /** Leave a socket that may never say that it is closed. @param {boolean} heard */
  function drop(heard) {
    const silent = socket;
    ended(heard);
    silent?.close();
  }

  /** @param {boolean} heard whether anything came over the socket: if not, the handshake may have been refused */
  async function ended(heard) {
    socket = null;
    forget(silenceTimer);
    lostAtMs ??= now();
    const waitMs = askedWaitMs ?? backoff.next();
    askedWaitMs = null;
    const sinceMs = lostAtMs;
    onState({ name: "lost", sinceMs, retryAtMs: now() + waitMs });
    retryTimer = later(open, waitMs);
    const reason = heard ? null : await refusal(request, origin, filters);
    if (reason === null || socket !== null || over) return;
    forget(retryTimer);
    onState({ name: "refused", reason });
  }

  onState({ name: "connecting" });
  open();
  return {
    /** Try now, such as when the network is back. */
    hurry() {
      if (socket !== null || lostAtMs === null) return;
      forget(retryTimer);
      open();
    },
    destroy() {
      over = true;
      const last = socket;
      socket = null;
      forget(retryTimer);
      forget(silenceTimer);
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
    const answer = await request(`${origin}/api/connections?${query}`);
    if (answer.status !== 400) return null;
    const body = await answer.json();
    return String(body.error ?? "the server does not know this filter");
  } catch {
    return null;
  }
}
