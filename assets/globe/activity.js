/** Where connections happen: the centre of the latest ones. Older ones fade slowly, so the centre moves slowly. Pure. */
import { scale } from "./geo.js";

const FADE_S = 8;
const ENOUGH = 4; // events for full weight

export function createActivity() {
  /** @type {Vector} */
  let sum = [0, 0, 0];
  let count = 0;

  return {
    /** @param {Vector} point of the unit sphere */
    add(point) {
      sum = [sum[0] + point[0], sum[1] + point[1], sum[2] + point[2]];
      count += 1;
    },
    /** Let time pass. @param {number} seconds */
    age(seconds) {
      const left = Math.exp(-seconds / FADE_S);
      sum = scale(sum, left);
      count *= left;
    },
    /** The centre, and its weight: near 1 if all happens in one place, near 0 if it happens everywhere or nowhere. */
    centre() {
      const length = Math.hypot(...sum);
      if (length < 1e-6) return { lon: 0, lat: 0, weight: 0 };
      const [x, y, z] = scale(sum, 1 / length);
      const sure = Math.min(1, count / ENOUGH);
      const lonDeg = (Math.atan2(x, -y) * 180) / Math.PI;
      return { lon: lonDeg, lat: (Math.asin(z) * 180) / Math.PI, weight: (length / Math.max(count, 1e-6)) ** 2 * sure };
    },
  };
}
