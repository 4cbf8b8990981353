/**
 * A named beacon: a steady, soft mark that stays at one place of the globe. It is a DOM element, moved only when the globe is
 * drawn.
 *
 * @typedef {{lon: number, lat: number, label: string}} Spot
 */
import { unit } from "./geo.js";

const EDGE_PX = 6;
const STEP_PX = 0.5;

/** @param {HTMLElement} stage  the element that has the labels */
export function createBeacon(stage) {
  const element = document.createElement("div");
  const name = document.createElement("span");
  /** @type {Vector | null} */
  let point = null;
  let [x, y, width] = [NaN, NaN, 0];
  element.className = "beacon";
  name.dir = "auto";
  element.append(document.createElement("i"), name);

  return {
    /** Move the beacon, or remove it. @param {Spot | null} spot */
    set(spot) {
      point = spot && unit(spot.lon, spot.lat);
      name.textContent = spot?.label ?? "";
      element.classList.remove("shown");
      if (spot) stage.append(element);
      else element.remove();
      [x, width] = [NaN, spot ? name.offsetWidth : 0];
    },
    /** @param {(point: Vector) => [number, number] | null} project  null on the far side @param {number} [light]  0..1 */
    update(project, light = 1) {
      if (!point) return;
      const at = project(point);
      element.style.setProperty("--light", String(light));
      element.classList.toggle("shown", at !== null);
      if (!at || Math.hypot(at[0] - x, at[1] - y) < STEP_PX) return;
      [x, y] = at;
      element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      element.classList.toggle("left", x + width + 3 * EDGE_PX > stage.clientWidth - EDGE_PX);
    },
    /** What labels must not cover, relative to the stage. @returns {import("./labellayout.js").Box[]} */
    boxes() {
      if (!element.classList.contains("shown")) return [];
      const { left, top } = stage.getBoundingClientRect();
      const box = name.getBoundingClientRect();
      const [from, to] = [Math.min(box.left - left, x - EDGE_PX), Math.max(box.right - left, x + EDGE_PX)];
      return [{ left: from, top: box.top - top, right: to, bottom: box.bottom - top }];
    },
    destroy: () => element.remove(),
  };
}
