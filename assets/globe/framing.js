/**
 * The camera for one connection: both ends in view, clear of what lies over the stage, and the arc as a curve. Pure.
 *
 * @typedef {import("./labellayout.js").Box} Box
 * @typedef {object} Optics  of the globe's stage
 * @property {number} width   pixels
 * @property {number} height
 * @property {number} focal   the camera's focal length, pixels
 * @property {number} usual   the eye's distance from the globe's centre at the usual size, Earth radii
 *
 * @typedef {object} Frame
 * @property {number} lon       the place below the eye, degrees
 * @property {number} lat
 * @property {number} distance  the eye's, Earth radii
 * @property {[number, number]} shift  of the globe's centre from the stage's, pixels to the right and down
 */
import { LATITUDE_MAX } from "./camera.js";
import { arcPoint, dot, greatCircle, hidden, limbPoint, lonLat, scale, unit } from "./geo.js";

const FITS_DEG = 75; // an arc of this length fits the globe at its usual size
const LARGEST = 1.4; // times the usual size: any larger looks like a map, not like a globe
const SMALLEST = 0.86; // for ends that are almost antipodes: from farther away more of the arc is in view
const ASIDE = 0.18; // share of the arc's length by which the camera looks from its side: from above it would be a line
const ASIDE_MAX_DEG = 20;
const FAR_DEG = [125, 155]; // between these lengths the camera moves above the arc, so that both ends are at the rim
const FAR_ASIDE_DEG = 7;
const IN_VIEW_DEG = 60; // from the centre: farther out an end is at the edge of the globe, or behind it
const APART_PX = 48; // between neighbours, so that both names have room; the globe is enlarged for it
const NEAREST = 1.1; // Earth radii: from closer the land is a few large dots
const ROOM = 0.46; // of the free box, for the globe's radius
const EDGE = 0.06; // of the free box, and no more than EDGE_PX: between its edge and the arc
const EDGE_PX = 40;
const LEAST = 0.6; // of its size: no smaller is a globe shown to keep ends clear of obstacles
const CLEAR_PX = 10; // around an end
const STEPS = 24; // of an arc
const HALVINGS = 24;

const DEG = 180 / Math.PI;

/** @type {(x: number, low: number, high: number) => number} */
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
/** 0 below the first, 1 above the second. @type {(x: number, range: number[]) => number} */
const rise = (x, [low, high]) => clamp((x - low) / (high - low), 0, 1);

/** The arc's ends, and its length in radians. @param {{from: Place, to: Place}} connection */
function span({ from, to }) {
  const [a, b] = [unit(from.lon, from.lat), unit(to.lon, to.lat)];
  return { a, b, ...greatCircle(a, b) };
}

/**
 * The place below an arc's middle, in degrees. For a long arc it is closer to the visitor's own end, so that this end is
 * in view.
 *
 * @type {(connection: {from: Place, to: Place}, yours?: "from" | "to" | null) => {lon: number, lat: number}}
 */
export function midpointOf(connection, yours = null) {
  const { a, b, angle } = span(connection);
  const part = yours ? Math.min(0.5, IN_VIEW_DEG / (angle * DEG)) : 0.5;
  return lonLat(arcPoint(a, b, yours === "to" ? 1 - part : part));
}

/** How much larger the globe is shown for an arc of this length. @param {number} angle in radians */
export function enlargementFor(angle) {
  return clamp(FITS_DEG / Math.max(angle * DEG, 1), SMALLEST, LARGEST);
}

/**
 * The place to look at, in degrees: beside the arc's middle, toward the equator.
 *
 * @param {{from: Place, to: Place}} connection
 */
export function viewpointOf(connection) {
  const { a, b, tangent, angle } = span(connection);
  const top = arcPoint(a, b, 0.5);
  const middle = scale(top, 1 / Math.hypot(...top));
  const [far, near] = [rise(angle * DEG, FAR_DEG), Math.min(ASIDE_MAX_DEG, ASIDE * angle * DEG)];
  const aside = (near + (FAR_ASIDE_DEG - near) * far) / DEG;
  const [north, south] = [1, -1].map((side) => rotated(middle, cross(a, tangent), side * aside));
  return lonLat(Math.abs(north[2]) < Math.abs(south[2]) ? north : south);
}

/** A unit vector rotated toward a perpendicular one. @type {(from: Vector, to: Vector, by: number) => Vector} */
const rotated = (from, to, by) =>
  /** @type {Vector} */ (from.map((part, i) => part * Math.cos(by) + to[i] * Math.sin(by)));

/** @type {(a: Vector, b: Vector) => Vector} */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/**
 * The largest part of the stage beside, above or below a rectangle, relative to the stage's corner. Both are in pixels of
 * the page. It is the whole stage where the rectangle is elsewhere, or leaves nothing.
 *
 * @type {(stage: Box, rectangle: Box | null) => Box}
 */
export function freeBox(stage, rectangle) {
  const [width, height] = [stage.right - stage.left, stage.bottom - stage.top];
  const whole = { left: 0, top: 0, right: width, bottom: height };
  if (!rectangle) return whole;
  const left = clamp(rectangle.left - stage.left, 0, width);
  const right = clamp(rectangle.right - stage.left, 0, width);
  const top = clamp(rectangle.top - stage.top, 0, height);
  const bottom = clamp(rectangle.bottom - stage.top, 0, height);
  if (left >= right || top >= bottom) return whole;
  const parts = [{ ...whole, bottom: top }, { ...whole, top: bottom }, { ...whole, right: left }, { ...whole, left: right }];
  const room = (/** @type {Box} */ box) => Math.min(box.right - box.left, box.bottom - box.top);
  const best = parts.reduce((one, other) => (room(other) > room(one) ? other : one));
  return room(best) > 0 ? best : whole;
}

