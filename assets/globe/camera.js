/**
 * The camera: it drifts, turns toward activity, and rests for some seconds after the viewer moved it. Its speed and
 * acceleration have limits, so that nobody gets dizzy. It can hold a frame around a connection (framing.js), and gives
 * the viewer's own size back after that. Pure; globe.js feeds it time and deck's gestures.
 *
 * @typedef {object} Pose
 * @property {ViewState} view
 * @property {number} added   zoom levels of the view that a frame added
 * @property {number[]} shift  of the globe's centre from the stage's, pixels to the right and down
 *
 * @typedef {object} Settings
 * @property {number} turnDegPerS     drift speed
 * @property {number} restS           how long it rests after the viewer moved it
 * @property {number} [followDegPerS] its highest speed by itself
 * @property {number} [easeDegPerS2]  its highest acceleration
 */
import { createActivity } from "./activity.js";
import { wrapDegrees } from "./geo.js";

const FOLLOW_PER_S = 0.3; // share of the way to the activity
const SOUTH_LIMIT_DEG = -30; // for following, so that most inhabited land stays in view
const NORTH_LIMIT_DEG = 45;
const FLIGHT_S = [0.6, 2.2]; // to a place in the centre already, and to the other side of the Earth
const STEP_S = 0.3; // for a turn or a zoom by key
const FARTHEST_LEVELS = 3; // a zoom of so many levels takes as long as a flight to the other side
export const LATITUDE_MAX = 80;

/** @type {(t: number) => number} */
const easeInOut = (t) => t * t * (3 - 2 * t);
/** @type {(t: number) => number} */
const easeOut = (t) => 1 - (1 - t) ** 3;
/** The shorter way, east positive. @type {(from: number, to: number) => number} */
const degreesApart = (from, to) => wrapDegrees(to - from);
/** The zoom levels by which deck draws the globe larger at a latitude. @param {number} latitude */
const grownBy = (latitude) => -Math.log2(Math.cos((latitude * Math.PI) / 180));

