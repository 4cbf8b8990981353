/**
 * Served as /embed.js for other people's pages: makes frames of our globe out of `<div data-unison>`, takes in those
 * that are there, and gives a player's methods over messages (hostmessages.js is the other end, embed.d.ts the types).
 */
(() => {
  // as embed.d.ts has them
  /** @typedef {NonNullable<Parameters<typeof Unison.embed>[1]>} Options */
  /** @typedef {ReturnType<typeof Unison.embed>} Player */

  if (window.Unison) return window.Unison.scan(); // it was here already

  const VERSION = 1;
  const NEAR = "300px"; // of the viewport: then a frame begins to load
  const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";
  const PARAMETERS =
    "theme accent background lang artist track country city autorotate controls labels feed logo title poster moment at".split(" ");
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

  /** Whether a frame that is there already is one of ours. @param {Element} element @returns {element is HTMLIFrameElement} */
  function isFrame(element) {
    if (!(element instanceof HTMLIFrameElement)) return false;
    try {
      const { origin, pathname } = new URL(element.src || "about:blank", location.href);
      return origin === base.origin && pathname === new URL("embed", base).pathname;
    } catch {
      return false; // somebody else's, with an address that is none
    }
  }

  /** A length as a style has it. @param {string | number | undefined} given in pixels, or any that CSS knows */
  const length = (given) => (given && Number.isFinite(Number(given)) ? `${given}px` : String(given ?? ""));

  /** @param {Element} element @param {Options} options */
  function frameIn(element, options) {
    const frame = document.createElement("iframe");
    frame.title = options.title || "Unison: two strangers, one song, the same second";
    frame.setAttribute("sandbox", SANDBOX);
    frame.allow = "fullscreen";
    const usual = { width: "100%", height: element.clientHeight > 0 ? "100%" : "auto", aspectRatio: "16 / 9" };
    Object.assign(frame.style, { display: "block", border: "0", maxWidth: "100%", minHeight: "200px", ...usual });
    // what is no length leaves the usual one
    if (options.width) frame.style.width = length(options.width);
    if (options.height) frame.style.height = length(options.height);
    // a frame of another colour scheme than its element's is never transparent
    if (options.background === "transparent") frame.style.colorScheme = "light";
    element.append(frame);
    return frame;
  }

  /** @param {Element | string} target @param {Options} [given] @returns {Player} */
  function embed(target, given = {}) {
    const element = typeof target === "string" ? document.querySelector(target) : target;
    if (!element) throw new TypeError(`Unison.embed: nothing here is ${target}`);
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
   * @param {HTMLIFrameElement} frame @param {string | null} src to be loaded, or null where it is already
   * @param {unknown} lazy @param {() => void} onEnd
   */
  function createPlayer(frame, src, lazy, onEnd) {
    /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
    const asked = new Map();
    /** @type {Record<string, Set<(detail: any) => void>>} */
    const heard = Object.fromEntries(NAMES.map((name) => [name, new Set()]));
    let count = 0;
    let ended = false;
    /** @type {unknown} */
    let status = null; // as it was heard last
    /** @type {() => void} */
    let isReady = () => {};
    /** @type {(error: Error) => void} */
    let isOver = () => {};
    /** @type {Promise<void>} */
    const ready = new Promise((resolve, reject) => ([isReady, isOver] = [resolve, reject]));
    ready.catch(() => {}); // whoever waits for it is told; nobody need wait

    // what is said first goes to whoever is in the frame: it holds nothing, and before it loads that is not us
    const greet = () => frame.contentWindow?.postMessage({ unison: VERSION, type: "hello" }, "*");

    /** @param {MessageEvent} event */
    function hear({ source, origin, data }) {
      if (source === null || source !== frame.contentWindow || origin !== base.origin) return;
      if (data?.unison !== VERSION) return;
      if (data.type === "here") greet();
      else if (data.type === "ready") isReady();
      else if (data.type === "event" && Object.hasOwn(heard, data.name)) {
        if (data.name === "status") status = data.detail;
        heard[data.name].forEach((tell) => tell(data.detail));
      } else if (data.type === "answer") {
        const waiting = asked.get(data.id);
        asked.delete(data.id);
        if ("error" in data) waiting?.reject(new Error(data.error));
        else waiting?.resolve(data.value);
      }
    }

    const watch = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && load(), { rootMargin: NEAR });

    function load() {
      watch.disconnect();
      if (src !== null) frame.src = src;
      src = null;
    }

    /** @param {string} method @param {...unknown} args @returns {Promise<any>} */
    async function call(method, ...args) {
      if (ended) throw new Error("this embed was destroyed");
      load();
      await ready;
      count += 1;
      const message = { unison: VERSION, type: "call", id: count, method, args };
      return new Promise((resolve, reject) => {
        asked.set(count, { resolve, reject });
        frame.contentWindow?.postMessage(message, base.origin);
      });
    }

    window.addEventListener("message", hear);
    if (src === null) greet();
    else if (lazy === false || lazy === "0" || lazy === "false") load();
    else watch.observe(frame);

    return {
      ready,
      frame,
      pause: () => call("pause"),
      play: () => call("play"),
      setFilter: (/** @type {unknown} */ filter) => call("setFilter", filter),
      flyTo: (/** @type {unknown} */ place) => call("flyTo", place),
      on(/** @type {string} */ name, /** @type {(detail: any) => void} */ tell) {
        if (!NAMES.includes(name)) throw new TypeError(`Unison: an embed has no ${name}; it has ${NAMES.join(", ")}`);
        heard[name].add(tell);
        if (name === "status") queueMicrotask(() => status && heard.status.has(tell) && tell(status));
        return () => void heard[name].delete(tell);
      },
      async destroy() {
        if (ended) return;
        ended = true;
        window.removeEventListener("message", hear);
        watch.disconnect();
        const over = new Error("this embed was destroyed");
        isOver(over);
        asked.forEach(({ reject }) => reject(over));
        onEnd();
      },
    };
  }

  class UnisonGlobe extends HTMLElement {
    static observedAttributes = PARAMETERS;
    /** @type {Player | null} */
    player = null;
    waits = false;

    connectedCallback() {
      this.style.display ||= "block";
      this.begin();
    }

    disconnectedCallback() {
      this.player?.destroy();
      this.player = null;
    }

    attributeChangedCallback() {
      if (!this.player || this.waits) return;
      this.waits = true;
      queueMicrotask(() => {
        this.waits = false;
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

  /** Take in what is on the page by now. */
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