/**
 * The frame for a connection in the free part of the stage. It shows the usual globe, larger for a short arc, and larger
 * still for neighbours, so that both names have room. Where that puts an end below a smaller box over the stage, the globe
 * is shown smaller, if that helps.
 *
 * @param {{from: Place, to: Place}} connection @param {Optics} optics @param {Box} free
 * @param {Box[]} [obstacles]  relative to the stage's corner
 * @returns {Frame}
 */
export function frameArc(connection, optics, free, obstacles = []) {
  const { a, b, angle } = span(connection);
  const view = viewpointOf(connection);
  const place = { lon: view.lon, lat: clamp(view.lat, -LATITUDE_MAX, LATITUDE_MAX) };
  const { focal, usual } = optics;
  const room = ROOM * Math.min(free.right - free.left, free.bottom - free.top);
  const base = Math.min(focal / Math.sqrt(usual * usual - 1), room);
  const at = (/** @type {number} */ radius) => seen({ a, b }, place, Math.hypot(1, focal / radius), focal);
  const nearest = focal / Math.sqrt(NEAREST * NEAREST - 1);
  let radius = base * enlargementFor(angle);
  const isApart = (/** @type {number} */ size) => at(size).apart >= APART_PX;
  if (!isApart(radius) && angle * DEG < FITS_DEG) radius = first(radius, nearest, isApart);
  const fits = (/** @type {number} */ size) => isInside(at(size).box, shiftFor(at(size).box, size), optics, free);
  const shiftFor = (/** @type {Box} */ box, /** @type {number} */ size) => shiftOf(box, size / base, optics, free);
  if (!fits(radius)) radius = first(radius, base / 8, fits);
  const isClear = (/** @type {number} */ size) => areClear(at(size).ends, shiftFor(at(size).box, size), optics, obstacles);
  const smaller = isClear(radius) ? radius : first(radius, LEAST * radius, isClear);
  if (isClear(smaller)) radius = smaller;
  const { box, distance } = at(radius);
  return { ...place, distance, shift: shiftFor(box, radius) };
}

/** The first size on the way from one to another for which something is so; the other one if it never is. */
/** @type {(from: number, to: number, is: (size: number) => boolean) => number} */
function first(from, to, is) {
  let [low, high] = [Math.log(from), Math.log(to)];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (is(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

/**
 * The ends of an arc and the box around its visible part, in pixels from the globe's centre, and how far apart the ends are.
 *
 * @type {(ends: {a: Vector, b: Vector}, place: {lon: number, lat: number}, distance: number, focal: number) =>
 *   {ends: number[][], box: Box, apart: number, distance: number}}
 */
function seen({ a, b }, { lon, lat }, distance, focal) {
  const [toward, east, north] = [unit(lon, lat), unit(lon + 90, 0), unit(lon, lat + 90)];
  const eye = scale(toward, distance);
  const project = (/** @type {Vector} */ point) => {
    const enlarged = focal / (distance - dot(point, toward));
    return [dot(point, east) * enlarged, -dot(point, north) * enlarged];
  };
  const ends = [a, b].map((end) => (hidden(end, eye) ? limbPoint(end, eye) : end) ?? end).map(project);
  const between = Array.from({ length: STEPS - 1 }, (_, i) => arcPoint(a, b, (i + 1) / STEPS));
  const points = [...ends, ...between.filter((point) => !hidden(point, eye)).map(project)];
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const box = { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
  return { ends, box, distance, apart: Math.hypot(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]) };
}

/** How far to move the globe: a whole globe is centred, and of a much larger one the arc. */
/** @type {(box: Box, enlarged: number, stage: Optics, free: Box) => [number, number]} */
function shiftOf(box, enlarged, { width, height }, free) {
  const part = rise(enlarged, [1, 2]);
  const x = (free.left + free.right - width) / 2 - ((box.left + box.right) / 2) * part;
  const y = (free.top + free.bottom - height) / 2 - ((box.top + box.bottom) / 2) * part;
  return [x, y];
}

/** @type {(box: Box, shift: [number, number], stage: Optics, free: Box) => boolean} */
function isInside(box, [x, y], { width, height }, free) {
  const [across, down] = [free.right - free.left, free.bottom - free.top].map((size) => Math.min(EDGE_PX, EDGE * size));
  return (
    box.left + x + width / 2 >= free.left + across &&
    box.right + x + width / 2 <= free.right - across &&
    box.top + y + height / 2 >= free.top + down &&
    box.bottom + y + height / 2 <= free.bottom - down
  );
}

/** Whether no end of an arc lies in an obstacle, or right beside it. */
/** @type {(ends: number[][], shift: [number, number], stage: Optics, obstacles: Box[]) => boolean} */
function areClear(ends, shift, { width, height }, obstacles) {
  const points = ends.map(([x, y]) => ({ x: x + shift[0] + width / 2, y: y + shift[1] + height / 2 }));
  return obstacles.every(({ left, top, right, bottom }) =>
    points.every(
      ({ x, y }) => x < left - CLEAR_PX || x > right + CLEAR_PX || y < top - CLEAR_PX || y > bottom + CLEAR_PX,
    ),
  );
}

/**
 * The scene for one connection alone: it begins at the connection's latitude, and the globe does not turn by itself.
 *
 * @template {import("./globe.js").GlobeOptions["scene"]} S
 * @param {S} scene @param {{from: Place, to: Place}} connection @returns {S}
 */
export function sceneOfOne(scene, connection) {
  return {
    ...scene,
    initialViewState: { ...scene.initialViewState, latitude: viewpointOf(connection).lat },
    camera: { ...scene.camera, turnDegPerS: 0, restS: Infinity },
  };
}
