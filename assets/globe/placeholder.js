/**
 * What stands in the globe's place before it loads, or where it cannot be drawn: a picture of the land, and the latest
 * connections as arcs of an SVG over it. The arcs are projected as the globe's first view will be, or, without a globe, as
 * the picture of the land is.
 */
import { arcPoint, dot, hidden, unit } from "./geo.js";

const SVG = "http://www.w3.org/2000/svg";
const MAX = 5;
const STEPS = 48;
const RADIUS = 500; // of the disc, whose centre is the SVG's
const LAND = { lonDeg: -22, latDeg: 20, away: 40 }; // the camera of scripts/build_placeholder.py

/** A camera: degrees, and Earth radii from the globe's centre. @typedef {typeof LAND} Camera */

/** @param {HTMLElement} element @param {Camera} opening where the globe's camera will begin */
export function createPlaceholder(element, opening) {
  const svg = createSvg("svg", { class: "live", viewBox: [-RADIUS, -RADIUS, 2 * RADIUS, 2 * RADIUS].join(" ") });
  /** @type {{connection: Connection, colours: string[], drawn: SVGElement}[]} */
  let arcs = [];
  let project = projection(opening);
  element.append(svg);

  /** Draw a connection, and remove the oldest. @param {Connection} connection @param {string[]} colours two, for CSS */
  function connect(connection, colours) {
    const drawn = arc(connection, project);
    colours.forEach((colour, end) => drawn.style.setProperty(`--colour-${end}`, colour));
    svg.append(drawn);
    arcs.push({ connection, colours, drawn });
    if (arcs.length > MAX) arcs.shift()?.drawn.remove();
    element.dataset.live = "";
  }

  /** Remove all arcs, and return them. */
  function clear() {
    const removed = arcs;
    removed.forEach(({ drawn }) => drawn.remove());
    arcs = [];
    return removed;
  }

  return {
    connect,
    clear,
    /** There will be no globe: draw the arcs as the land of the picture is drawn. */
    fitToLand() {
      project = projection(LAND);
      clear().forEach(({ connection, colours }) => connect(connection, colours));
    },
  };
}

/** Where a point is in the SVG, or null on the far side. @typedef {(point: Vector) => [number, number] | null} Project */

/** @param {Camera} camera @returns {Project} */
export function projection({ lonDeg, latDeg, away }) {
  const toward = unit(lonDeg, latDeg);
  const east = unit(lonDeg + 90, 0);
  const north = unit(lonDeg, latDeg + 90);
  const eye = /** @type {Vector} */ (toward.map((part) => part * away));
  const focal = RADIUS * Math.sqrt(away * away - 1);
  return (point) => {
    const enlargementFor = focal / (away - dot(point, toward));
    return hidden(point, eye) ? null : [dot(point, east) * enlargementFor, -dot(point, north) * enlargementFor];
  };
}

/** The visible parts of an arc, as an SVG path. @type {(a: Vector, b: Vector, project: Project) => string} */
export function pathOf(a, b, project) {
  let path = "";
  let joined = false;
  for (let i = 0; i <= STEPS; i++) {
    const at = project(arcPoint(a, b, i / STEPS));
    if (at) path += `${joined ? "L" : "M"}${at.map((part) => part.toFixed(1)).join(" ")}`;
    joined = at !== null;
  }
  return path;
}

/** @param {Connection} connection @param {Project} project */
function arc({ from, to }, project) {
  const ends = [from, to].map(({ lon, lat }) => unit(lon, lat));
  const group = createSvg("g", {});
  group.append(createSvg("path", { d: pathOf(ends[0], ends[1], project), pathLength: "1" }));
  ends.map(project).forEach((at, i) => {
    if (at) group.append(createSvg("circle", { class: ["from", "to"][i], cx: `${at[0]}`, cy: `${at[1]}`, r: "8" }));
  });
  return group;
}

/** @param {string} name @param {Record<string, string>} attributes */
function createSvg(name, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}
