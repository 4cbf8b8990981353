/**
 * The frame's end of the messages to and from the host page (host.js is the other end). It answers only its parent window,
 * at the origin that sent the hello. Messages are objects with `unison: 1`. It ignores messages that it does not know.
 *
 *     to the frame     {unison: 1, type: "hello"}   {unison: 1, type: "call", id, method, args}
 *     from the frame   {unison: 1, type: "here"}    {unison: 1, type: "ready"}
 *                      {unison: 1, type: "answer", id, value | error}   {unison: 1, type: "event", name, detail}
 *
 * @typedef {Pick<Window, "addEventListener" | "removeEventListener"> & {parent: unknown}} View
 * @typedef {{source: unknown, origin: string, data: any}} Received
 */

export const VERSION = 1;

/** @param {View} view @param {{methods: Record<string, (...args: any[]) => unknown>}} options  what the host may call */
export function createHostMessages(view, { methods }) {
  const host = view.parent === view ? null : /** @type {{postMessage(message: unknown, target: string): void}} */ (view.parent);
  /** @type {string | null} */
  let origin = null; // of the hello; before it, the frame only says that it is here
  /** @type {unknown} */
  let status = null; // the latest, for a host that says hello later

  /** @param {Record<string, unknown>} message */
  function send(message) {
    if (origin !== null) host?.postMessage({ unison: VERSION, ...message }, origin === "null" ? "*" : origin);
  }

  /** @param {{id: unknown, method: string, args?: unknown}} call */
  async function answer({ id, method, args }) {
    try {
      if (!Object.hasOwn(methods, method)) throw new Error(`an embed has no method ${method}`);
      const value = await methods[method](...(Array.isArray(args) ? args : []));
      send({ type: "answer", id, value });
    } catch (error) {
      send({ type: "answer", id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {any} event */
  function receive(event) {
    const { source, origin: from, data } = /** @type {Received} */ (event);
    if (!host || source !== host || data?.unison !== VERSION) return;
    if (data.type === "hello") {
      origin = from;
      send({ type: "ready" });
      if (status) send({ type: "event", name: "status", detail: status });
    } else if (data.type === "call" && from === origin) answer(data);
  }

  view.addEventListener("message", receive);
  host?.postMessage({ unison: VERSION, type: "here" }, "*");
  return {
    /** Send an event to the host page. @param {string} name @param {unknown} detail */
    emit(name, detail) {
      if (name === "status") status = detail;
      send({ type: "event", name, detail });
    },
    destroy: () => view.removeEventListener("message", receive),
  };
}
