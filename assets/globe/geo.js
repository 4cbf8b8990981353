/**
 * Points on the unit sphere, in the axes of deck.gl's globe: x to 90° E, y away from 0° E, z to the north pole. Pure.
 * The shaders have the same formulas in GLSL, and webapp/graphics/cardview.py in Python, for pictures.
 */

const RADIANS = Math.PI / 180;
const LOWEST_ARC = 0.018; // Earth radii, as in cardview.py
const HIGHEST_ARC = 0.25;
export const BEHIND = 0.5; // Earth radii: how far behind the rim's plane a place may be to be marked at the rim

/** @type {(lonDeg: number, latDeg: number) => Vector} */
export function unit(lonDeg, latDeg) {
  const lon = lonDeg * RADIANS;
  const lat = latDeg * RADIANS;
  return [Math.sin(lon) * Math.cos(lat), -Math.cos(lon) * Math.cos(lat), Math.sin(lat)];
}

/** The place of a point on or above the ground, in degrees. @type {(point: Vector) => {lon: number, lat: number}} */
export function lonLat([x, y, z]) {
  return { lon: Math.atan2(x, -y) / RADIANS, lat: Math.asin(z / Math.hypot(x, y, z)) / RADIANS };
}

/** @type {(a: Vector, b: Vector) => number} */
export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** @type {(v: Vector, k: number) => Vector} */
export function scale(v, k) {
  return [v[0] * k, v[1] * k, v[2] * k];
}

/**
 * The great circle from a to b as p(u) = a cos(u angle) + tangent sin(u angle), for u from 0 to 1. Between antipodes,
 * where all great circles are equally short, it goes over the poles.
 *
 * @type {(a: Vector, b: Vector) => {tangent: Vector, angle: number}}
 */
