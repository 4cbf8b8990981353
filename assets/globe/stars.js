/** Faint stars around the globe, the same on each visit. */

const COUNT = 4000; // enough for a screen on a wall

/** Four numbers each: x and y on screen (-1 to 1), warmth and brightness (0 to 1). @returns {Float32Array} */
export function starField() {
  const next = randomNumbers(7);
  return Float32Array.from({ length: 4 * COUNT }, (_, i) => (i % 4 < 2 ? 2 * next() - 1 : next()));
}

/** Pseudorandom numbers from 0 to 1 (Park and Miller's generator). @param {number} seed */
function randomNumbers(seed) {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
