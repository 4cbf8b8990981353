/**
 * A soft bell with an echo. The nodes that stay are made once; each phrase adds two per note and one more, and removes
 * them when it has faded.
 */

const LOUDEST = 0.07; // of one note
const ATTACK_S = 0.03;
const PARTIALS = [0, 1, 0.16, 0.05, 0.02];
const ECHO = { delayTime: 0.48, feedback: 0.32, share: 0.4, darkHz: 1600 };
const HUSH_S = 0.03; // how fast it fades at a pause

/** How long a note sounds, in seconds. */
export const RING_S = 2.4;

/** @param {AudioContext} audio */
export function createInstrument(audio) {
  const master = new GainNode(audio, { gain: 1 });
  const limiter = new DynamicsCompressorNode(audio, { threshold: -18, ratio: 8 });
  const [delay, dark, feedback, send] = [
    new DelayNode(audio, { delayTime: ECHO.delayTime }),
    new BiquadFilterNode(audio, { type: "lowpass", frequency: ECHO.darkHz }),
    new GainNode(audio, { gain: ECHO.feedback }),
    new GainNode(audio, { gain: ECHO.share }),
  ];
  send.connect(delay).connect(dark).connect(feedback).connect(delay);
  dark.connect(master);
  master.connect(limiter).connect(audio.destination);
  const wave = audio.createPeriodicWave(new Float32Array(PARTIALS.length), new Float32Array(PARTIALS));

  /** @param {import("./motif.js").Note} note @param {number} at @param {AudioNode} out @param {() => void} onEnd */
  function ring({ hz, afterS, loudness }, at, out, onEnd) {
    const begins = at + afterS;
    const oscillator = new OscillatorNode(audio, { type: "custom", periodicWave: wave, frequency: hz });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, begins);
    volume.gain.linearRampToValueAtTime(LOUDEST * loudness, begins + ATTACK_S);
    volume.gain.setTargetAtTime(0, begins + ATTACK_S, RING_S / 6);
    oscillator.connect(volume).connect(out);
    oscillator.onended = () => {
      volume.disconnect();
      onEnd();
    };
    oscillator.start(begins);
    oscillator.stop(begins + RING_S);
  }

  return {
    /**
     * Play notes from a side, from -1 (left) to 1.
     *
     * @type {(notes: import("./motif.js").Note[], how: {at: number, pan: number}) => void}
     */
    play(notes, { at, pan }) {
      const panner = new StereoPannerNode(audio, { pan });
      let left = notes.length;
      panner.connect(master);
      panner.connect(send);
      for (const note of notes) ring(note, at, panner, () => --left || panner.disconnect());
    },
    /** Fade out quickly, or come back. @param {boolean} now */
    hush: (now) => void master.gain.setTargetAtTime(now ? 0 : 1, audio.currentTime, HUSH_S),
  };
}
