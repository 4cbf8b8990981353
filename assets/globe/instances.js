/**
 * What the globe draws now, as rows of 16 numbers that the shaders read: one row per arc, pulse, spark or flare. A row is reused
 * once its time is over. When all rows are in use, the one that ends first is replaced.
 *
 * A row: from (x, y, z), angle | tangent (x, y, z), height, or a flare's strength | first colour, birth | second colour, kind. `colours` is
 * called again when the theme changes.
 *
 * @typedef {{flightS: number[], holdS: number, fadeS: number, pulseS: number, sparkS: number}} Durations
 * @typedef {{from: Vector, to?: Vector, colours: () => number[][], kind?: number, strength?: number}} Shape
 */
import { arcHeight, greatCircle } from "./geo.js";

export const ROW = 16;
/**
 * own: an arc that touches the visitor's city; spot: the arc in the spotlight, which stays; dashed: from the visitor's city to
 * that of the play that came closest to theirs.
 */
export const KIND = { dashed: -3, spot: -2, own: -1, arc: 0, pulse: 1, spark: 2, flare: 3 };
export const STANDS_S = 1.7; // after landing: the age at which the arc in the spotlight stays
export const DASHED_HOLDS = 6; // a dashed arc stays so many times as long as others
const LONG_AGO = -1e9; // a birth: what was born then is over
const REBASE_S = 3600; // births are 32-bit floats: near zero they are exact to a millisecond

/** Seconds from birth to landing; longer arcs take longer. @type {(angle: number, durations: Durations) => number} */
export function flight(angle, { flightS }) {
  return flightS[0] + (flightS[1] - flightS[0]) * (angle / Math.PI);
}

/** Seconds from birth to the end; the arc in the spotlight has none. @type {(kind: number, angle: number, durations: Durations) => number} */
export function lifetime(kind, angle, durations) {
  if (kind === KIND.spot) return Infinity;
  if (kind === KIND.pulse || kind === KIND.flare) return durations.pulseS;
  const holdS = durations.holdS * (kind === KIND.dashed ? DASHED_HOLDS : 1);
  return kind === KIND.spark ? durations.sparkS : flight(angle, durations) + holdS + durations.fadeS;
}

/** @param {number} capacity @param {Durations} durations */
export function createInstances(capacity, durations) {
  const rows = new Float32Array(capacity * ROW);
  const endsAt = new Float64Array(capacity).fill(-Infinity);
  /** @type {Shape["colours"][]} */
  const coloursOf = new Array(capacity);
  /** @type {Set<number>} */
  const changed = new Set();
  let used = 0;
  let epoch = 0;

  /** A free row, or the one that ends first. @param {number} now */
  function freeRow(now) {
    let first = 0;
    for (let row = 0; row < capacity; row++) {
      if (endsAt[row] <= now) return row;
      if (endsAt[row] < endsAt[first]) first = row;
    }
    return first;
  }

  /** @param {number} now */
  function rebase(now) {
    for (let row = 0; row < used; row++) {
      rows[row * ROW + 11] -= now - epoch;
      changed.add(row);
    }
    epoch = now;
  }

  /** @param {number} row */
  function colour(row) {
    const colours = coloursOf[row]();
    rows.set(colours[0], row * ROW + 8);
    rows.set(colours[colours.length - 1], row * ROW + 12);
    changed.add(row);
  }

  return {
    rows,
    capacity,
    /** Rows to send to the GPU; the layer empties this. */
    changed,
    /** How many rows from the first may be in use. */
    used: () => used,
    /** The time in the unit of the rows' births. @param {number} now */
    time: (now) => now - epoch,
    /** Add something. Returns how many seconds it lives. @param {Shape} shape @param {number} now */
    add({ from, to = from, colours, kind = KIND.arc, strength = 0 }, now) {
      const { tangent, angle } = greatCircle(from, to);
      const row = freeRow(now);
      const height = kind <= KIND.arc ? arcHeight(angle) : strength;
      rows.set([...from, angle, ...tangent, height, 0, 0, 0, now - epoch, 0, 0, 0, kind], row * ROW);
      coloursOf[row] = colours;
      colour(row);
      endsAt[row] = now + lifetime(kind, angle, durations);
      used = Math.max(used, row + 1);
      return endsAt[row] - now;
    },
    /** Let the arc in the spotlight go: it fades from the age at which it stood. @param {number} now */
    unspot(now) {
      for (let row = 0; row < used; row++) {
        if (rows[row * ROW + 15] !== KIND.spot || endsAt[row] <= now) continue;
        const angle = rows[row * ROW + 3];
        const age = Math.min(now - epoch - rows[row * ROW + 11], flight(angle, durations) + STANDS_S);
        rows[row * ROW + 11] = now - epoch - age;
        rows[row * ROW + 15] = KIND.own;
        endsAt[row] = now + lifetime(KIND.own, angle, durations) - age;
        changed.add(row);
      }
    },
    /** Free the rows whose time is over. @param {number} now */
    expire(now) {
      while (used > 0 && endsAt[used - 1] <= now) used -= 1;
      if (now - epoch > REBASE_S) rebase(now);
    },
    /** Get the colours of all rows in use again. @param {number} now */
    recolour(now) {
      for (let row = 0; row < used; row++) if (endsAt[row] > now) colour(row);
    },
    /** Free the rows of a kind. @param {number} kind */
    drop(kind) {
      for (let row = 0; row < used; row++) {
        if (rows[row * ROW + 15] !== kind || endsAt[row] === -Infinity) continue;
        endsAt[row] = -Infinity;
        rows[row * ROW + 11] = LONG_AGO;
        changed.add(row);
      }
    },
    /** Free all rows. */
    clear() {
      endsAt.fill(-Infinity);
      used = 0;
    },
    /** Mark all rows as changed, for a new GPU texture. */
    touch() {
      for (let row = 0; row < used; row++) changed.add(row);
    },
  };
}
