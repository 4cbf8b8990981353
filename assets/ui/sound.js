/**
 * A soft note for each connection: the farther, the lower; from the left for the west, from the right for the east. There
 * is no audio context before the switch is on. Browsers play nothing before the visitor clicked or pressed a key.
 *
 * @typedef {object} SoundOptions
 * @property {() => AudioContext} [context]
 * @property {(error: unknown) => void} [onFail]  the browser cannot play sound
 */

const VOICES = 6; // at once; further notes are dropped
const NOTE_S = 1.8;
const LOUDEST = 0.07;
const FARTHEST_KM = 20_038; // half of the equator
const HIGHEST_HZ = 880;
const STEPS = [0, -2, -5, -7, -9, -12, -14, -17, -19, -21, -24]; // semitones of a pentatonic scale

/** The frequency for a distance, in hertz. @param {number} km */
export function pitch(km) {
  const far = Math.min(1, Math.max(0, km / FARTHEST_KM));
  return HIGHEST_HZ * 2 ** (STEPS[Math.round(far * (STEPS.length - 1))] / 12);
}

/** The stereo position, from -0.8 in the far west to 0.8 in the far east. @param {number} lon  in degrees */
export const side = (lon) => Math.max(-1, Math.min(1, lon / 180)) * 0.8;

/** @param {SoundOptions} [options] */
export function createSound({ context: make = () => new AudioContext(), onFail = () => {} } = {}) {
  /** @type {AudioContext | null} */
  let context = null;
  let playing = 0;

  const gestures = ["pointerup", "keydown"];

  function resume() {
    try {
      context ??= make();
      if (context.state === "suspended") context.resume()?.catch(() => {});
    } catch (error) {
      stop();
      onFail(error);
    }
  }

  function stop() {
    for (const gesture of gestures) removeEventListener(gesture, resume);
    context?.close()?.catch(() => {});
    context = null;
    playing = 0;
  }

  /** @param {AudioContext} audio @param {Connection} connection */
  function playNote(audio, { km, to }) {
    const now = audio.currentTime;
    const oscillator = new OscillatorNode(audio, { type: "sine", frequency: pitch(km) });
    const volume = new GainNode(audio, { gain: 0 });
    const panner = new StereoPannerNode(audio, { pan: side(to.lon) });
    volume.gain.linearRampToValueAtTime(LOUDEST, now + 0.04);
    volume.gain.setTargetAtTime(0, now + 0.08, NOTE_S / 5);
    oscillator.connect(volume).connect(panner).connect(audio.destination);
    oscillator.onended = () => {
      panner.disconnect();
      if (audio === context) playing -= 1;
    };
    oscillator.start(now);
    oscillator.stop(now + NOTE_S);
  }

  return {
    /** @param {boolean} on @param {boolean} byHand  whether the visitor just moved the switch */
    setOn(on, byHand) {
      stop();
      if (on) for (const gesture of gestures) addEventListener(gesture, resume);
      if (on && byHand) resume();
    },
    /** @param {Connection} connection */
    play(connection) {
      if (context?.state !== "running" || playing >= VOICES) return;
      playing += 1;
      playNote(context, connection);
    },
    destroy: stop,
  };
}
