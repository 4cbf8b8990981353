// The fallback where the page's own script fails: it keeps the list live without any other module, and shows a note.
(() => {
  const LISTED = 60;
  const SILENCE_MS = 6000;
  const FIRST_MS = 500;
  const MAX_MS = 20_000;
  const FILTERS = ["artist", "track", "country", "city"];

  /** @param {string} text @returns {any} */
  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  const messages = parsed(document.getElementById("words")?.textContent ?? "") ?? {};

  /** @param {string} key @param {Record<string, string>} [values] */
  function say(key, values = {}) {
    const message = typeof messages[key] === "string" ? messages[key] : key;
    return message.replace(/\{(\w+)\}/g, (/** @type {string} */ all, /** @type {string} */ name) => values[name] ?? all);
  }

  const list = document.getElementById("feed");
  const status = document.getElementById("status");
  const hasList = list !== null && status !== null;
  const note = document.getElementById("failed-parts") ?? document.createElement("p");
  note.id = "failed-parts";
  note.setAttribute("role", "status");
  if (!note.isConnected) document.querySelector("main")?.prepend(note);
  note.textContent = hasList
    ? say("Only the list works. Reload the page to try again.")
    : say("Parts of this page do not work. Reload the page to try again.");
  note.hidden = false;
  document.documentElement.dataset.started = "fallback";
  document.body.dataset.globe = "none";
  if (!list || !status || "moment" in document.documentElement.dataset) return;

  /** @param {string} state @param {string} text */
  function showState(state, text) {
    document.body.dataset.stream = state;
    if (status) [status.dataset.state, status.textContent] = [state, text];
  }

  const SOURCES = /** @type {Record<string, string>} */ ({
    live: say("live"),
    synthetic: say("simulated"),
    replay: say("replay"),
  });
  /** @type {Set<string>} */
  const sources = new Set();

  /** Add a source to the badge. @param {string} name */
  function addSource(name) {
    const element = document.getElementById("sources");
    if (!element || !SOURCES[name] || sources.has(name)) return;
    sources.add(name);
    element.dataset.sources = [...sources].join(" ");
    element.textContent = [...sources].map((each) => SOURCES[each]).join(", ");
  }

  /** A country's name in the page's language. @param {any} place */
  function countryName({ country, country_code }) {
    try {
      const names = new Intl.DisplayNames([document.documentElement.lang, "en"], { type: "region", fallback: "none" });
      return names.of(country_code) ?? country;
    } catch {
      return country;
    }
  }

  /** @param {any} [place] */
  function placeName(place = {}) {
    const { city, country, label = city } = place;
    return city === country ? label : [label, countryName(place)].join(", ");
  }

  /** @param {any} connection */
  function addItem({ id, source, track, from, to }) {
    addSource(source);
    if (!list || [...list.children].some((item) => /** @type {HTMLElement} */ (item).dataset.id === id)) return;
    const [item, heading, cities] = ["li", "h3", "p"].map((tag) => document.createElement(tag));
    item.dataset.id = id;
    heading.textContent = say("{title} by {artist}", { title: track.title, artist: track.artist });
    cities.textContent = say("{one} and {other}", { one: placeName(from), other: placeName(to) });
    item.append(heading, cities);
    list.prepend(item);
    if (list.children.length > LISTED) list.lastElementChild?.remove();
    document.body.classList.remove("empty");
  }

  /** @param {any} connection */
  function show(connection) {
    try {
      addItem(connection);
    } catch (error) {
      console.warn(error); // a malformed connection
    }
  }

  let position = "";
  let failures = 0;

  function open() {
    const asked = new URLSearchParams(location.search);
    const query = new URLSearchParams(FILTERS.flatMap((name) => asked.getAll(name).map((value) => [name, value])));
    if (position) query.set("since", position);
    const socket = new WebSocket(`${new URL("stream", location.href).href.replace(/^http/, "ws")}?${query}`);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let silenceTimer;
    let stream = "";

    function watch() {
      clearTimeout(silenceTimer);
      silenceTimer = setTimeout(reconnect, SILENCE_MS);
    }

    function reconnect() {
      clearTimeout(silenceTimer);
      socket.onmessage = socket.onclose = null;
      socket.close();
      showState("lost", say("Disconnected"));
      failures += 1;
      setTimeout(open, Math.min(MAX_MS, FIRST_MS * 2 ** failures) * (0.5 + Math.random() / 2));
    }

    socket.onmessage = ({ data }) => {
      const message = parsed(data);
      watch();
      if (message?.type === "hello") {
        [stream, failures] = [message.stream, 0];
        showState("live", say("Connected"));
        [...(message.recent ?? [])].reverse().forEach(show);
      }
      (message?.connections ?? []).forEach(show);
      if (message?.seq !== undefined) position = `${stream}:${message.seq}`;
    };
    socket.onclose = reconnect;
    watch();
  }

  open();
})();
