/**
 * Hit testing: which connection is at a point of the screen, by the nearest arc as it is drawn at that moment. It computes
 * this from geometry, so that nothing is read back from the GPU. Pure.
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

const STEPS = 32; // segments of an arc

/** The distance of a point from a line segment. @type {(p: number[], a: number[], b: number[]) => number} */
export function distanceToSegment(p, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square;
  const u = Math.min(1, Math.max(0, along));
  return Math.hypot(p[0] - a[0] - u * dx, p[1] - a[1] - u * dy);
}

/**
 * The distance of a point on screen from an arc, in pixels; Infinity where none of the arc is in view. A growing arc counts
 * as far as it is drawn.
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

/** @param {{max?: number}} [options] */
export function createHitTester({ max = 512 } = {}) {
  /** @type {Arc[]} */
  let arcs = [];

  return {
    /** @param {Arc} arc  one that begins now */
    add(arc) {
      arcs = [...arcs.filter(({ until }) => until > arc.born), arc].slice(-max);
    },
    /**
     * The connection nearest to a point, within a reach in pixels. Of two equally near ones, the newer.
     *
     * @type {(at: [number, number], reach: number, now: number, project: Project) => Connection | null}
     */
    at(at, reach, now, project) {
      let [best, found] = [reach, /** @type {Connection | null} */ (null)];
      for (const arc of arcs) {
        const distance = arc.born <= now && now < arc.until ? distanceToArc(arc, at, now, project) : Infinity;
        if (distance <= best) [best, found] = [distance, arc.connection];
      }
      return found;
    },
    /** A connection that is drawn, or was a moment ago. @type {(id: string) => Connection | null} */
    byId: (id) => arcs.find(({ connection }) => connection.id === id)?.connection ?? null,
    /** Whether an arc that has landed is drawn. @type {(id: string, now: number) => boolean} */
    hasLanded: (id, now) =>
      arcs.some(({ connection, lands, until }) => connection.id === id && lands <= now && now < until),
    /** What had no end ends now. @param {number} until */
    unspot(until) {
      for (const arc of arcs) if (arc.until === Infinity) arc.until = until;
    },
    clear() {
      arcs = [];
    },
  };
}
