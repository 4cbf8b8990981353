/** The settings: motion, whether the globe follows, and the switches of other parts; and the buttons that zoom. */
import { media } from "../common/mediaquery.js";
import { createSwitches } from "./switches.js";

const NEARER = 0.5; // for each press of a button, in zoomSteps

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @typedef {object} Moved  the globe, where there is one
 * @property {(calm: boolean) => void} setReducedMotion
 * @property {(now: boolean) => void} follow
 * @property {(by: number) => void} nearer
 */

/** @param {{globe: Moved, prefs: import("./switches.js").Prefs, switches: Record<string, import("./switches.js").Switch>}} options */
export function createSettings({ globe, prefs, switches }) {
  const wish = media("(prefers-reduced-motion: reduce)");
  let calm = wish.matches;
  let follows = true;

  /** @param {boolean} moving */
  function move(moving) {
    calm = !moving;
    document.documentElement.dataset.motion = moving ? "full" : "less";
    globe.setReducedMotion(calm);
  }

  /** @param {boolean} now */
  function lean(now) {
    follows = now;
    globe.follow(now);
  }

  const own = { motion: { on: !calm, turn: move }, follow: { on: follows, turn: lean } };
  const menu = createSwitches(find("settings"), { prefs, switches: { ...own, ...switches } });
  const undo = [wish.listen(() => menu.suggest("motion", !wish.matches))];
  for (const [id, by] of /** @type {const} */ ([["nearer", NEARER], ["farther", -NEARER]])) {
    const step = () => globe.nearer(by);
    find(id).addEventListener("click", step);
    undo.push(() => find(id).removeEventListener("click", step));
  }

  return {
    calm: () => calm,
    follows: () => follows,
    destroy() {
      undo.forEach((run) => run());
      menu.destroy();
    },
  };
}
