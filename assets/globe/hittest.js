/**
 * Which connection is meant by a point of the picture: the arc that passes nearest, as it is drawn at that moment. Pure
 * geometry over what is up, so that nothing is read back from the GPU.
 *
 * @typedef {object} Arc
 * @property {Connection} connection
 * @property {Vector} from
 * @property {Vector} to
 * @property {number} born   seconds of the page's clock
 * @property {number} lands
 * @property {number} until
 *
 * @typedef {(point: Vector) => [number, number] | null} Project  null on the far side
 */
import { arcPoint } from "./geo.js";

const STEPS = 32; // pieces of an arc: straight enough

/** How far a point is from the piece between two others. @type {(p: number[], a: number[], b: number[]) => number} */
export function distanceToSegment(p, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square;
  const u = Math.min(1, Math.max(0, along));
  return Math.hypot(p[0] - a[0] - u * dx, p[1] - a[1] - u * dy);
}

/**
 * How far a point of the picture is from an arc, in pixels; Infinity where none of it is seen. An arc that still grows
 * is as long as it is drawn.
 *
 * @type {(arc: Arc, at: [number, number], now: number, project: Project) => number}
 */
export function distanceToArc({ from, to, born, lands }, at, now, project) {
  const t = lands > born ? Math.min(1, Math.max(0, (now - born) / (lands - born))) : 1;
  const head = t * t * (3 - 2 * t);
  let best = Infinity;
  /** @type {[number, number] | null} */
  let last = null;
  for (let i = 0; i <= STEPS; i++) {
    const next = project(arcPoint(from, to, (head * i) / STEPS));
    if (next) best = Math.min(best, distanceToSegment(at, last ?? next, next));
    last = next;
  }
  return best;
}

/** @param {{most?: number}} [options] */
export function createHitTester({ most = 512 } = {}) {
  /** @type {Arc[]} */
  let arcs = [];

  return {
    /** @param {Arc} arc what just went up */
    add(arc) {
      arcs = [...arcs.filter(({ until }) => until > arc.born), arc].slice(-most);
    },
    /** The connection nearest to a point, within so many pixels; of two as near the newer. */
    /** @type {(at: [number, number], reach: number, now: number, project: Project) => Connection | null} */
    at(at, reach, now, project) {
      let [best, found] = [reach, /** @type {Connection | null} */ (null)];
      for (const arc of arcs) {
        const off = arc.born <= now && now < arc.until ? distanceToArc(arc, at, now, project) : Infinity;
        if (off <= best) [best, found] = [off, arc.connection];
      }
      return found;
    },
    /** A connection that is up, or was a moment ago. @type {(id: string) => Connection | null} */
    byId: (id) => arcs.find(({ connection }) => connection.id === id)?.connection ?? null,
    clear() {
      arcs = [];
    },
  };
}
