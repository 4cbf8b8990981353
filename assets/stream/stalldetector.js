/**
 * Detects a websocket that is dead although nobody closed it, as after a sleep or a change of network. Frames come every
 * second, so their absence is enough.
 *
 * It compares times of the wall clock instead of trusting timers: timers stop while a computer sleeps, and fire late in
 * background tabs and on busy pages. A late check does not decide at once: queued messages are handled first.
 *
 * @typedef {object} StallDetectorOptions
 * @property {() => void} onStall  no message for STALLED_MS
 * @property {(awake: boolean) => void} onDead  no message for DEAD_MS, or soon after a wake
 * @property {() => number} now  milliseconds of the wall clock
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

export const STALLED_MS = 3000;
export const DEAD_MS = 6000;
const OPENING_MS = 10_000; // until the first message: a slow network needs several round trips
const CHECK_MS = 500;
const LATE_MS = 2000;
const QUEUE_MS = 250; // for messages that are queued already
const FRAME_MS = 1500; // for the next frame
const ATTEMPT_MS = 3000; // a younger attempt may still succeed after a wake

/** @param {StallDetectorOptions} options */
export function createStallDetector({ onStall, onDead, now, setTimeout, clearTimeout }) {
  let checkedMs = now();
  let heardMs = checkedMs;
  let heard = false;
  let stalled = false;
  let suspected = false;
  let timer = setTimeout(check, CHECK_MS);

  const silentMs = () => now() - heardMs;

  function check() {
    const passedMs = now() - checkedMs;
    checkedMs = now();
    const late = Math.abs(passedMs - CHECK_MS) > LATE_MS; // throttled, asleep, or the clock was set
    if (late && !(silentMs() >= 0 && silentMs() < STALLED_MS)) suspect();
    else decide();
  }

  function decide() {
    if (silentMs() >= (heard ? DEAD_MS : OPENING_MS)) return onDead(false);
    if (heard && !stalled && silentMs() >= STALLED_MS) {
      stalled = true;
      onStall();
    }
    timer = setTimeout(check, CHECK_MS);
  }

  /** Expect a message soon, or report the websocket as dead. */
  function suspect() {
    if (suspected) return;
    if (!heard && Math.abs(silentMs()) < ATTEMPT_MS) return;
    suspected = true;
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
      if (!suspected) return;
      suspected = false;
      checkedMs = heardMs;
      clearTimeout(timer);
      timer = setTimeout(check, CHECK_MS);
    },
    stalled: () => stalled,
    suspect,
    destroy: () => clearTimeout(timer),
  };
}
