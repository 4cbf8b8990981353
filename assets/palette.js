/** Which of the scene's pairs of colours a song has: always the same one. Pure. */

/** @param {Scene} scene @returns {(track: {id: string}) => {rgb: number[][], css: string[]}} */
export function songColours(scene) {
  const { pairs } = /** @type {{pairs: number[][][]}} */ (scene.layers.find((layer) => layer.id === "arcs"));
  const named = pairs.map((rgb) => ({ rgb, css: rgb.map(css) }));
  return ({ id }) => named[hash(id) % named.length];
}

/** A number from a text, the same each time. @param {string} text */
function hash(text) {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
  return (value ^ (value >>> 15)) >>> 0;
}

/** @param {number[]} rgb from 0 to 1 */
const css = (rgb) => `rgb(${rgb.map((part) => Math.round(part * 255)).join(" ")})`;
