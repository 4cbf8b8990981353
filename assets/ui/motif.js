/**
 * What a song sounds like: a motif of four notes, always the same one, chosen by the song's id. All motifs share one
 * pentatonic scale and one pulse, so that any of them sound well together. Pure.
 *
 * @typedef {{hz: number, afterS: number, loudness: number}} Note  loudness: a share of the loudest
 */

export const PULSE_S = 0.16; // notes begin at its multiples
const LOWEST_HZ = 220;
const SCALE = [0, 2, 4, 7, 9]; // semitones: major pentatonic

/** Steps of the scale from a motif's first note; each ends at rest. */
const SHAPES = [
  [0, 2, 1, 4], [0, 1, 2, 4], [0, 2, 4, 3], [0, -1, 1, 2], [0, 3, 2, 0], [0, 1, 3, 2],
  [0, -2, -1, -3], [0, -1, -2, -3], [0, 2, -1, 1], [0, 4, 3, 1], [0, 3, 1, 2], [0, -2, 1, 0],
]; // prettier-ignore
/** When the notes begin, in pulses. */
const RHYTHMS = [[0, 2, 4, 6], [0, 1, 2, 4], [0, 2, 3, 5], [0, 3, 4, 6], [0, 2, 5, 6], [0, 3, 5, 6], [0, 1, 4, 5]];
const FIRST = [3, 9]; // the lowest and the highest first note, in steps of the scale
const BASS = 5; // steps below a motif's first note: an octave

/** The pitch of a step of the scale, in hertz. @param {number} step */
export function pitch(step) {
  const octave = Math.floor(step / SCALE.length);
  return LOWEST_HZ * 2 ** (octave + SCALE[step - octave * SCALE.length] / 12);
}

/** Whole numbers that depend on a text alone. @param {string} text */
function numbersFrom(text) {
  let state = 2166136261; // FNV-1a
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 16777619) >>> 0;
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The steps and the pulses of a song's notes. @param {string} id */
function chosen(id) {
  const next = numbersFrom(id);
  const first = FIRST[0] + next(FIRST[1] - FIRST[0] + 1);
  const steps = SHAPES[next(SHAPES.length)].map((step) => first + step);
  return { steps, pulses: RHYTHMS[next(RHYTHMS.length)] };
}

/** A song's four notes. @param {string} id  of the track @returns {Note[]} */
export function motifOf(id) {
  const { steps, pulses } = chosen(id);
  return steps.map((step, i) => ({ hz: pitch(step), afterS: pulses[i] * PULSE_S, loudness: i === 0 ? 0.8 : 0.6 }));
}

/** A song's notes at once, over a bass: for a meeting of the visitor's own. @param {string} id @returns {Note[]} */
export function chordOf(id) {
  const { steps } = chosen(id);
  const all = [steps[0] - BASS, ...new Set(steps)].sort((a, b) => a - b);
  return all.map((step, i) => ({ hz: pitch(step), afterS: i * 0.05, loudness: i === 0 ? 1 : 0.8 }));
}
