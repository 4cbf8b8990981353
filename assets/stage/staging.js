/**
 * When a page stages the lead story: on arrival, and after some time without input. Pure: it is told what happens, and
 * when, in milliseconds of a steady clock.
 *
 * @typedef {object} Staging
 * @property {(lead: Connection | null, nowMs: number) => void} setLead  the server's choice for the next 10 s
 * @property {(on: boolean) => void} setOn  whether the visitor wants stories
 * @property {(nowMs: number) => void} noteInput
 * @property {(x: number, y: number, nowMs: number) => void} noteMove  of a pointer, in pixels
 * @property {(nowMs: number, isBlocked: boolean) => Connection | null} staged  what to stage now
 */

export const IDLE_MS = 20_000;
const LEAD_MS = 15_000; // a lead without a successor is news for so long
const ARRIVAL_MS = 5000; // the first story stands so long before the movement of a pointer ends it
const MOVE_PX = 8; // less may be a table that shakes, or a page that moves under the pointer

/** @param {{always?: boolean}} [options]  always: on a wall, whatever the input and the setting @returns {Staging} */
export function createStaging({ always = false } = {}) {
  let on = true;
  /** @type {Connection | null} */
  let lead = null;
  let leadAtMs = 0;
  /** @type {number | null} */
  let inputAtMs = null; // null before the first input
  /** @type {number | null} */
  let arrivedAtMs = null; // when the first story began
  /** @type {[number, number] | null} */
  let pointer = null;

  /** @param {number} nowMs */
  const isIdle = (nowMs) => always || inputAtMs === null || nowMs - inputAtMs >= IDLE_MS;

  /** @param {number} nowMs */
  function noteInput(nowMs) {
    inputAtMs = nowMs;
  }

  return {
    noteInput,
    setLead(next, nowMs) {
      [lead, leadAtMs] = [next, nowMs];
    },
    setOn(next) {
      on = next;
    },
    noteMove(x, y, nowMs) {
      pointer ??= [x, y];
      if (Math.hypot(x - pointer[0], y - pointer[1]) < MOVE_PX) return;
      pointer = [x, y];
      const isArriving = inputAtMs === null && (arrivedAtMs === null || nowMs - arrivedAtMs < ARRIVAL_MS);
      if (!isArriving) noteInput(nowMs);
    },
    staged(nowMs, isBlocked) {
      if (isBlocked) noteInput(nowMs); // what blocks is what the visitor looks at
      if (isBlocked || !(on || always) || !isIdle(nowMs) || nowMs - leadAtMs >= LEAD_MS) return null;
      if (lead) arrivedAtMs ??= nowMs;
      return lead;
    },
  };
}
