/**
 * A sleeve for each song, from its id: one label's records, each with a geometric print of its own.
 * webapp/graphics/sleeves.py draws the same. All numbers are whole, so that both come to the same shapes.
 *
 * @typedef {[tag: string, attributes: Record<string, string | number>]} Shape  a sleeve is 100 units wide and high
 * @typedef {[paper: string, print: string, second: string, smallest: string]} Inks
 * @typedef {(count: number, first?: number, step?: number) => number} Dice  one of `count` numbers from `first` on
 */
import { songPair } from "../globe/palette.js";

const MARK_FROM = 96; // pixels: smaller ones do not carry the label's mark
const [NIGHT, PAPER] = ["#04060f", "#efe9dd"];
/** The songs' pairs of colours in the dark theme and in the light one, as in webapp/graphics/palette.py. */
const PAIRS = [
  ["#ffb25e", "#ff5e8a", "#b8570a", "#c2184f"],
  ["#ff6fb1", "#9a7bff", "#c01a72", "#5b3fd0"],
  ["#5ad1ff", "#8a8bff", "#0a6fa8", "#4b48c9"],
  ["#4fe3c1", "#5ab4ff", "#08796a", "#1763b8"],
  ["#ffe27a", "#ff8f5e", "#8a6400", "#b84a12"],
  ["#b7f27c", "#3fd6c9", "#4b7a10", "#0a7a74"],
];
/** Rays, and half the width of one that is 150 units long. */
const RAYS = [[8, 30], [9, 26], [10, 24], [12, 20], [15, 16], [18, 13]];
const CORNERS = [[0, 0], [100, 0], [100, 100], [0, 100]];
const SVG = "http://www.w3.org/2000/svg";

/** Whole numbers that follow from a text (FNV-1a, then mulberry32). @param {string} text @returns {Dice} */
function createDice(text) {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (count, first = 0, step = 1) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return first + step * (((value ^ (value >>> 14)) >>> 0) % count);
  };
}

/** Whole division, rounded down. @param {number} one @param {number} other */
const per = (one, other) => Math.floor(one / other);

/** @type {(x: number, y: number, r: number, fill: string) => Shape} */
const disc = (x, y, r, fill) => ["circle", { cx: x, cy: y, r, fill }];
/** @type {(x: number, y: number, r: number, ink: string, width: number) => Shape} */
const ring = (x, y, r, ink, width) => ["circle", { cx: x, cy: y, r, fill: "none", stroke: ink, "stroke-width": width }];
/** @type {(x: number, y: number, width: number, height: number, fill: string) => Shape} */
const box = (x, y, width, height, fill) => ["rect", { x, y, width, height, fill }];
/** @type {(d: string, ink: string, width: number) => Shape} */
const line = (d, ink, width) => ["path", { d, fill: "none", stroke: ink, "stroke-width": width }];
/** @type {(d: string, fill: string) => Shape} */
const path = (d, fill) => ["path", { d, fill }];
/** @type {(shape: Shape, degrees: number, x?: number, y?: number) => Shape} */
const turned = ([tag, attributes], degrees, x = 50, y = 50) =>
  [tag, { ...attributes, transform: `rotate(${degrees} ${x} ${y})` }];
/** A disc as a part of a path. @param {number} x @param {number} y @param {number} r */
const dot = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

