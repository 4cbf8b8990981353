/**
 * Served as /embed.js to host pages. It makes frames out of `<div data-unison>`, finds frames that are there already, and
 * offers the API in embed.d.ts. It talks to the frames by messages (hostmessages.js is the other end).
 */
(() => {
  // as embed.d.ts has them
  /** @typedef {NonNullable<Parameters<typeof Unison.embed>[1]>} Options */
  /** @typedef {ReturnType<typeof Unison.embed>} Player */

  if (window.Unison) return window.Unison.scan(); // the script ran already

  const VERSION = 1;
  const NEAR = "300px"; // from the viewport, a frame begins to load
  const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";
  const PARAMETERS =
    "theme accent background lang artist track country city autorotate controls labels feed lead logo title poster moment at".split(" ");
  const NAMES = ["connection", "moment", "status"];

  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript ?? document.querySelector('script:is([src$="/embed.js"], [src*="/embed.js?"])')
  );
  if (!script) throw new Error("Unison: /embed.js is to be loaded by a script element of its own");
  const base = new URL(".", script.src);
  /** @type {Map<Element, Player>} */
  const players = new Map();

  /** @param {Options} options */
  function address(options) {
    const url = new URL("embed", base);
    for (const name of PARAMETERS) {
      const value = /** @type {Record<string, unknown>} */ (options)[name];
      if (value === undefined || value === null) continue;
      url.searchParams.set(name, typeof value === "boolean" ? String(Number(value)) : String(value));
    }
    return url.href;
  }

  /** Whether a frame is one of ours. @param {Element} element @returns {element is HTMLIFrameElement} */
  function isFrame(element) {
    if (!(element instanceof HTMLIFrameElement)) return false;
    try {
      const { origin, pathname } = new URL(element.src || "about:blank", location.href);
      return origin === base.origin && pathname === new URL("embed", base).pathname;
    } catch {
      return false; // another frame, with a malformed address
    }
  }

  /** A length for a style. @param {string | number | undefined} given  in pixels, or any CSS length */
  const length = (given) => (given && Number.isFinite(Number(given)) ? `${given}px` : String(given ?? ""));

  /** @param {Element} element @param {Options} options */
  function frameIn(element, options) {
    const frame = document.createElement("iframe");
    frame.title = options.title || "Unison: two strangers, one song, the same second";
    frame.setAttribute("sandbox", SANDBOX);
    frame.allow = "fullscreen";
    const size = { width: "100%", height: element.clientHeight > 0 ? "100%" : "auto", aspectRatio: "16 / 9" };
    Object.assign(frame.style, { display: "block", border: "0", maxWidth: "100%", minHeight: "200px", ...size });
    // the browser ignores malformed lengths
    if (options.width) frame.style.width = length(options.width);
    if (options.height) frame.style.height = length(options.height);
    // a frame whose colour scheme differs from its element's is never transparent
    if (options.background === "transparent") frame.style.colorScheme = "light";
    element.append(frame);
    return frame;
  }

  /** @param {Element | string} target @param {Options} [given] @returns {Player} */
  function embed(target, given = {}) {
    const element = typeof target === "string" ? document.querySelector(target) : target;
    if (!element) throw new TypeError(`Unison.embed: no element matches ${target}`);
    const known = players.get(element);
    if (known) return known;
    const own = isFrame(element);
    const options = { .../** @type {Options} */ (element instanceof HTMLElement ? { ...element.dataset } : {}), ...given };
    const frame = own ? element : frameIn(element, options);
    const player = createPlayer(frame, own ? null : address(options), options.lazy, () => {
      players.delete(element);
      if (!own) frame.remove();
    });
    players.set(element, player);
    return player;
  }

  /**
   * @param {HTMLIFrameElement} frame @param {string | null} src  to load, or null if the frame has it already
   * @param {unknown} lazy @param {() => void} onEnd
   */
  function createPlayer(frame, src, lazy, onEnd) {
    /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
    const calls = new Map();
    /** @type {Record<string, Set<(detail: any) => void>>} */
    const listeners = Object.fromEntries(NAMES.map((name) => [name, new Set()]));
    let count = 0;
    let destroyed = false;
    /** @type {unknown} */
    let status = null; // the latest
    /** @type {() => void} */
    let resolveReady = () => {};
    /** @type {(error: Error) => void} */
    let rejectReady = () => {};
    /** @type {Promise<void>} */
    const ready = new Promise((resolve, reject) => ([resolveReady, rejectReady] = [resolve, reject]));
    ready.catch(() => {}); // no unhandled rejection where nobody waits for it

    // to any origin, because the frame may not have loaded ours yet; the message has no content
    const sayHello = () => frame.contentWindow?.postMessage({ unison: VERSION, type: "hello" }, "*");

    /** @param {MessageEvent} event */
    function receive({ source, origin, data }) {
      if (source === null || source !== frame.contentWindow || origin !== base.origin) return;
      if (data?.unison !== VERSION) return;
      if (data.type === "here") sayHello();
      else if (data.type === "ready") resolveReady();
      else if (data.type === "event" && Object.hasOwn(listeners, data.name)) {
        if (data.name === "status") status = data.detail;
        listeners[data.name].forEach((listener) => listener(data.detail));
      } else if (data.type === "answer") {
        const waiting = calls.get(data.id);
        calls.delete(data.id);
        if ("error" in data) waiting?.reject(new Error(data.error));
        else waiting?.resolve(data.value);
      }
    }

    const observer = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && load(), { rootMargin: NEAR });

    function load() {
      observer.disconnect();
      if (src !== null) frame.src = src;
      src = null;
    }

    /** @param {string} method @param {...unknown} args @returns {Promise<any>} */
    async function call(method, ...args) {
      if (destroyed) throw new Error("this embed was destroyed");
      load();
      await ready;
      count += 1;
      const message = { unison: VERSION, type: "call", id: count, method, args };
      return new Promise((resolve, reject) => {
        calls.set(count, { resolve, reject });
        frame.contentWindow?.postMessage(message, base.origin);
      });
    }

    window.addEventListener("message", receive);
    if (src === null) sayHello();
    else if (lazy === false || lazy === "0" || lazy === "false") load();
    else observer.observe(frame);

    return {
      ready,
      frame,
      pause: () => call("pause"),
      play: () => call("play"),
      setFilter: (/** @type {unknown} */ filter) => call("setFilter", filter),
      flyTo: (/** @type {unknown} */ place) => call("flyTo", place),
      on(/** @type {string} */ name, /** @type {(detail: any) => void} */ listener) {
        if (!NAMES.includes(name)) throw new TypeError(`Unison: an embed has no event ${name}; it has ${NAMES.join(", ")}`);
        listeners[name].add(listener);
        if (name === "status") queueMicrotask(() => status && listeners.status.has(listener) && listener(status));
        return () => void listeners[name].delete(listener);
      },
      async destroy() {
        if (destroyed) return;
        destroyed = true;
        window.removeEventListener("message", receive);
        observer.disconnect();
        const error = new Error("this embed was destroyed");
        rejectReady(error);
        calls.forEach(({ reject }) => reject(error));
        onEnd();
      },
    };
  }

  class UnisonGlobe extends HTMLElement {
    static observedAttributes = PARAMETERS;
    /** @type {Player | null} */
    player = null;
    pending = false;

    connectedCallback() {
      this.style.display ||= "block";
      this.begin();
    }

    disconnectedCallback() {
      this.player?.destroy();
      this.player = null;
    }

    attributeChangedCallback() {
      if (!this.player || this.pending) return;
      this.pending = true;
      queueMicrotask(() => {
        this.pending = false;
        this.disconnectedCallback();
        if (this.isConnected) this.begin();
      });
    }

    begin() {
      const given = [...this.attributes].filter(({ name }) => [...PARAMETERS, "width", "height", "lazy"].includes(name));
      const player = embed(this, Object.fromEntries(given.map(({ name, value }) => [name, value])));
      this.player = player;
      for (const name of NAMES) {
        player.on(/** @type {"status"} */ (name), (detail) => {
          this.dispatchEvent(new CustomEvent(`unison-${name}`, { detail }));
        });
      }
    }
  }

  /** Embed everything on the page by now. */
  function scan() {
    for (const element of document.querySelectorAll("[data-unison], iframe")) {
      if (!(element instanceof HTMLIFrameElement) || isFrame(element)) embed(element);
    }
  }

  window.Unison = { version: VERSION, embed, scan };
  if (!customElements.get("unison-globe")) customElements.define("unison-globe", UnisonGlobe);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan);
  else scan();
})();
