/** The page of one moment: the globe flies to its arc and plays it, again and again if wished; and it can be shared. */
import { dateTime } from "../common/format.js";
import { say } from "../common/i18n.js";
import { media } from "../common/mediaquery.js";
import { attempt, createParts } from "../common/parts.js";
import { browserStorage, createPreferences } from "../common/preferences.js";
import { frameConnection, viewpointOf, isNear } from "../globe/framing.js";
import { startAppearance } from "../ui/appearance.js";

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {ReturnType<typeof import("../ui/switches.js").createSwitches>} menu
 * @property {ReturnType<typeof import("../moment/sharedialog.js").createShareDialog>} share
 * @property {object} theme
 * @property {object} language
 */

const APPROACH_DEG = 75; // to the west of the arc, from where the globe flies to it
const OVER_STAGE = [".wordmark", ".tools", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {(id: string) => any} */
const told = (id) => JSON.parse(find(id).textContent ?? "");

/** @type {Connection} */
const connection = told("moment");
const at = viewpointOf(connection);
const stage = find("stage");
stage.toggleAttribute("data-near", isNear(connection));
const wish = media("(prefers-reduced-motion: reduce)");
let calm = wish.matches;
const prefs = createPreferences(browserStorage());
/** @type {ReturnType<typeof createParts<Parts>>} */
const parts = createParts({
  note: find("trouble"),
  names: { theme: say("Theme"), language: say("Language"), menu: say("Settings"), share: say("Share") },
  controls: { theme: "#theme", menu: "#settings-open", share: "#share-open" },
  onFail: { globe: () => (document.body.dataset.globe = "none") }, // which says so on the stage
});
const { start, use } = parts;

/** @param {(globe: import("../globe/view.js").Globe) => void} act */
const withGlobe = (act) => void use("globe", (view) => view.draw(act));

const viewed = start("globe", () => import("../globe/view.js"), ({ createView }) => {
  const scene = frameConnection(told("scene"), connection);
  const view = createView(stage, { scene, above: at, over: OVER_STAGE, keep: (wished) => prefs.keep("theme", wished) });
  const colours = view.colours(connection.track).css;
  colours.forEach((colour, end) => find("told").style.setProperty(`--colour-${end}`, colour));
  view.connect(connection);
  return view;
});
startAppearance(parts, viewed, prefs);
start("share", () => import("../moment/sharedialog.js"), ({ createShareDialog }) =>
  createShareDialog(/** @type {HTMLDialogElement} */ (find("share")), { prefs }),
);
const settled = start("menu", () => import("../ui/switches.js"), ({ createSwitches }) =>
  createSwitches(find("settings"), { prefs, switches: { motion: { on: !calm, turn: move } } }),
);
wish.listen(() => use("menu", (menu) => menu.suggest("motion", !wish.matches)));
find("share-open").addEventListener("click", () => use("share", (share) => share.open(connection)));
find("again").addEventListener("click", play);
attempt(() => {
  const [there, here] = [dateTime(connection.at, "UTC"), dateTime(connection.at)]; // as the visitor's region writes them
  find("when").textContent = `${there} UTC`;
  find("local").textContent = say("{time} where you are", { time: here });
  find("local").hidden = here === there;
});
Promise.all([viewed, settled]).then(() => {
  const longitude = at.lon - (calm ? 0 : APPROACH_DEG);
  use("globe", (view) => view.start({ calm: () => calm, longitude, onGlobe: play }));
});
document.documentElement.dataset.started = ""; // boot.js looks for it

/** @param {boolean} moving */
function move(moving) {
  calm = !moving;
  document.documentElement.dataset.motion = moving ? "full" : "less";
  withGlobe((globe) => globe.setReducedMotion(calm));
}

function play() {
  withGlobe((globe) => globe.replay(connection, { alone: true, at }));
  if (!calm) withGlobe((globe) => globe.glow(connection));
  stage.dataset.played = String(Number(stage.dataset.played ?? 0) + 1);
}