/** The families of drawings. @type {((dice: Dice, inks: Inks) => Shape[])[]} */
const FAMILIES = [
  function target(dice, inks) {
    const [x, y] = [[50, 50], [50, 50], [50, 100], [0, 50], ...CORNERS][dice(8)];
    const step = dice(3, 8);
    const count = per(x === 50 && y === 50 ? 48 : 96, step);
    const rings = [];
    for (let n = count; n > 1; n--) rings.push(disc(x, y, step * n, inks[[1, 0, 2, 0][(count - n) % 4]]));
    return [...rings, disc(x, y, step, inks[3])];
  },
  function eclipse(dice, inks) {
    const [r, shift, down] = [dice(9, 31), dice(10, 14), dice(13, -6)];
    const [side, front] = [1 - 2 * dice(2), inks[[0, 2][dice(2)]]];
    const x = 50 - side * per(shift, 2);
    const small = disc(50 + side * 38, 50 - (1 - 2 * dice(2)) * 37, dice(4, 4), inks[3]);
    return [disc(x, 50, r, inks[1]), disc(x + side * shift, 50 + down, r - 3, front), small];
  },
  function stripes(dice, inks) {
    const [turn, grows, gap] = [[0, 90, 45, 135, 180, 270][dice(6)], dice(3, 1), dice(3, 4)];
    const accent = dice(4, 2);
    let [at, width] = [-24, 2];
    const bars = [];
    for (let n = 0; n < 16 && at <= 124; n++) {
      bars.push(turned(box(-30, at, 160, width, n === accent ? inks[3] : inks[1 + (n % 2)]), turn));
      [at, width] = [at + width + gap, width + grows];
    }
    return bars;
  },
  function waves(dice, inks) {
    const [half, high, gap] = [dice(3, 17, 4), dice(9, 7), dice(4, 10)];
    const [top, x] = [dice(3, 34, 4), dice(5, 30, 10)];
    const shapes = [disc(x, top - 4, dice(7, 11), inks[3])];
    for (let n = 0; n <= per(96 - top, gap); n++) {
      const [start, y] = [-half * (1 + (n % 2)) - n * 3, top + n * gap];
      const sweep = `M${start} ${y}q${per(half, 2)} ${-high} ${half} 0${`t${half} 0`.repeat(9)}`;
      shapes.push(path(`${sweep}V110H${start}Z`, inks[[1, 2, 0][n % 3]]));
    }
    return shapes;
  },
  function halftone(dice, inks) {
    const count = dice(3, 5);
    const [cell, way, inverted] = [per(96, count), dice(5), dice(2)];
    const plates = ["", ""];
    const last = count - 1;
    const left = per(100 - cell * count, 2) + per(cell, 2);
    for (let j = 0; j < count; j++) {
      for (let i = 0; i < count; i++) {
        const far = Math.floor(Math.hypot(2 * i - last, 2 * j - last));
        const corner = Math.floor(Math.hypot(last, last));
        const [part, most] = [
          [i + j, 2 * last], [j, last], [last - i + j, 2 * last], [far, corner], [Math.max(i, j), last],
        ][way];
        const r = 1 + per((inverted ? most - part : part) * (per(cell, 2) - 1), most);
        plates[way === 4 ? (i + j) % 2 : 0] += dot(left + cell * i, left + cell * j, r);
      }
    }
    const dots = plates.flatMap((plate, n) => (plate ? [path(plate, inks[n + 1])] : []));
    const [x, y] = CORNERS[dice(4)];
    return [...dots, disc(x, y, dice(3, 14, 4), inks[3])];
  },
  function quarters(dice, inks) {
    const count = dice(3, 2);
    const side = per(99 + count, count);
    const edge = per(side * count - 100, 2);
    const plates = ["", "", "", ""];
    for (let n = 0; n < count * count; n++) {
      const [x, y] = [side * (n % count) - edge, side * per(n, count) - edge];
      const [corner, any, back] = [dice(4), 1 + dice(2), dice(3)];
      const ink = n < 2 ? 1 + n : any; // both at least once
      if (back === 0) plates[3 - ink] += `M${x} ${y}h${side}v${side}h${-side}Z`;
      plates[back === 0 ? 3 : ink] += [
        `M${x} ${y}h${side}a${side} ${side} 0 0 1 ${-side} ${side}Z`,
        `M${x + side} ${y}v${side}a${side} ${side} 0 0 1 ${-side} ${-side}Z`,
        `M${x + side} ${y + side}h${-side}a${side} ${side} 0 0 1 ${side} ${-side}Z`,
        `M${x} ${y + side}v${-side}a${side} ${side} 0 0 1 ${side} ${side}Z`,
      ][corner];
    }
    return plates.flatMap((plate, n) => (plate ? [path(plate, inks[n])] : []));
  },
  function horizon(dice, inks) {
    const [edge, r, x] = [dice(4, 54, 4), dice(9, 18), dice(5, 34, 8)];
    const shapes = [disc(x, edge - dice(10), r, inks[1]), box(0, edge, 100, 100 - edge, inks[2])];
    let [y, width] = [edge + 5, 2 * r + 6];
    while (y < 97 && width > 4) {
      shapes.push(box(x - per(width, 2), y, width, 3, inks[1]));
      [y, width] = [y + 7, width - 7 - dice(3)];
    }
    return [...shapes, disc(100 - x, dice(8, 12), dice(3, 4), inks[3])];
  },
  function orbits(dice, inks) {
    const [count, first, spread, flat] = [dice(3, 2), dice(180), dice(4, 24, 8), dice(3, 3)];
    /** @type {Shape[]} */
    const ways = [];
    for (let n = 0; n < count; n++) {
      const [rx, turn, ink] = [42 - 4 * (n % 2), first + n * spread, inks[1 + (n % 2)]];
      const way = { cx: 50, cy: 50, rx, ry: per(rx, flat) + 4, fill: "none", stroke: ink, "stroke-width": 3 };
      ways.push(turned(["ellipse", way], turn));
      const x = 50 + rx * (1 - 2 * dice(2));
      ways.push(turned(disc(x, 50, dice(4, 5), ink), turn));
    }
    return [...ways, disc(50, 50, dice(5, 9), inks[3])];
  },
  function rays(dice, inks) {
    const [count, wide] = RAYS[dice(6)];
    const [x, y] = [[50, 50], [50, 100], [50, 62], [0, 100], [100, 100], [50, 0]][dice(6)];
    const tilt = per(dice(2) * 180, count);
    const ray = `M${x} ${y}L${x - wide} ${y - 150}H${x + wide}Z`;
    const light = Array.from({ length: count }, (_, n) =>
      turned(path(ray, inks[1 + (n % 2) * (1 - (count % 2))]), per(n * 360, count) + tilt, x, y),
    );
    const r = dice(4, 14, 4);
    return [...light, disc(x, y, r + 5, inks[0]), disc(x, y, r, inks[3])];
  },
  function bridge(dice, inks) {
    const [width, count, base] = [dice(3, 5), dice(3, 3), dice(3, 66, 7)];
    const [turn, both] = [[0, 0, 90, 180, 270][dice(5)], dice(2)];
    const shapes = [6, 94].map((x) => disc(x, base, width + 1, inks[3]));
    let r = 44;
    for (let n = 0; n < count; n++) {
      r = 44 - n * (width + 4);
      shapes.push(line(`M${50 - r} ${base}a${r} ${r} 0 0 1 ${2 * r} 0`, inks[1 + (n % 2)], width));
    }
    if (both) shapes.push(path(`M${50 - r} ${base + 7}h${2 * r}a${r} ${r} 0 0 1 ${-2 * r} 0Z`, inks[2]));
    return shapes.map((shape) => turned(shape, turn));
  },
  function nest(dice, inks) {
    const [step, turn] = [dice(4, 11), [0, 9, 15, 30, 45][dice(5)]];
    const squares = [];
    for (let side = 92, n = 0; side > step + 4; side -= step + (turn > 9 ? 5 : 0), n++) {
      const half = per(side, 2);
      squares.push(turned(box(50 - half, 50 - half, 2 * half, 2 * half, inks[[1, 0, 2, 0][n % 4]]), n * turn));
    }
    return [...squares, disc(50, 50, per(step, 2), inks[3])];
  },
  function peaks(dice, inks) {
    const [x, y] = [dice(7, 20, 10), dice(4, 20, 3)];
    const shapes = [disc(x, y, dice(6, 9), inks[3])];
    [inks[2], inks[1], inks[0]].forEach((ink, n) => {
      const low = 50 + 16 * n;
      let d = `M-10 ${58 + 16 * n}`;
      for (let at = -10; at < 110; ) {
        const [rise, run] = [dice(20, 16), dice(3, 14, 6)];
        d += `L${at + run} ${low - rise + 10}L${at + 2 * run} ${low + dice(7, 10)}`;
        at += 2 * run;
      }
      shapes.push(path(`${d}V110H-10Z`, ink));
    });
    return shapes;
  },
  function ripples(dice, inks) {
    const [gap, apart, tilt] = [dice(3, 9), dice(4, 20, 4), dice(5, -60, 30)];
    const sides = [-1, 1];
    const rings = sides.flatMap((side) =>
      [2, 3, 4, 5].map((n) => ring(50 + side * apart, 50, gap * n, inks[side < 0 ? 1 : 2], 3)),
    );
    const hearts = sides.map((side) => disc(50 + side * apart, 50, gap, inks[3]));
    return [...rings, ...hearts].map((shape) => turned(shape, tilt));
  },
  function petals(dice, inks) {
    const [count, narrow] = [[5, 15], [6, 13], [8, 10], [9, 9], [10, 8], [12, 7]][dice(6)];
    const [wide, tilt] = [narrow + dice(2), per(dice(2) * 180, count)];
    const outer = { cx: 50, cy: 25, rx: wide, ry: 21, fill: inks[1] };
    const inner = { cx: 50, cy: 34, rx: per(wide, 2), ry: 12, fill: inks[2] };
    const leaves = [outer, inner].flatMap((leaf) =>
      Array.from({ length: count }, (_, n) => turned(["ellipse", leaf], per(n * 360, count) + tilt)),
    );
    return [...leaves, disc(50, 50, dice(4, 7), inks[3])];
  },
];

