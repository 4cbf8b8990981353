/**
 * Which of the theme's pairs of colours a song has: always the same one. On the page the colours are custom properties,
 * so that what stands there changes with the theme. Pure.
 */

/** @typedef {number[][][]} Pairs  of colours, each three numbers from 0 to 1 */

/** @param {() => Pairs} pairs the theme's now @returns {(track: {id: string}) => {rgb: number[][], css: string[]}} */
export function songColours(pairs) {
  return ({ id }) => {
    const all = pairs();
    const which = songPair(id, all.length);
    return { rgb: all[which], css: all[which].map((_, end) => `var(${property(which, end)})`) };
  };
}

/** The custom properties that hold the pairs' colours. @param {Pairs} pairs @returns {[string, string][]} */
export function songProperties(pairs) {
  return pairs.flatMap((pair, which) =>
    pair.map((rgb, end) => /** @type {[string, string]} */ ([property(which, end), css(rgb)])),
  );
}

/** @param {number} which @param {number} end */
const property = (which, end) => `--song-${which}-${end}`;

/**
 * Which of `count` pairs a song has, always the same: song_pair in webapp/graphics/palette.py.
 *
 * @type {(id: string, count: number) => number}
 */
export function songPair(id, count) {
  let value = 0;
  for (let i = 0; i < id.length; i++) value = (Math.imul(value, 31) + id.charCodeAt(i)) >>> 0;
  return ((value ^ (value >>> 15)) >>> 0) % count;
}

/** @param {number[]} rgb from 0 to 1 */
const css = (rgb) => `rgb(${rgb.map((part) => Math.round(part * 255)).join(" ")})`;
