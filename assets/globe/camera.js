/**
 * Where the globe is looked at from: it drifts, leans toward where things happen, leaves the viewer's hand alone, and
 * goes on some seconds after. However much happens, by itself it never turns or changes its speed faster than its
 * habits say, so that nobody gets dizzy. Pure; globe.js feeds it time and deck's gestures.
 *
 * @typedef {object} Habits
 * @property {number} turnDegPerS     how fast it drifts
 * @property {number} restS           how long it leaves the viewer's hand alone
 * @property {number} [followDegPerS] the fastest it goes by itself
 * @property {number} [easeDegPerS2]  the most that its speed changes in a second
 */
import { createActivity } from "./activity.js";
import { wrapDegrees } from "./geo.js";

const LEAN_PER_S = 0.3; // of the way to where things happen
const LEAN_SOUTH = -30; // no farther, that the lands of most people stay in view
const LEAN_NORTH = 45;
const FLY_S = [0.6, 2.2]; // to what is in the middle already, and to the other side of the Earth
const STEP_S = 0.3; // for a turn or a step nearer by key
const LATITUDE_MOST = 80;

/** @type {(t: number) => number} */
const gently = (t) => t * t * (3 - 2 * t);
/** @type {(t: number) => number} */
const atOnce = (t) => 1 - (1 - t) ** 3;
/** The shorter way, east positive. @type {(from: number, to: number) => number} */
const degreesApart = (from, to) => wrapDegrees(to - from);
/** Doublings by which the globe is drawn larger at a latitude. @param {number} latitude */
const grownBy = (latitude) => -Math.log2(Math.cos((latitude * Math.PI) / 180));

/** @param {ViewState} start @param {Habits} habits */
export function createCamera(start, { turnDegPerS, restS, followDegPerS = 6, easeDegPerS2 = 2.5 }) {
  const interest = createActivity();
  let view = start;
  let held = false;
  let still = false;
  let following = true;
  let idleS = Infinity;
  let speed = [-turnDegPerS, 0]; // degrees a second to the east and to the north
  /** @type {{from: ViewState, to: ViewState, passedS: number, lastsS: number, ease: (t: number) => number} | null} */
  let flight = null;

  /** @param {ViewState} to @param {number} lastsS @param {(t: number) => number} ease */
  function fly(to, lastsS, ease) {
    idleS = 0;
    flight = still ? null : { from: view, to, passedS: 0, lastsS, ease };
    if (still) view = to;
  }

  /** Where the view will be soon, or is. */
  const goal = () => flight?.to ?? view;

  /** @param {number} seconds */
  function flyOn(seconds) {
    if (!flight) return false;
    flight.passedS += seconds;
    const { from, to, ease } = flight;
    const share = ease(Math.min(1, flight.passedS / flight.lastsS));
    view = between(from, to, share);
    idleS = 0;
    if (flight.passedS >= flight.lastsS) flight = null;
    return true;
  }

  /** The speed it would like: the drift, bent toward where things happen. */
  function wish() {
    const { lon, lat, weight: sure } = interest.centre();
    const weight = following ? sure : 0;
    const home = between(start, { ...start, latitude: clamp(lat, LEAN_SOUTH, LEAN_NORTH) }, weight).latitude;
    const there = clamp(degreesApart(view.longitude, lon) * LEAN_PER_S, -followDegPerS, followDegPerS);
    return shorter([there * weight - turnDegPerS * (1 - weight), (home - view.latitude) * LEAN_PER_S], followDegPerS);
  }

  /** @param {number} seconds */
  function cruise(seconds) {
    const wanted = wish();
    const change = shorter([wanted[0] - speed[0], wanted[1] - speed[1]], easeDegPerS2 * seconds);
    speed = [speed[0] + change[0], speed[1] + change[1]];
    view = sameSize(view, view.longitude + speed[0] * seconds, view.latitude + speed[1] * seconds);
    return true;
  }

  /** Whether the viewer or a flight was at it just now. */
  function resting() {
    if (idleS < restS) speed = [0, 0];
    return idleS < restS;
  }

  return {
    view: () => view,
    /** Something happens there, which it leans toward. @type {(point: Vector) => void} */
    notice: interest.add,
    /** What the viewer's gesture made of it. @param {ViewState} next */
    take(next) {
      view = next;
      flight = null;
      idleS = 0;
    },
    /** @param {boolean} now whether a gesture is going on */
    hold(now) {
      held = now;
      idleS = 0;
    },
    /** Stop turning, or go on. @param {boolean} now */
    rest(now) {
      still = now;
      if (now && flight) view = flight.to;
      if (now) flight = null;
    },
    /** Lean toward where things happen, or drift whatever happens. @param {boolean} now */
    follow(now) {
      following = now;
    },
    /** Bring a place to the middle: in a flight, or at once while it rests. */
    /** @type {(lon: number, lat: number) => void} */
    flyTo(lon, lat) {
      const to = sameSize(view, lon, lat);
      const share = Math.min(1, Math.abs(degreesApart(view.longitude, to.longitude)) / 180);
      fly(to, FLY_S[0] + (FLY_S[1] - FLY_S[0]) * share, gently);
    },
    /** Look farther east and north, in degrees. @type {(east: number, north: number) => void} */
    turn(east, north) {
      const { longitude, latitude } = goal();
      fly(sameSize(goal(), longitude + east, latitude + north), STEP_S, atOnce);
    },
    /** Go nearer, in zoomSteps of the globe's size, within the view's limits. @param {number} by */
    nearer(by) {
      const { zoom, latitude, minZoom = -Infinity, maxZoom = Infinity } = goal();
      const grown = grownBy(latitude); // deck's limits are for the equator, too
      const within = clamp(zoom + by, Number(minZoom) - grown, Number(maxZoom) - grown);
      fly({ ...goal(), zoom: within }, STEP_S, atOnce);
    },
    /** Fit the globe to another size, keeping how much nearer the viewer went. @param {number} by */
    zoom(by) {
      view = { ...view, zoom: view.zoom + by };
      if (flight) flight.to = { ...flight.to, zoom: flight.to.zoom + by };
    },
    /** Move on; whether that changed the view. @param {number} seconds */
    advance(seconds) {
      interest.age(seconds);
      if (held) flight = null;
      if (held) return false;
      if (flyOn(seconds)) return true;
      if (still) return false;
      idleS += seconds;
      return !resting() && cruise(seconds);
    },
  };
}

/**
 * A view of another place in which the globe is as large.
 *
 * @type {(view: ViewState, lon: number, lat: number) => ViewState}
 */
function sameSize(view, lon, lat) {
  const latitude = Math.min(LATITUDE_MOST, Math.max(-LATITUDE_MOST, lat));
  const zoom = view.zoom - grownBy(latitude) + grownBy(view.latitude);
  return { ...view, longitude: wrapDegrees(lon), latitude, zoom };
}

/** @type {(from: ViewState, to: ViewState, share: number) => ViewState} */
function between(from, to, share) {
  const mix = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * share;
  const longitude = wrapDegrees(from.longitude + degreesApart(from.longitude, to.longitude) * share);
  const latitude = mix(from.latitude, to.latitude);
  const size = mix(from.zoom + grownBy(from.latitude), to.zoom + grownBy(to.latitude));
  return { ...from, longitude, latitude, zoom: size - grownBy(latitude) };
}

/** @type {(x: number, low: number, high: number) => number} */
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

/** The same way, at most so long. @type {(way: number[], most: number) => number[]} */
function shorter(way, most) {
  const share = Math.min(1, most / Math.max(Math.hypot(...way), 1e-12));
  return way.map((part) => part * share);
}