/** One of five ways to print with a song's colours: on night, on paper, or on one of them. @type {(pair: number, way: number) => Inks} */
function inksOf(pair, way) {
  const [near, far, deep, deepFar] = PAIRS[pair];
  return /** @type {Inks[]} */ ([
    [NIGHT, near, far, PAPER],
    [PAPER, deep, deepFar, NIGHT],
    [near, deepFar, NIGHT, PAPER],
    [deepFar, near, PAPER, NIGHT],
    [far, NIGHT, PAPER, deep],
  ])[way];
}

/** The label's mark: an arc between two places, on a disc in a corner. @param {Inks} inks @returns {Shape[]} */
const mark = ([paper, ink]) => [
  disc(89, 89, 9, paper),
  line("M83 91C83 81 95 81 95 91", ink, 1),
  ...[83, 95].map((x) => disc(x, 91, 2, ink)),
];

/** A song's sleeve, from the back to the front. @type {(trackId: string, size: number) => Shape[]} */
export function sleeveShapes(trackId, size) {
  const dice = createDice(trackId);
  const inks = inksOf(songPair(trackId, PAIRS.length), dice(5));
  const drawn = [box(0, 0, 100, 100, inks[0]), ...FAMILIES[dice(FAMILIES.length)](dice, inks)];
  return size < MARK_FROM ? drawn : [...drawn, ...mark(inks)];
}

/** A song's sleeve, to stand in a page. @param {string} trackId @param {number} size pixels */
export function sleeve(trackId, size) {
  const drawing = document.createElementNS(SVG, "svg");
  const given = { class: "sleeve", viewBox: "0 0 100 100", width: size, height: size, "aria-hidden": "true" };
  Object.entries(given).forEach(([name, value]) => drawing.setAttribute(name, String(value)));
  for (const [tag, attributes] of sleeveShapes(trackId, size)) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    drawing.append(element);
  }
  return drawing;
}
