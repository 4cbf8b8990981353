/**
 * Where the globe is looked at from: it turns slowly, leaves the viewer's hand alone, and goes on some seconds after.
 * Pure; globe.js feeds it time and deck's gestures.
 *
 * @param {{longitude: number, latitude: number, zoom: number}} start
 * @param {{turnDegPerS: number, restS: number}} habits
 */
import { wrapDegrees } from "./geo.js";

const EASE_S = 1.5;

/** @param {ViewState} start @param {{turnDegPerS: number, restS: number}} habits */
export function createCamera(start, { turnDegPerS, restS }) {
  let view = start;
  let held = false;
  let still = false;
  let idleS = Infinity;

  return {
    view: () => view,
    /** What the viewer's gesture made of it. @param {ViewState} next */
    take(next) {
      view = next;
      idleS = 0;
    },
    /** @param {boolean} now whether a gesture is going on */
    hold(now) {
      held = now;
      idleS = 0;
    },
    /** Stop turning, or go on. @param {boolean} now */
    rest(now) {
      still = now;
    },
    /** Fit the globe to another size, keeping how much nearer the viewer went. @param {number} by */
    zoom(by) {
      view = { ...view, zoom: view.zoom + by };
    },
    /** Move on; whether that changed the view. @param {number} seconds */
    advance(seconds) {
      if (held || still) return false;
      idleS += seconds;
      const eased = Math.min(1, Math.max(0, (idleS - restS) / EASE_S));
      if (eased === 0) return false;
      view = { ...view, longitude: wrapDegrees(view.longitude - turnDegPerS * eased * seconds) };
      return true;
    },
  };
}
