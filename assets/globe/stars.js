/**
 * Faint stars around the globe, the same each time: where on screen (-1 to 1, twice), how warm and how bright (0 to 1).
 */

const MOST = 4000; // enough for a wall

/** @returns {Float32Array} four numbers each */
export function starField() {
  const next = numbers(7);
  return Float32Array.from({ length: 4 * MOST }, (_, i) => (i % 4 < 2 ? 2 * next() - 1 : next()));
}

/** Numbers from 0 to 1 that look random (Park and Miller's generator). @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
