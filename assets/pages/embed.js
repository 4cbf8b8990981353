/**
 * The globe in a frame on somebody else's page: what is small comes first, the globe at once or on a click. Nothing is
 * kept in the browser.
 *
 * @typedef {object} Embed  what the address asks for, as the server read it
 * @property {string[]} notes  what of it could not be used
 * @property {Record<string, string>} filters
 * @property {boolean} autorotate
 * @property {boolean} controls
 * @property {boolean} poster  whether the globe waits for a click
 * @property {Connection | null} moment  what is shown in place of the stream
 * @property {number | null} at  the time to begin at, epoch seconds, in place of now
 */
/** @typedef {Awaited<ReturnType<typeof import("../embed/player.js").show>>} Shown */

/** @type {Embed} */
const embed = JSON.parse(document.getElementById("embed")?.textContent ?? "{}");
for (const note of embed.notes ?? []) console.info(`Unison: ${note}`);

/** @type {Promise<Shown> | null} */
let shown = null;

function show() {
  shown ??= load();
  return shown;
}

async function load() {
  document.body.dataset.globe = "loading";
  document.documentElement.dataset.scripted = "";
  const { show: begin } = await import("../embed/player.js");
  return begin(embed, bridge);
}

/** Without it the frame shows what it would, and the page around cannot speak with it. */
const bridging = import("../embed/hostmessages.js").then(({ createHostMessages }) =>
  createHostMessages(window, {
    methods: {
      play: async () => (await show()).play(),
      pause: async () => (await shown)?.pause(), // a picture does not move
      setFilter: async (filter) => (await show()).setFilter(filter),
      flyTo: async (place) => (await show()).flyTo(place),
    },
  }),
);
const bridge = await bridging.catch((error) => {
  console.warn(error);
  return { tell() {} };
});

const button = document.getElementById("load");
button?.addEventListener("click", () => {
  button.remove();
  show().catch(fail);
});
if (embed.poster) bridge.tell("status", { stream: "none", globe: "poster", paused: false, source: "" });
else show().catch(fail);

/** The frame's own scripts fail: one that stands by itself keeps the list live. @param {unknown} error */
function fail(error) {
  console.warn(error);
  const script = document.createElement("script");
  script.src = new URL("fallback.js", import.meta.url).href;
  document.head.append(script);
}
