/** The camera for one connection: its arc as a curve, as close as it fits, shown until the page closes. Pure. */
import { arcPoint, greatCircle, lonLat, scale, unit } from "./geo.js";

const FITS_DEG = 75; // an arc of this length fits the globe at its usual size
const LARGEST = 1.6; // times the usual size: any larger looks like a map, not like a globe
const SMALLEST = 0.86; // for ends that are almost antipodes: from farther away more of the arc is in view
const ASIDE = 0.18; // share of the arc's length by which the camera looks from its side: from above it would be a line
const ASIDE_MAX_DEG = 20;
const IN_VIEW_DEG = 60; // from the centre: farther out an end is at the edge of the globe, or behind it
const HOLD_S = 86_400;
const NEAR_DEG = 12; // ends so close that the song's label would cover one of them

const DEG = 180 / Math.PI;

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
  return Math.min(LARGEST, Math.max(SMALLEST, FITS_DEG / Math.max(angle * DEG, 1)));
}

/** Whether the song's label has no room between the two cities. @param {{from: Place, to: Place}} connection */
export const isNear = (connection) => span(connection).angle * DEG < NEAR_DEG;

/**
 * The place to look at, in degrees: beside the arc's middle, toward the equator.
 *
 * @param {{from: Place, to: Place}} connection
 */
export function viewpointOf(connection) {
  const { a, b, tangent, angle } = span(connection);
  const top = arcPoint(a, b, 0.5);
  const middle = scale(top, 1 / Math.hypot(...top));
  const aside = Math.min(ASIDE_MAX_DEG, ASIDE * angle * DEG) / DEG;
  const [north, south] = [1, -1].map((side) => rotated(middle, cross(a, tangent), side * aside));
  return lonLat(Math.abs(north[2]) < Math.abs(south[2]) ? north : south);
}

/** A unit vector rotated toward a perpendicular one. @type {(from: Vector, to: Vector, by: number) => Vector} */
const rotated = (from, to, by) =>
  /** @type {Vector} */ (from.map((part, i) => part * Math.cos(by) + to[i] * Math.sin(by)));

/** @type {(a: Vector, b: Vector) => Vector} */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/**
 * The scene for this connection alone: it begins at the connection's latitude, and the globe does not turn by itself.
 *
 * @template {import("./globe.js").GlobeOptions["scene"]} S
 * @param {S} scene @param {{from: Place, to: Place}} connection @returns {S}
 */
export function frameConnection(scene, connection) {
  const by = enlargementFor(span(connection).angle);
  const { discOfHeight, discOfWidth } = scene.camera;
  return {
    ...scene,
    initialViewState: { ...scene.initialViewState, latitude: viewpointOf(connection).lat },
    camera: { turnDegPerS: 0, restS: Infinity, discOfHeight: discOfHeight * by, discOfWidth: discOfWidth * by },
    layers: scene.layers.map((layer) => (layer.id === "arcs" ? { ...layer, holdS: HOLD_S } : layer)),
  };
}
