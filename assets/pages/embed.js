/**
 * The entry point of an embed's frame. It loads the player at once, or, with a poster, on a click. It stores nothing in the
 * browser.
 *
 * @typedef {object} Embed  the options in the frame's address, as the server read them
 * @property {string[]} notes  the options that could not be used, and why
 * @property {Record<string, string>} filters
 * @property {boolean} autorotate
 * @property {boolean} controls
 * @property {boolean} poster  whether the globe waits for a click
 * @property {boolean} lead  whether the lead story is told
 * @property {Connection | null} moment  shown instead of the stream
 * @property {number | null} at  the time to begin at, epoch seconds, instead of live
 */
/** @typedef {Awaited<ReturnType<typeof import("../embed/player.js").createPlayer>>} Player */

/** @type {Embed} */
const embed = JSON.parse(document.getElementById("embed")?.textContent ?? "{}");
for (const note of embed.notes ?? []) console.info(`Unison: ${note}`);

/** @type {Promise<Player> | null} */
let player = null;

function loadPlayer() {
  player ??= load();
  return player;
}

async function load() {
  document.body.dataset.globe = "loading";
  document.documentElement.dataset.scripted = "";
  const { createPlayer } = await import("../embed/player.js");
  return createPlayer(embed, host);
}

/** Messages to and from the host page. If they fail, the frame works without them. */
const connecting = import("../embed/hostmessages.js").then(({ createHostMessages }) =>
  createHostMessages(window, {
    methods: {
      play: async () => (await loadPlayer()).play(),
      pause: async () => (await player)?.pause(), // a poster does not move
      setFilter: async (filter) => (await loadPlayer()).setFilter(filter),
      flyTo: async (place) => (await loadPlayer()).flyTo(place),
    },
  }),
);
const host = await connecting.catch((error) => {
  console.warn(error);
  return { emit() {} };
});

const button = document.getElementById("load");
button?.addEventListener("click", () => {
  button.remove();
  loadPlayer().catch(fail);
});
if (embed.poster) host.emit("status", { stream: "none", globe: "poster", paused: false, source: "" });
else loadPlayer().catch(fail);

/** The player does not load: keep the list live with a script that needs no other. @param {unknown} error */
function fail(error) {
  console.warn(error);
  const script = document.createElement("script");
  script.src = new URL("fallback.js", import.meta.url).href;
  document.head.append(script);
}
