/**
 * The still that stands where the globe will be, or cannot be: the latest connections as arcs of an SVG over it. While
 * the globe loads they are seen as its first view will see them, and without one as the still's own land is.
 */
import { arcPoint, dot, hidden, unit } from "./geo.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST = 5;
const STEPS = 48;
const RADIUS = 500; // of the disc; the SVG's middle is the globe's
const LAND = { lonDeg: -22, latDeg: 20, away: 40 }; // where scripts/build_placeholder.py sees the land from

/** From where the globe is seen: degrees, and Earth radii from its middle. @typedef {typeof LAND} Seat */

/** @param {HTMLElement} element @param {Seat} opening where the globe's camera will begin */
export function createPlaceholder(element, opening) {
  const svg = make("svg", { class: "live", viewBox: [-RADIUS, -RADIUS, 2 * RADIUS, 2 * RADIUS].join(" ") });
  /** @type {{connection: Connection, colours: string[], drawn: SVGElement}[]} */
  let up = [];
  let project = projection(opening);
  element.append(svg);

  /** Draw a connection; the oldest goes. @param {Connection} connection @param {string[]} colours of CSS, two */
  function connect(connection, colours) {
    const drawn = arc(connection, project);
    colours.forEach((colour, end) => drawn.style.setProperty(`--colour-${end}`, colour));
    svg.append(drawn);
    up.push({ connection, colours, drawn });
    if (up.length > MOST) up.shift()?.drawn.remove();
    element.dataset.live = "";
  }

  /** Take down what is up, and say what it was. */
  function leave() {
    const left = up;
    left.forEach(({ drawn }) => drawn.remove());
    up = [];
    return left;
  }

  return {
    connect,
    leave,
    /** There will be no globe: its land is drawn now, as it is seen from elsewhere. */
    stay() {
      project = projection(LAND);
      leave().forEach(({ connection, colours }) => connect(connection, colours));
    },
  };
}

/** Where a point is on the still, or null on the far side. @typedef {(point: Vector) => [number, number] | null} Project */

/** @param {Seat} seat @returns {Project} */
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

/** The parts of an arc that are seen, as the path of an SVG. @type {(a: Vector, b: Vector, project: Project) => string} */
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
  const group = make("g", {});
  group.append(make("path", { d: pathOf(ends[0], ends[1], project), pathLength: "1" }));
  ends.map(project).forEach((at, i) => {
    if (at) group.append(make("circle", { class: ["from", "to"][i], cx: `${at[0]}`, cy: `${at[1]}`, r: "8" }));
  });
  return group;
}

/** @param {string} name @param {Record<string, string>} attributes */
function make(name, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}
