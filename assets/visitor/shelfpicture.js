/**
 * The visitor's meetings as one picture to share: their sleeves side by side, drawn in the browser. The layout is pure.
 *
 * @typedef {object} Grid
 * @property {number} columns
 * @property {number} shown  how many sleeves
 * @property {number} size  of a sleeve, pixels
 * @property {number} gap
 * @property {number} left
 * @property {number} top
 * @property {number} text  height of the words below a sleeve; 0 where they would be too small to read
 *
 * @typedef {{meetings: import("./meetings.js").Meeting[], number: string, counted: string, facts: string, motto: string,
 *   address: string, rtl: boolean, font: string}} PictureContent  number, counted: such as "12" and "meetings"
 */
import { cityLabel } from "../common/format.js";
import { say } from "../common/i18n.js";
import { sleeve } from "../common/sleeve.js";

export const WIDTH = 1080;
export const HEIGHT = 1350;
const MARGIN = 72;
const TOP = 268;
const BOTTOM = 1252;
const TEXTS = [0, 104, 82, 70, 0]; // by columns
const GAPS = [0, 0, 36, 28, 20];
const [NIGHT, TEXT, SOFT, WARM] = ["#04060f", "#eef2ff", "#aab6d6", "#ffcf9a"];

/** Where the sleeves of so many meetings are. @param {number} count @returns {Grid} */
export function gridFor(count) {
  const columns = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4;
  const shown = Math.min(count, columns * columns);
  const rows = Math.max(1, Math.ceil(shown / columns));
  const [text, gap] = [TEXTS[columns], GAPS[columns]];
  const wide = (WIDTH - 2 * MARGIN - gap * (columns - 1)) / columns;
  const high = (BOTTOM - TOP - gap * (rows - 1)) / rows - text;
  const size = Math.floor(Math.min(wide, high));
  const left = Math.round((WIDTH - columns * size - (columns - 1) * gap) / 2);
  const top = Math.round(TOP + (BOTTOM - TOP - rows * (size + text) - (rows - 1) * gap) / 2);
  return { columns, shown, size, gap, left, top, text };
}

/** @param {HTMLCanvasElement} canvas @param {PictureContent} content */
export async function drawShelf(canvas, content) {
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const grid = gridFor(content.meetings.length);
  const { columns, size, gap, left, top, text, shown } = grid;
  const covers = await Promise.all(content.meetings.slice(0, shown).map((each) => coverOf(each, size)));
  drawGround(context);
  drawHeader(context, content, left);
  covers.forEach((cover, i) => {
    const column = content.rtl ? columns - 1 - (i % columns) : i % columns;
    const [x, y] = [left + column * (size + gap), top + Math.floor(i / columns) * (size + text + gap)];
    context.drawImage(cover, x, y, size, size);
    if (text) drawWords(context, content, content.meetings[i], { x, y: y + size, size, large: columns < 3 });
  });
  drawFooter(context, content, left);
}

/** A sleeve as an image. @param {import("./meetings.js").Meeting} meeting @param {number} size */
async function coverOf({ connection }, size) {
  const image = new Image(size, size);
  const svg = sleeve(connection.track.id, size);
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  image.src = `data:image/svg+xml,${encodeURIComponent(svg.outerHTML)}`;
  await image.decode();
  return image;
}

/** The night, with the arcs of a globe behind all. @param {CanvasRenderingContext2D} context */
function drawGround(context) {
  context.fillStyle = NIGHT;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  const glow = context.createRadialGradient(WIDTH / 2, -200, 100, WIDTH / 2, -200, 1200);
  glow.addColorStop(0, "#16305f");
  glow.addColorStop(1, "rgba(4, 6, 15, 0)");
  context.fillStyle = glow;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

/** @param {CanvasRenderingContext2D} context @param {PictureContent} content @param {number} left */
function drawHeader(context, content, left) {
  const write = writer(context, content, left, WIDTH - 2 * left);
  write(content.number, 196, 128, "200", WARM);
  const wide = context.measureText(content.number).width + 28;
  const beside = writer(context, content, left + (content.rtl ? 0 : wide), WIDTH - 2 * left - wide);
  beside(content.counted, 156, 34, "600", TEXT);
  beside(content.facts, 196, 25, "400", SOFT);
}

/** @param {CanvasRenderingContext2D} context @param {PictureContent} content @param {number} left */
function drawFooter(context, content, left) {
  const [width, y] = [WIDTH - 2 * left, HEIGHT - 52];
  drawMark(context, content.rtl ? WIDTH - left - 40 : left, y - 24);
  const inner = writer(context, content, content.rtl ? left : left + 56, width - 56);
  inner("Unison", y, 32, "600", TEXT);
  const name = context.measureText("Unison").width + 24;
  writer(context, content, content.rtl ? left : left + 56 + name, width - 56 - name)(`${content.motto} ${content.address}`, y, 22, "400", SOFT);
}

/** The logo: an arc between two cities. @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
function drawMark(context, x, y) {
  context.lineWidth = 5;
  const ink = context.createLinearGradient(x, 0, x + 40, 0);
  ink.addColorStop(0, "#ffb25e");
  ink.addColorStop(1, "#9a7bff");
  context.strokeStyle = context.fillStyle = ink;
  context.beginPath();
  context.moveTo(x + 5, y + 22);
  context.bezierCurveTo(x + 5, y - 4, x + 35, y - 4, x + 35, y + 22);
  context.stroke();
  for (const end of [5, 35]) {
    context.beginPath();
    context.arc(x + end, y + 22, 6, 0, 2 * Math.PI);
    context.fill();
  }
}

/**
 * The song and the cities below a sleeve.
 *
 * @param {CanvasRenderingContext2D} context @param {PictureContent} content
 * @param {import("./meetings.js").Meeting} meeting @param {{x: number, y: number, size: number, large: boolean}} box
 */
function drawWords(context, content, { connection: { track, from, to } }, { x, y, size, large }) {
  const write = writer(context, content, x, size);
  const cities = say("{one} and {other}", { one: cityLabel(from), other: cityLabel(to) });
  write(track.title, y + (large ? 42 : 34), large ? 30 : 23, "600", TEXT, true);
  write(cities, y + (large ? 76 : 62), large ? 24 : 19, "400", SOFT);
}

/**
 * What writes one line in a box, shortened to fit.
 *
 * @param {CanvasRenderingContext2D} context @param {PictureContent} content @param {number} x @param {number} width
 */
function writer(context, { rtl, font }, x, width) {
  /** A title is isolated, so that its dots stand at its own end. */
  /** @type {(text: string, y: number, size: number, weight: string, ink: string, isTitle?: boolean) => void} */
  return (text, y, size, weight, ink, isTitle = false) => {
    context.direction = rtl ? "rtl" : "ltr";
    context.textAlign = rtl ? "right" : "left";
    context.font = `${weight} ${size}px ${font}`;
    context.fillStyle = ink;
    const line = fitted(text, width, (each) => context.measureText(each).width);
    context.fillText(isTitle ? `\u2068${line}\u2069` : line, rtl ? x + width : x, y);
  };
}

/** As much of a text as fits. @param {string} text @param {number} width @param {(text: string) => number} measure */
export function fitted(text, width, measure) {
  if (measure(text) <= width) return text;
  const letters = [...text];
  while (letters.length && measure(`${letters.join("").trimEnd()}…`) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}