export function greatCircle(a, b) {
  const across = perpendicular(b, a);
  const length = Math.hypot(...across);
  const angle = Math.atan2(length, dot(a, b));
  if (length > 1e-6) return { tangent: scale(across, 1 / length), angle };
  const any = perpendicular(Math.abs(a[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0], a);
  return { tangent: scale(any, 1 / Math.hypot(...any)), angle };
}

/** The part of v that is perpendicular to the unit vector axis. @type {(v: Vector, axis: Vector) => Vector} */
function perpendicular(v, axis) {
  const along = dot(v, axis);
  return [v[0] - axis[0] * along, v[1] - axis[1] * along, v[2] - axis[2] * along];
}

/**
 * How far an arc's top is above the ground, in Earth radii, by its length in radians. Never zero, so that short arcs stay
 * above the ground.
 *
 * @type {(angle: number) => number}
 */
export function arcHeight(angle) {
  return LOWEST_ARC + HIGHEST_ARC * (angle / Math.PI) ** 1.15;
}

/** A point of the arc from a to b; u = 0.5 is its top. @type {(a: Vector, b: Vector, u: number) => Vector} */
export function arcPoint(a, b, u) {
  const { tangent, angle } = greatCircle(a, b);
  const raised = 1 + arcHeight(angle) * Math.sin(Math.PI * u);
  const along = scale(a, Math.cos(u * angle) * raised);
  const aside = scale(tangent, Math.sin(u * angle) * raised);
  return [along[0] + aside[0], along[1] + aside[1], along[2] + aside[2]];
}

/**
 * Whether the Earth hides the point from the eye: the ray enters the sphere before it reaches the point.
 *
 * @type {(point: Vector, eye: Vector) => boolean}
 */
export function hidden(point, eye) {
  const ray = /** @type {Vector} */ ([point[0] - eye[0], point[1] - eye[1], point[2] - eye[2]]);
  const beyond = dot(eye, eye) - 1;
  const along = -dot(ray, eye);
  return along > beyond && along * along > beyond * dot(ray, ray);
}

/**
 * The point of the globe's rim, as the eye sees it, that is nearest to a place behind it. null for places so far behind
 * that the rim would mislead.
 *
 * @type {(place: Vector, eye: Vector) => Vector | null}
 */
export function limbPoint(place, eye) {
  const distance = Math.hypot(...eye);
  const toward = scale(eye, 1 / distance);
  if (dot(place, toward) < 1 / distance - BEHIND) return null;
  const aside = perpendicular(place, toward);
  const along = Math.sqrt(1 - 1 / distance ** 2) / Math.hypot(...aside);
  const [near, far] = [scale(toward, 1 / distance), scale(aside, along)];
  return [near[0] + far[0], near[1] + far[1], near[2] + far[2]];
}

/**
 * A point's pixels from the top left, by a column-major view-projection matrix in deck's common space (globe radius 256).
 *
 * @type {(point: Vector, matrix: ArrayLike<number>, width: number, height: number) => [number, number]}
 */
export function toScreen([x, y, z], matrix, width, height) {
  const row = (/** @type {number} */ i) =>
    256 * (matrix[i] * x + matrix[i + 4] * y + matrix[i + 8] * z) + matrix[i + 12];
  const w = row(3);
  return [((row(0) / w + 1) / 2) * width, ((1 - row(1) / w) / 2) * height];
}

/**
 * Where the sun is overhead, to about 0.02°, by the Astronomical Almanac's low-precision formulas.
 *
 * @type {(epochMs: number) => {lonDeg: number, latDeg: number}}
 */
export function subsolarPoint(epochMs) {
  const days = (epochMs - Date.UTC(2000, 0, 1, 12)) / 86_400_000;
  const anomaly = (357.528 + 0.9856003 * days) * RADIANS;
  const longitude = (280.46 + 0.9856474 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RADIANS;
  const tilt = (23.439 - 4e-7 * days) * RADIANS;
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(longitude), Math.cos(longitude)) / RADIANS;
  const sidereal = ((18.697374558 + 24.06570982441908 * days) % 24) * 15;
  return {
    lonDeg: wrapDegrees(ascension - sidereal),
    latDeg: Math.asin(Math.sin(tilt) * Math.sin(longitude)) / RADIANS,
  };
}

/**
 * The longitude that the globe begins above: that of the requested place, or else about the viewer's own, which their time
 * zone tells.
 *
 * @type {(scene: Scene & {camera: {placed?: boolean}}, offsetMin?: number) => number}
 */
export const initialLongitude = ({ camera, initialViewState }, offsetMin = new Date().getTimezoneOffset()) =>
  camera.placed ? initialViewState.longitude : -offsetMin / 4;

/** A longitude within [-180, 180). @type {(deg: number) => number} */
export function wrapDegrees(deg) {
  return ((((deg + 180) % 360) + 360) % 360) - 180;
}

const SECTORS = 24; // the points are sorted by longitude, so that hidden ones come in long runs, which draw fast

/**
 * The points of a Fibonacci lattice that a bit mask selects, as unit vectors (scripts/build_land.py packs the mask). Each
 * is followed by a number from 0 to 1 by which the dots vary.
 *
 * @type {(mask: Uint8Array) => Float32Array}
 */
export function latticePoints(mask) {
  const count = mask.length * 8;
  const golden = (Math.PI * (3 - Math.sqrt(5))) / RADIANS;
  /** @type {number[][]} */
  const sectors = Array.from({ length: SECTORS }, () => []);
  for (let i = 0; i < count; i++) {
    if (!((mask[i >> 3] >> (i & 7)) & 1)) continue;
    const latDeg = Math.asin(1 - (2 * (i + 0.5)) / count) / RADIANS;
    const eastDeg = (i * golden) % 360;
    const [x, y, z] = unit(eastDeg - 180, latDeg);
    sectors[Math.floor((eastDeg / 360) * SECTORS)].push(x, y, z, (i * 0.754877666) % 1);
  }
  return Float32Array.from(sectors.flat());
}
