/**
 * What is on the globe now, as rows of 16 numbers that the shaders read: one row an arc, pulse or spark. A row is taken
 * by what comes next once its time is over; when all are taken, the one that ends first gives way.
 *
 * A row: from (x, y, z), angle | tangent (x, y, z), height | first colour, birth | second colour, kind. What its
 * colours are is asked again when the theme changes.
 *
 * @typedef {{flightS: number[], holdS: number, fadeS: number, pulseS: number, sparkS: number}} Timeline
 * @typedef {{from: Vector, to?: Vector, colours: () => number[][], kind?: number}} Shape
 */
import { arcHeight, greatCircle } from "./geo.js";

export const ROW = 16;
export const KIND = { own: -1, arc: 0, pulse: 1, spark: 2 }; // own: an arc that touches the visitor's city
const REBASE_S = 3600; // births are 32-bit floats: kept near zero they stay exact to a millisecond

/** Seconds from birth to landing; farther takes longer. @type {(angle: number, timeline: Timeline) => number} */
export function flight(angle, { flightS }) {
  return flightS[0] + (flightS[1] - flightS[0]) * (angle / Math.PI);
}

/** Seconds from birth to the end. @type {(kind: number, angle: number, timeline: Timeline) => number} */
export function lifetime(kind, angle, timeline) {
  if (kind === KIND.pulse) return timeline.pulseS;
  return kind === KIND.spark ? timeline.sparkS : flight(angle, timeline) + timeline.holdS + timeline.fadeS;
}

/** @param {number} capacity @param {Timeline} timeline */
export function createInstances(capacity, timeline) {
  const rows = new Float32Array(capacity * ROW);
  const endsAt = new Float64Array(capacity).fill(-Infinity);
  /** @type {Shape["colours"][]} */
  const coloursOf = new Array(capacity);
  /** @type {Set<number>} */
  const changed = new Set();
  let used = 0;
  let epoch = 0;

  /** @param {number} now */
  function free(now) {
    let first = 0;
    for (let slot = 0; slot < capacity; slot++) {
      if (endsAt[slot] <= now) return slot;
      if (endsAt[slot] < endsAt[first]) first = slot;
    }
    return first;
  }

  /** @param {number} now */
  function rebase(now) {
    for (let slot = 0; slot < used; slot++) {
      rows[slot * ROW + 11] -= now - epoch;
      changed.add(slot);
    }
    epoch = now;
  }

  /** @param {number} slot */
  function colour(slot) {
    const colours = coloursOf[slot]();
    rows.set(colours[0], slot * ROW + 8);
    rows.set(colours[colours.length - 1], slot * ROW + 12);
    changed.add(slot);
  }

  return {
    rows,
    capacity,
    /** Rows to be sent to the GPU, which empties this. */
    changed,
    /** How many rows from the first may be alive. */
    used: () => used,
    /** The time as the rows have it. @param {number} now */
    time: (now) => now - epoch,
    /** Put something up; gives the seconds it lives. @param {Shape} shape @param {number} now */
    add({ from, to = from, colours, kind = KIND.arc }, now) {
      const { tangent, angle } = greatCircle(from, to);
      const slot = free(now);
      const height = kind <= KIND.arc ? arcHeight(angle) : 0;
      rows.set([...from, angle, ...tangent, height, 0, 0, 0, now - epoch, 0, 0, 0, kind], slot * ROW);
      coloursOf[slot] = colours;
      colour(slot);
      endsAt[slot] = now + lifetime(kind, angle, timeline);
      used = Math.max(used, slot + 1);
      return endsAt[slot] - now;
    },
    /** Let go of what is over. @param {number} now */
    expire(now) {
      while (used > 0 && endsAt[used - 1] <= now) used -= 1;
      if (now - epoch > REBASE_S) rebase(now);
    },
    /** Ask what is up for its colours anew. @param {number} now */
    recolour(now) {
      for (let slot = 0; slot < used; slot++) if (endsAt[slot] > now) colour(slot);
    },
    /** Let go of everything. */
    clear() {
      endsAt.fill(-Infinity);
      used = 0;
    },
    /** Have all rows sent again, to a new GPU texture. */
    touch() {
      for (let slot = 0; slot < used; slot++) changed.add(slot);
    },
  };
}
