/**
 * The colours of a song's arc: one of the theme's pairs, always the same one. The pairs themselves are in
 * webapp/graphics/palette.py. In style sheets they are custom properties, so that colours change with the theme. Pure.
 *
 * @typedef {number[][][]} Pairs  pairs of colours, each three numbers from 0 to 1
 */

/**
 * @param {() => Pairs} pairs  those of the current theme
 * @returns {(track: {id: string}) => {rgb: number[][], css: string[]}}
 */
export function songColours(pairs) {
  return ({ id }) => {
    const all = pairs();
    const which = songPair(id, all.length);
    return { rgb: all[which], css: all[which].map((_, end) => `var(${property(which, end)})`) };
  };
}

/** The custom properties of all pairs, with their values. @param {Pairs} pairs @returns {[string, string][]} */
export function songProperties(pairs) {
  return pairs.flatMap((pair, which) =>
    pair.map((rgb, end) => /** @type {[string, string]} */ ([property(which, end), css(rgb)])),
  );
}

/** @param {number} which @param {number} end */
const property = (which, end) => `--song-${which}-${end}`;

/**
 * Which of `count` pairs a song has. song_pair in webapp/graphics/palette.py does the same.
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
