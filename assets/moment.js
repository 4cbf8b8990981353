/** The page of one moment: the globe flies to its arc and plays it, again and again if wished; and it can be shared. */
import { aimed, aimOf, isNear } from "./aim.js";
import { dateTime } from "./format.js";
import { createLanguageChoice } from "./language.js";
import { createMenu } from "./menu.js";
import { browserStorage, createPrefs } from "./prefs.js";
import { createShare } from "./share.js";
import { createThemeChoice } from "./theme.js";
import { createView } from "./view.js";
import { say } from "./words.js";

const APPROACH_DEG = 75; // to the west of the arc, from where the globe flies to it
const OVER_STAGE = [".wordmark", ".tools", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {(id: string) => any} */
const told = (id) => JSON.parse(find(id).textContent ?? "");

/** @type {Connection} */
const connection = told("moment");
const at = aimOf(connection);
const stage = find("stage");
stage.toggleAttribute("data-near", isNear(connection));
const wish = matchMedia("(prefers-reduced-motion: reduce)");
let calm = wish.matches;
const prefs = createPrefs(browserStorage());
const view = createView(stage, {
  scene: aimed(told("scene"), connection),
  above: at,
  over: OVER_STAGE,
  keep: (wished) => prefs.keep("theme", wished),
});
createThemeChoice(find("theme"), view.theme);
createLanguageChoice(find("languages"), { keep: (language) => prefs.keep("language", language) });
view.colours(connection.track).css.forEach((colour, end) => find("told").style.setProperty(`--colour-${end}`, colour));
view.connect(connection);
const menu = createMenu(find("settings"), { prefs, switches: { motion: { on: !calm, turn: move } } });
wish.addEventListener("change", () => menu.suggest("motion", !wish.matches));
const share = createShare(/** @type {HTMLDialogElement} */ (find("share")), { prefs });
find("share-open").addEventListener("click", () => share.open(connection));
find("again").addEventListener("click", play);
const [there, here] = [dateTime(connection.at, "UTC"), dateTime(connection.at)]; // as the visitor's region writes them
find("when").textContent = `${there} UTC`;
find("local").textContent = say("{time} where you are", { time: here });
find("local").hidden = here === there;
view.start({ calm: () => calm, longitude: at.lon - (calm ? 0 : APPROACH_DEG), onGlobe: play });

/** @param {boolean} moving */
function move(moving) {
  calm = !moving;
  document.documentElement.dataset.motion = moving ? "full" : "less";
  view.globe()?.soothe(calm);
}

function play() {
  view.globe()?.replay(connection, { alone: true, at });
  if (!calm) view.globe()?.glow(connection);
  stage.dataset.played = String(Number(stage.dataset.played ?? 0) + 1);
}
