/**
 * The frame's end of what the page around it says and hears (host.js is the other end). It answers its parent
 * window only, at the origin that greeted it. Messages are objects with `unison: 1`; what it does not know it ignores.
 *
 *     to the frame     {unison: 1, type: "hello"}   {unison: 1, type: "call", id, method, args}
 *     from the frame   {unison: 1, type: "here"}    {unison: 1, type: "ready"}
 *                      {unison: 1, type: "answer", id, value | error}   {unison: 1, type: "event", name, detail}
 *
 * @typedef {Pick<Window, "addEventListener" | "removeEventListener"> & {parent: unknown}} View
 * @typedef {{source: unknown, origin: string, data: any}} Heard
 */

export const VERSION = 1;

/** @param {View} view @param {{methods: Record<string, (...args: any[]) => unknown>}} options what may be called */
export function createHostMessages(view, { methods }) {
  const host = view.parent === view ? null : /** @type {{postMessage(message: unknown, target: string): void}} */ (view.parent);
  /** @type {string | null} */
  let origin = null; // of whoever greeted; nothing but that there is a frame is said before
  /** @type {unknown} */
  let status = null; // as it was told last: whoever greets late is to know it

  /** @param {Record<string, unknown>} message */
  function send(message) {
    if (origin !== null) host?.postMessage({ unison: VERSION, ...message }, origin === "null" ? "*" : origin);
  }

  /** @param {{id: unknown, method: string, args?: unknown}} call */
  async function answer({ id, method, args }) {
    try {
      if (!Object.hasOwn(methods, method)) throw new Error(`an embed has no ${method}`);
      const value = await methods[method](...(Array.isArray(args) ? args : []));
      send({ type: "answer", id, value });
    } catch (error) {
      send({ type: "answer", id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {any} event */
  function hear(event) {
    const { source, origin: from, data } = /** @type {Heard} */ (event);
    if (!host || source !== host || data?.unison !== VERSION) return;
    if (data.type === "hello") {
      origin = from;
      send({ type: "ready" });
      if (status) send({ type: "event", name: "status", detail: status });
    } else if (data.type === "call" && from === origin) answer(data);
  }

  view.addEventListener("message", hear);
  host?.postMessage({ unison: VERSION, type: "here" }, "*");
  return {
    /** Tell the page around. @param {string} name @param {unknown} detail */
    tell(name, detail) {
      if (name === "status") status = detail;
      send({ type: "event", name, detail });
    },
    destroy: () => view.removeEventListener("message", hear),
  };
}