/** @param {ViewState} start @param {Settings} settings */
export function createCamera(start, { turnDegPerS, restS, followDegPerS = 6, easeDegPerS2 = 2.5 }) {
  const activity = createActivity();
  /** @type {Pose} */
  let pose = { view: start, added: 0, shift: [0, 0] };
  let held = false;
  let stopped = false;
  let framed = false;
  let following = true;
  let idleS = Infinity;
  let speed = [-turnDegPerS, 0]; // degrees a second to the east and to the north
  /** @type {{from: Pose, to: Pose, passedS: number, lastsS: number, ease: (t: number) => number} | null} */
  let flight = null;

  /** @param {Pose} to @param {number} lastsS @param {(t: number) => number} [ease] */
  function fly(to, lastsS, ease = easeInOut) {
    idleS = 0;
    flight = stopped || lastsS === 0 ? null : { from: pose, to, passedS: 0, lastsS, ease };
    if (!flight) pose = to;
  }

  /** The pose at the end of the flight, or the current one. */
  const goal = () => flight?.to ?? pose;

  /** Fly to another view in the same frame. @param {ViewState} view @param {number} lastsS @param {(t: number) => number} ease */
  const flyView = (view, lastsS, ease) => fly({ ...goal(), view }, lastsS, ease);

  /** How long a flight to a view takes, in seconds. @param {ViewState} to */
  function lasts(to) {
    const turned = Math.abs(degreesApart(pose.view.longitude, to.longitude)) / 180;
    const grown = Math.abs(sizeOf(to) - sizeOf(pose.view)) / FARTHEST_LEVELS;
    return FLIGHT_S[0] + (FLIGHT_S[1] - FLIGHT_S[0]) * Math.min(1, Math.max(turned, grown));
  }

  /** @param {number} seconds */
  function advanceFlight(seconds) {
    if (!flight) return false;
    flight.passedS += seconds;
    const { from, to, ease } = flight;
    const share = ease(Math.min(1, flight.passedS / flight.lastsS));
    pose = posedBetween(from, to, share);
    idleS = 0;
    if (flight.passedS >= flight.lastsS) flight = null;
    return true;
  }

  /** The desired speed: the drift, bent toward the activity. */
  function desiredSpeed() {
    const { lon, lat, weight: certainty } = activity.centre();
    const weight = following ? certainty : 0;
    const limited = clamp(lat, SOUTH_LIMIT_DEG, NORTH_LIMIT_DEG);
    const home = between(start, { ...start, latitude: limited }, weight).latitude;
    const { view } = pose;
    const east = clamp(degreesApart(view.longitude, lon) * FOLLOW_PER_S, -followDegPerS, followDegPerS);
    const both = [east * weight - turnDegPerS * (1 - weight), (home - view.latitude) * FOLLOW_PER_S];
    return limitLength(both, followDegPerS);
  }

  /** @param {number} seconds */
  function drift(seconds) {
    const wanted = desiredSpeed();
    const change = limitLength([wanted[0] - speed[0], wanted[1] - speed[1]], easeDegPerS2 * seconds);
    speed = [speed[0] + change[0], speed[1] + change[1]];
    const { longitude, latitude } = pose.view;
    const view = sameSize(pose.view, longitude + speed[0] * seconds, latitude + speed[1] * seconds);
    pose = { ...pose, view };
    return true;
  }

  /** Whether the viewer or a flight moved the view just now, or a frame holds it. */
  function resting() {
    const rests = framed || idleS < restS;
    if (rests) speed = [0, 0];
    return rests;
  }

  return {
    view: () => pose.view,
    shift: () => pose.shift,
    /** Something happened at this point of the unit sphere. @type {(point: Vector) => void} */
    notice: activity.add,
    /** The viewer's gesture moved the view. @param {ViewState} next */
    setView(next) {
      pose = { ...pose, view: next };
      flight = null;
      idleS = 0;
    },
    /** @param {boolean} now whether a gesture is in progress */
    hold(now) {
      held = now;
      idleS = 0;
    },
    /** Stop moving by itself, or resume. @param {boolean} now */
    stop(now) {
      stopped = now;
      if (now && flight) pose = flight.to;
      if (now) flight = null;
    },
    /** Turn toward activity, or only drift. @param {boolean} now */
    follow(now) {
      following = now;
    },
    /** Bring a place to the centre: in a flight, or at once while stopped. @type {(lon: number, lat: number) => void} */
    flyTo(lon, lat) {
      const to = sameSize(goal().view, lon, lat);
      flyView(to, lasts(to), easeInOut);
    },
    /**
     * Hold a frame: the place in the centre, the globe's size (a zoom level at the equator) and the shift of its centre.
     *
     * @param {{lon: number, lat: number, size: number, shift: number[]}} frame @param {boolean} isFlight  or at once
     */
    frame({ lon, lat, size, shift }, isFlight) {
      const { view, added } = goal();
      const turned = sameSize(view, lon, lat);
      const levels = size - sizeOf(view);
      const to = { view: { ...turned, zoom: turned.zoom + levels }, added: added + levels, shift };
      framed = true;
      fly(to, isFlight ? lasts(to.view) : 0);
    },
    /** Let the frame go: the globe has the viewer's size again, in the middle of the stage. */
    unframe() {
      if (!framed) return;
      framed = false;
      const { view, added } = goal();
      const to = { view: { ...view, zoom: view.zoom - added }, added: 0, shift: [0, 0] };
      fly(to, lasts(to.view));
    },
    /** Look farther east and north, in degrees. @type {(east: number, north: number) => void} */
    turn(east, north) {
      const { view } = goal();
      flyView(sameSize(view, view.longitude + east, view.latitude + north), STEP_S, easeOut);
    },
    /** Zoom in by so many levels, each twice the size, within the view's limits. @param {number} levels */
    zoomBy(levels) {
      const { zoom, latitude, minZoom = -Infinity, maxZoom = Infinity } = goal().view;
      const grown = grownBy(latitude); // deck's limits are for the equator
      const within = clamp(zoom + levels, Number(minZoom) - grown, Number(maxZoom) - grown);
      flyView({ ...goal().view, zoom: within }, STEP_S, easeOut);
    },
    /** The stage has another size: change the zoom, but keep what the viewer added to it. @param {number} levels */
    rescale(levels) {
      pose = zoomed(pose, levels);
      if (flight) flight.to = zoomed(flight.to, levels);
    },
    /** Let time pass. Returns whether that changed the view. @param {number} seconds */
    advance(seconds) {
      activity.age(seconds);
      if (held) flight = null;
      if (held) return false;
      if (advanceFlight(seconds)) return true;
      if (stopped) return false;
      idleS += seconds;
      return !resting() && drift(seconds);
    },
  };
}

/** The globe's size on screen, as a zoom level at the equator. @param {ViewState} view */
export const sizeOf = ({ zoom, latitude }) => zoom + grownBy(latitude);

/** @type {(pose: Pose, levels: number) => Pose} */
const zoomed = (pose, levels) => ({ ...pose, view: { ...pose.view, zoom: pose.view.zoom + levels } });

/** @type {(from: Pose, to: Pose, share: number) => Pose} */
function posedBetween(from, to, share) {
  const mix = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * share;
  const shift = from.shift.map((part, axis) => mix(part, to.shift[axis]));
  return { view: between(from.view, to.view, share), added: mix(from.added, to.added), shift };
}

/**
 * A view of another place, with the globe at the same size.
 *
 * @type {(view: ViewState, lon: number, lat: number) => ViewState}
 */
function sameSize(view, lon, lat) {
  const latitude = Math.min(LATITUDE_MAX, Math.max(-LATITUDE_MAX, lat));
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

/** The same direction, at most this long. @type {(vector: number[], max: number) => number[]} */
function limitLength(vector, max) {
  const share = Math.min(1, max / Math.max(Math.hypot(...vector), 1e-12));
  return vector.map((part) => part * share);
}
