/**
 * Notices that a connection is dead although nobody closed it, as after a sleep or on another network. Frames come each
 * second, so silence is enough to tell.
 *
 * It compares times of the wall clock, not timers: these stand still while a computer sleeps, and come late in a tab in
 * the background or on a busy page. A look that comes late does not judge at once: messages that wait go first.
 *
 * @typedef {object} SilenceOptions
 * @property {() => void} onStall  nothing came for STALLED_MS
 * @property {(awake: boolean) => void} onDead  nothing came for DEAD_MS, or soon after a wake
 * @property {() => number} now  milliseconds, of the wall clock
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

export const STALLED_MS = 3000;
export const DEAD_MS = 6000;
const OPENING_MS = 10_000; // until the first message: a slow network needs several round trips
const LOOK_MS = 500;
const LATE_MS = 2000;
const QUEUE_MS = 250; // for messages that wait already
const FRAME_MS = 1500; // for the next frame
const ATTEMPT_MS = 3000; // an attempt that is younger may still succeed after a wake

/** @param {SilenceOptions} options */
export function createStallDetector({ onStall, onDead, now, setTimeout, clearTimeout }) {
  let lookedMs = now();
  let heardMs = lookedMs;
  let heard = false;
  let stalled = false;
  let doubting = false;
  let timer = setTimeout(look, LOOK_MS);

  const silentMs = () => now() - heardMs;

  function look() {
    const passedMs = now() - lookedMs;
    lookedMs = now();
    const held = Math.abs(passedMs - LOOK_MS) > LATE_MS; // throttled, asleep, or the clock was set
    if (held && !(silentMs() >= 0 && silentMs() < STALLED_MS)) doubt();
    else judge();
  }

  function judge() {
    if (silentMs() >= (heard ? DEAD_MS : OPENING_MS)) return onDead(false);
    if (heard && !stalled && silentMs() >= STALLED_MS) {
      stalled = true;
      onStall();
    }
    timer = setTimeout(look, LOOK_MS);
  }

  /** Expect a message soon, or call the connection dead. */
  function doubt() {
    if (doubting) return;
    if (!heard && Math.abs(silentMs()) < ATTEMPT_MS) return;
    doubting = true;
    clearTimeout(timer);
    const fresh = heard && silentMs() >= 0 && silentMs() < STALLED_MS;
    timer = setTimeout(() => onDead(true), fresh ? FRAME_MS : QUEUE_MS);
  }

  return {
    /** A message came. */
    hear() {
      heardMs = now();
      heard = true;
      stalled = false;
      if (!doubting) return;
      doubting = false;
      lookedMs = heardMs;
      clearTimeout(timer);
      timer = setTimeout(look, LOOK_MS);
    },
    stalled: () => stalled,
    doubt,
    destroy: () => clearTimeout(timer),
  };
}
