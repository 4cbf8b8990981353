/**
 * Each connection as one soft note: the farther, the deeper; from the left for the west, from the right for the east.
 * Nothing is made before the switch is on, and browsers play nothing before the visitor touched the page.
 *
 * @typedef {object} SoundOptions
 * @property {() => AudioContext} [context]
 * @property {(error: unknown) => void} [onFail]  the browser makes no sound
 */

const VOICES = 6; // at once: more would be noise, and a note that finds none free is left out
const NOTE_S = 1.8;
const LOUDEST = 0.07;
const FARTHEST_KM = 20_038; // half of the equator
const HIGHEST_HZ = 880;
const STEPS = [0, -2, -5, -7, -9, -12, -14, -17, -19, -21, -24]; // half tones: only fifths, thirds and seconds meet

/** Hertz of a distance. @param {number} km */
export function pitch(km) {
  const far = Math.min(1, Math.max(0, km / FARTHEST_KM));
  return HIGHEST_HZ * 2 ** (STEPS[Math.round(far * (STEPS.length - 1))] / 12);
}

/** From -0.8 in the far west to 0.8 in the far east. @param {number} lon in degrees */
export const side = (lon) => Math.max(-1, Math.min(1, lon / 180)) * 0.8;

/** @param {SoundOptions} [options] */
export function createSound({ context: make = () => new AudioContext(), onFail = () => {} } = {}) {
  /** @type {AudioContext | null} */
  let context = null;
  let playing = 0;

  const touches = ["pointerup", "keydown"];

  function wake() {
    try {
      context ??= make();
      if (context.state === "suspended") context.resume()?.catch(() => {});
    } catch (error) {
      end();
      onFail(error);
    }
  }

  function end() {
    for (const touch of touches) removeEventListener(touch, wake);
    context?.close()?.catch(() => {});
    context = null;
    playing = 0;
  }

  /** @param {AudioContext} through @param {Connection} connection */
  function voice(through, { km, to }) {
    const now = through.currentTime;
    const tone = new OscillatorNode(through, { type: "sine", frequency: pitch(km) });
    const loudness = new GainNode(through, { gain: 0 });
    const place = new StereoPannerNode(through, { pan: side(to.lon) });
    loudness.gain.linearRampToValueAtTime(LOUDEST, now + 0.04);
    loudness.gain.setTargetAtTime(0, now + 0.08, NOTE_S / 5);
    tone.connect(loudness).connect(place).connect(through.destination);
    tone.onended = () => {
      place.disconnect();
      if (through === context) playing -= 1;
    };
    tone.start(now);
    tone.stop(now + NOTE_S);
  }

  return {
    /** @param {boolean} on @param {boolean} byHand whether the visitor just flipped the switch */
    turn(on, byHand) {
      end();
      if (on) for (const touch of touches) addEventListener(touch, wake);
      if (on && byHand) wake();
    },
    /** @param {Connection} connection */
    note(connection) {
      if (context?.state !== "running" || playing >= VOICES) return;
      playing += 1;
      voice(context, connection);
    },
    destroy: end,
  };
}
