/** The page of one moment: the globe flies to its arc and plays it, again and again if wished; and it can be shared. */
import { aimed, aimOf, isNear } from "./aim.js";
import { loadGlobe } from "./bundle.js";
import { createClock } from "./clock.js";
import { dateTime } from "./format.js";
import { createLanguageChoice } from "./language.js";
import { createMenu } from "./menu.js";
import { boxesOver } from "./over.js";
import { songColours } from "./palette.js";
import { browserStorage, createPrefs } from "./prefs.js";
import { createShare } from "./share.js";
import { createStill } from "./still.js";
import { createTheme, createThemeChoice } from "./theme.js";
import { say } from "./words.js";

const APPROACH_DEG = 75; // to the west of the arc, from where the globe flies to it
const OVER_STAGE = [".wordmark", ".tools", "footer"];

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {(id: string) => any} */
const told = (id) => JSON.parse(find(id).textContent ?? "");

/** @type {Connection} */
const connection = told("moment");
const scene = aimed(told("scene"), connection);
const at = aimOf(connection);
const stage = find("stage");
stage.toggleAttribute("data-near", isNear(connection));
const wish = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {ReturnType<typeof import("./globe.js").createGlobe> | null} */
let globe = null;
let calm = wish.matches;
const prefs = createPrefs(browserStorage());
const theme = createTheme(document.documentElement, {
  themes: scene.themes,
  onLook: () => globe?.repaint(theme.layers()),
  keep: (wished) => prefs.keep("theme", wished),
});
createThemeChoice(find("theme"), theme);
createLanguageChoice(find("languages"), { keep: (language) => prefs.keep("language", language) });
const colours = songColours(() => theme.layers().arcs.pairs);
colours(connection.track).css.forEach((colour, end) => find("told").style.setProperty(`--colour-${end}`, colour));
const still = createStill(/** @type {HTMLElement} */ (stage.querySelector(".poster")), {
  lonDeg: at.lon,
  latDeg: at.lat,
  away: 3.8,
});
still.connect(connection, colours(connection.track).css);
const menu = createMenu(find("settings"), { prefs, switches: { motion: { on: !calm, turn: move } } });
wish.addEventListener("change", () => menu.suggest("motion", !wish.matches));
const share = createShare(/** @type {HTMLDialogElement} */ (find("share")), { prefs });
find("share-open").addEventListener("click", () => share.open(connection));
find("again").addEventListener("click", play);
const [there, here] = [dateTime(connection.at, "UTC"), dateTime(connection.at)]; // as the visitor's region writes them
find("when").textContent = `${there} UTC`;
find("local").textContent = say("{time} where you are", { time: here });
find("local").hidden = here === there;
start().catch((error) => {
  console.warn(error);
  document.body.dataset.globe = "none";
  still.stay();
});

/** @param {boolean} moving */
function move(moving) {
  calm = !moving;
  document.documentElement.dataset.motion = moving ? "full" : "less";
  globe?.soothe(calm);
}

function play() {
  globe?.replay(connection, { alone: true, at });
  if (!calm) globe?.glow(connection);
  stage.dataset.played = String(Number(stage.dataset.played ?? 0) + 1);
}

async function start() {
  const { createGlobe, fields } = await loadGlobe();
  globe = createGlobe(stage, {
    scene,
    fields,
    clock: createClock(location.search),
    calm,
    longitude: at.lon - (calm ? 0 : APPROACH_DEG),
    colours,
    mine: () => false,
    paint: theme.layers(),
    obstacles: () => boxesOver(stage, OVER_STAGE),
  });
  still.leave();
  document.body.dataset.globe = "ready";
  play();
}
