/** The settings panel of the main page, with the switches of all parts; and the zoom buttons. */
import { mediaQuery } from "../common/mediaquery.js";
import { createSwitches } from "./switches.js";

const ZOOM_LEVELS = 0.5; // per press of a button

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @typedef {object} Globe
 * @property {(now: boolean) => void} setReducedMotion
 * @property {(now: boolean) => void} follow
 * @property {(levels: number) => void} zoomBy
 *
 * @typedef {object} SettingsOptions
 * @property {Globe} globe
 * @property {import("./switches.js").Prefs} prefs
 * @property {Record<string, import("./switches.js").Switch>} switches  of other parts
 */

/** @param {SettingsOptions} options */
export function createSettings({ globe, prefs, switches }) {
  const system = mediaQuery("(prefers-reduced-motion: reduce)");
  let reducedMotion = system.matches;
  let follows = true;

  /** @param {boolean} on */
  function setMotion(on) {
    reducedMotion = !on;
    document.documentElement.dataset.motion = on ? "full" : "less";
    globe.setReducedMotion(reducedMotion);
  }

  /** @param {boolean} on */
  function setFollow(on) {
    follows = on;
    globe.follow(on);
  }

  const own = { motion: { on: !reducedMotion, set: setMotion }, follow: { on: follows, set: setFollow } };
  const panel = createSwitches(find("settings"), { prefs, switches: { ...own, ...switches } });
  const cleanups = [system.listen(() => panel.suggest("motion", !system.matches))];
  for (const [id, levels] of /** @type {const} */ ([["zoom-in", ZOOM_LEVELS], ["zoom-out", -ZOOM_LEVELS]])) {
    const zoom = () => globe.zoomBy(levels);
    find(id).addEventListener("click", zoom);
    cleanups.push(() => find(id).removeEventListener("click", zoom));
  }

  return {
    reducedMotion: () => reducedMotion,
    follows: () => follows,
    destroy() {
      cleanups.forEach((run) => run());
      panel.destroy();
    },
  };
}
