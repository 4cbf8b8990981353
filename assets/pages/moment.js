/** The page of one moment: the globe flies to its arc and draws it. A button replays it, another shares it. */
import { dateTime } from "../common/format.js";
import { say } from "../common/i18n.js";
import { localTimes } from "../common/localtimes.js";
import { mediaQuery } from "../common/mediaquery.js";
import { attempt, createParts } from "../common/parts.js";
import { browserStorage, createPreferences } from "../common/preferences.js";
import { sceneOfOne, viewpointOf } from "../globe/framing.js";
import { startAppearance } from "../ui/appearance.js";

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {ReturnType<typeof import("../ui/switches.js").createSwitches>} settings
 * @property {ReturnType<typeof import("../moment/sharedialog.js").createShareDialog>} shareDialog
 * @property {object} theme
 * @property {object} language
 */

const APPROACH_DEG = 75; // the globe begins this far west of the arc, and flies to it
const OVERLAYS = [".wordmark", ".tools > *", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {(id: string) => any} */
const readJson = (id) => JSON.parse(find(id).textContent ?? "");

/** @type {Connection} */
const connection = readJson("moment");
const at = viewpointOf(connection);
const stage = find("stage");
const system = mediaQuery("(prefers-reduced-motion: reduce)");
let reducedMotion = system.matches;
const prefs = createPreferences(browserStorage());
/** @type {ReturnType<typeof createParts<Parts>>} */
const parts = createParts({
  note: find("failed-parts"),
  names: { theme: say("Theme"), language: say("Language"), settings: say("Settings"), shareDialog: say("Share") },
  controls: { theme: "#theme", settings: "#settings-open", shareDialog: "#share-open" },
  onFail: { globe: () => (document.body.dataset.globe = "none") }, // the style sheet then shows a notice on the stage
});
const { start, use } = parts;

/** @param {(globe: import("../globe/view.js").Globe) => void} act */
const withGlobe = (act) => void use("globe", (view) => view.withGlobe(act));

const viewed = start("globe", () => import("../globe/view.js"), ({ createView }) => {
  const scene = sceneOfOne(readJson("scene"), connection);
  const saveTheme = (/** @type {string} */ choice) => prefs.save("theme", choice);
  const view = createView(stage, { scene, above: at, overlays: OVERLAYS, saveTheme });
  const colours = view.colours(connection.track).css;
  colours.forEach((colour, end) => find("told").style.setProperty(`--colour-${end}`, colour));
  view.connect(connection);
  return view;
});
startAppearance(parts, viewed, prefs);
start("shareDialog", () => import("../moment/sharedialog.js"), ({ createShareDialog }) =>
  createShareDialog(/** @type {HTMLDialogElement} */ (find("share")), { prefs }),
);
const settingsRun = start("settings", () => import("../ui/switches.js"), ({ createSwitches }) =>
  createSwitches(find("settings"), { prefs, switches: { motion: { on: !reducedMotion, set: setMotion } } }),
);
system.listen(() => use("settings", (settings) => settings.suggest("motion", !system.matches)));
find("share-open").addEventListener("click", () => use("shareDialog", (dialog) => dialog.open(connection)));
find("again").addEventListener("click", replay);
attempt(() => {
  const [inUtc, local] = [dateTime(connection.at, "UTC"), dateTime(connection.at)]; // in the visitor's own format
  find("when").textContent = `${inUtc} UTC`;
  const times = document.getElementById("local-times"); // none where the server does not know a time zone
  if (times) times.textContent = localTimes(connection) || times.textContent;
  find("local").textContent = say("{time} in your time zone", { time: local });
  find("local").hidden = local === inUtc;
});
Promise.all([viewed, settingsRun]).then(() => {
  const longitude = at.lon - (reducedMotion ? 0 : APPROACH_DEG);
  use("globe", (view) => view.start({ reducedMotion: () => reducedMotion, longitude, onGlobe: replay }));
});
document.documentElement.dataset.started = ""; // boot.js checks it

/** @param {boolean} on */
function setMotion(on) {
  reducedMotion = !on;
  document.documentElement.dataset.motion = on ? "full" : "less";
  withGlobe((globe) => globe.setReducedMotion(reducedMotion));
}

function replay() {
  withGlobe((globe) => globe.spotlight(connection, { again: true, alone: true }));
  if (!reducedMotion) withGlobe((globe) => globe.glow(connection));
  stage.dataset.played = String(Number(stage.dataset.played ?? 0) + 1);
}
