/**
 * The page's end of /stream: one websocket at a time, which resumes where the last one ended. It uses no DOM, and gets
 * everything from outside as an option, so that node can test it.
 *
 * @typedef {object} StreamOptions
 * @property {string} origin      such as "https://unison.example.org"
 * @property {URLSearchParams} filters
 * @property {(hello: Hello) => void} onHello
 * @property {(frame: Frame) => void} onFrame
 * @property {(lead: Connection | null) => void} [onLead]  the connection to tell of in the next 10 s; only without filters
 * @property {(state: StreamState) => void} onState
 * @property {typeof WebSocket} [WebSocket]
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now]  milliseconds of the wall clock
 * @property {(run: () => void, ms: number) => any} [setTimeout]
 * @property {(timer: any) => void} [clearTimeout]
 * @property {ReturnType<typeof createBackoff>} [backoff]
 * @property {typeof onWake} [wakes]
 */
import { createBackoff } from "./backoff.js";
import { parseMessage } from "./messages.js";
import { createStallDetector } from "./stalldetector.js";
import { onWake } from "./wake.js";

const BETWEEN_MS = 1000; // between attempts at least, however often the page wakes
const TIMEOUT_MS = 8000; // for an answer of the API
const FILTERS = ["artist", "track", "country", "city"];

/** The filters of a page's query, without its other parameters. @type {(query: string) => URLSearchParams} */
export function filtersOf(query) {
  const given = new URLSearchParams(query);
  return new URLSearchParams(FILTERS.flatMap((name) => given.getAll(name).map((value) => [name, value])));
}

/** @param {StreamOptions} options */
export function createStream(options) {
  const { origin, filters, onHello, onFrame, onState, onLead = () => {} } = options;
  const Socket = options.WebSocket ?? WebSocket;
  const request = options.fetch ?? fetch.bind(globalThis);
  const now = options.now ?? Date.now;
  const schedule = options.setTimeout ?? setTimeout.bind(globalThis);
  const cancel = options.clearTimeout ?? clearTimeout.bind(globalThis);
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
  let stalls;
  /** @type {any} */
  let retryTimer;
  let openedMs = 0;
  let delayed = false;
  let refused = false;
  let destroyed = false;

  function open() {
    let heard = false;
    openedMs = now();
    /** @type {WebSocket} */
    let current;
    try {
      current = new Socket(streamUrl(origin, filters, position));
    } catch (error) {
      console.warn(error); // such as a violation of a browser's policy
      return void ended(false);
    }
    socket = current;
    stalls = createStallDetector({
      onStall: () => onState({ name: "stalled", sinceMs: heardMs ?? openedMs }),
      onDead: (awake) => drop(heard, awake),
      now,
      setTimeout: schedule,
      clearTimeout: cancel,
    });
    current.onmessage = ({ data }) => {
      const message = socket === current ? parseMessage(data) : null;
      if (!message) return;
      heard = true;
      if (message.type === "delayed") return noteDelay();
      noteMessage();
      handle(message);
    };
    current.onclose = () => socket === current && ended(heard);
  }

  function noteMessage() {
    const stalled = delayed || stalls?.stalled();
    stalls?.hear();
    heardMs = now();
    delayed = false;
    if (stalled) onState({ name: "live" });
  }

  /** The server has no news, so another connection would have none either. */
  function noteDelay() {
    stalls?.hear();
    delayed = true;
    onState({ name: "stalled", sinceMs: heardMs ?? openedMs });
  }

  /** @param {Exclude<Message, Delayed>} message */
  function handle(message) {
    if (message.type === "hello") begin(message);
    else if (message.type === "bye") askedWaitMs = message.retry_ms;
    else if (message.type === "lead") onLead(message.connection);
    else if (position && message.seq > position.seq) {
      position.seq = message.seq;
      backoff.reset(); // not at hello: a server that sends nothing after hello is asked less and less often
      onFrame(message);
    }
  }

  /** @param {Hello} hello */
  function begin(hello) {
    const first = position === null;
    position = { stream: hello.stream, seq: hello.seq };
    onHello(hello);
    const back = lostAtMs === null ? null : { awayS: (now() - lostAtMs) / 1000, missed: hello.gap ?? -1 };
    lostAtMs = null;
    onState(first || !back ? { name: "live" } : { name: "live", back });
  }

  /** Give up a socket that may never report its close. @param {boolean} heard @param {boolean} awake */
  function drop(heard, awake) {
    const silent = socket;
    ended(heard);
    silent?.close();
    if (awake) retryNow();
  }

  /** @param {boolean} heard whether a message came; if none did, the server may have refused the handshake */
  async function ended(heard) {
    socket = null;
    stalls?.destroy();
    lostAtMs ??= heardMs ?? now();
    retry(askedWaitMs ?? backoff.next());
    askedWaitMs = null;
    const reason = heard ? null : await refusal(request, origin, filters);
    if (reason === null || socket !== null || destroyed) return;
    cancel(retryTimer);
    refused = true;
    onState({ name: "refused", reason });
  }

  /** @param {number} waitMs */
  function retry(waitMs) {
    cancel(retryTimer);
    onState({ name: "lost", sinceMs: lostAtMs ?? now(), retryAtMs: now() + waitMs });
    retryTimer = schedule(open, waitMs);
  }

  /** Retry at once, such as when the network is back. */
  function retryNow() {
    if (socket !== null || lostAtMs === null) return;
    const leftMs = openedMs + BETWEEN_MS - now();
    retry(Math.min(BETWEEN_MS, Math.max(0, leftMs))); // the clock may have been set
  }

  /** An open socket may be dead now, and a retry may succeed. */
  function wake() {
    if (refused) return;
    if (socket === null) retryNow();
    else stalls?.suspect();
  }

  onState({ name: "connecting" });
  open();
  const stopWaking = (options.wakes ?? onWake)(wake);
  return {
    destroy() {
      destroyed = true;
      const last = socket;
      socket = null;
      stopWaking();
      stalls?.destroy();
      cancel(retryTimer);
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
 * Why the server refuses these filters, or null. A browser does not say why a handshake failed, so this asks the API.
 *
 * @type {(request: typeof fetch, origin: string, filters: URLSearchParams) => Promise<string | null>}
 */
async function refusal(request, origin, filters) {
  try {
    const query = new URLSearchParams([...filters, ["limit", "1"]]);
    const answer = await request(`${origin}/api/connections?${query}`, { signal: AbortSignal.timeout?.(TIMEOUT_MS) });
    if (answer.status !== 400) return null;
    const body = await answer.json();
    return String(body.error ?? "the server does not know this filter");
  } catch {
    return null;
  }
}
