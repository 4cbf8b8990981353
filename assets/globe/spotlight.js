/**
 * The spotlight: one connection stays on the globe with its labels, everything else is dimmed, and the camera frames both
 * ends, clear of what lies over the stage.
 *
 * @typedef {import("./labellayout.js").Box} Box
 * @typedef {object} SpotlightOptions
 * @property {HTMLElement} stage
 * @property {ReturnType<typeof import("./camera.js").createCamera>} camera
 * @property {ReturnType<typeof import("./connections.js").createConnections>} connections
 * @property {() => number} now  seconds of the globe's clock
 * @property {() => boolean} still  whether nothing may move: paused, or reduced motion
 * @property {() => boolean} paused
 * @property {() => Box[]} obstacles  smaller boxes over the stage, relative to its corner
 * @property {() => number} usualSize  of the globe, a zoom level at the equator; NaN before the stage has a size
 *
 * @typedef {object} SpotOptions
 * @property {Box | null} [clearOf]  what lies over the stage, pixels of the page
 * @property {boolean} [flight]  whether the camera flies there and the arc grows; a globe that stands still never does
 * @property {boolean} [again]  whether an arc that stands in the spotlight grows again
 * @property {boolean} [alone]  whether all other connections are removed
 */
import { frameArc, freeBox } from "./framing.js";
import { opticsOf } from "./sizes.js";

const DIM = 0.15; // of their light, for all others
const FADE_S = 0.5;

/** @param {SpotlightOptions} options */
export function createSpotlight({ stage, camera, connections, now, still, paused, obstacles, usualSize }) {
  /** @type {Connection | null} */
  let spotlit = null;
  /** @type {Box | null} */
  let covered = null;
  let dim = 1;
  let waiting = false; // for the stage's size, to fly then

  /** @param {boolean} flies */
  function frame(flies) {
    const { clientWidth: width, clientHeight: height } = stage;
    waiting = flies;
    if (!spotlit || !width || !height || Number.isNaN(usualSize())) return;
    waiting = false;
    const { focal, distanceOf, sizeOf } = opticsOf(width, height);
    const { left, top } = stage.getBoundingClientRect();
    const free = freeBox({ left, top, right: left + width, bottom: top + height }, covered);
    const optics = { width, height, focal, usual: distanceOf(usualSize()) };
    const { lon, lat, distance, shift } = frameArc(spotlit, optics, free, obstacles());
    camera.frame({ lon, lat, shift, size: sizeOf(distance) }, flies);
  }

  /** @param {Connection} connection @param {boolean} grows */
  function draw(connection, grows) {
    const landed = paused() || !grows;
    connections.add(connection, now() - (landed ? connections.standingS(connection) : 0), { whole: still(), spot: true });
  }

  return {
    /** @param {Connection} connection @param {SpotOptions} [options] */
    set(connection, { clearOf = null, flight = true, again = false, alone = false } = {}) {
      const isNew = connection.id !== spotlit?.id;
      if (isNew || again) {
        const grows = flight && (again || !connections.hasLanded(connection.id, now()));
        connections.unspot(now());
        connections.drop(alone ? null : connection.id);
        draw(connection, grows);
      }
      spotlit = connection;
      covered = clearOf;
      stage.dataset.spotlight = connection.id;
      if (still()) dim = DIM;
      frame(flight);
    },
    clear() {
      if (!spotlit) return;
      spotlit = null;
      delete stage.dataset.spotlight;
      connections.unspot(now());
      if (still()) dim = 1;
      camera.unframe();
    },
    /** The stage has another size. */
    fit: () => frame(waiting),
    /** The id of the connection in the spotlight, or null. */
    id: () => spotlit?.id ?? null,
    /** The share of their light that all others have now. */
    dim: () => dim,
    /** Let time pass. Returns whether that changed the light. @param {number} seconds */
    advance(seconds) {
      const goal = spotlit ? DIM : 1;
      if (dim === goal) return false;
      const step = still() ? 1 : (seconds * (1 - DIM)) / FADE_S;
      dim = dim < goal ? Math.min(goal, dim + step) : Math.max(goal, dim - step);
      return true;
    },
  };
}
