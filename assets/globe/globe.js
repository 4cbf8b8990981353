/**
 * The globe: pydeck's scene with arcs, pulses, sparks and labels. Import this after pydeck's bundle (loader.js).
 *
 * @typedef {{turnDegPerS: number, restS: number, discOfHeight: number, discOfWidth: number}} CameraSettings
 * @typedef {object} GlobeOptions
 * @property {Scene & {camera: CameraSettings, quality?: object}} scene
 * @property {{land: Uint8Array, few: Uint8Array, lights: Uint8Array}} fields
 * @property {ReturnType<typeof import("./clock.js").createClock>} clock
 * @property {boolean} reducedMotion  arcs appear whole, and the globe does not move by itself
 * @property {number} longitude  to begin at
 * @property {ReturnType<typeof import("./palette.js").songColours>} colours
 * @property {(connection: Connection) => boolean} mine  whether it touches the visitor's city
 * @property {(connection: Connection) => "from" | "to" | null} [yours]  the visitor's own end
 * @property {Record<string, Record<string, any>>} paint  the theme's props of the layers, by their ids
 * @property {() => import("./labellayout.js").Box[]} obstacles  what labels must not cover
 * @property {(error: unknown) => void} onFail  the globe cannot be drawn any more
 */
import { createBeacon } from "./beacon.js";
import { createCamera, sizeOf } from "./camera.js";
import { cityLights } from "./citylights.js";
import { createConnections } from "./connections.js";
import { createDeckView } from "./deckview.js";
import { midpointOf } from "./framing.js";
import { hidden, latticePoints, limbPoint, scale, subsolarPoint, toScreen, unit } from "./geo.js";
import { createGestures } from "./gestures.js";
import { createHitTester } from "./hittest.js";
import { createGlows } from "./glows.js";
import { createInstances } from "./instances.js";
import { createLabels } from "./labels.js";
import { createNearMiss } from "./nearmiss.js";
import { createQuality } from "./quality.js";
import { COMMON_RADIUS, discRadius, pixelRatio, zoomFor } from "./sizes.js";
import { createSpotlight } from "./spotlight.js";
import { starField } from "./stars.js";

const DESIGN_RADIUS_PX = 350; // the disc's radius for which scene.py gives sizes

/** @param {HTMLElement} stage @param {GlobeOptions} options */
export function createGlobe(stage, options) {
  const { scene, fields, clock, longitude, colours, mine, yours = () => null, obstacles, onFail } = options;
  let { reducedMotion, paint } = options;
  const arcProps = /** @type {any} */ (scene.layers.find((layer) => layer.id === "arcs"));
  const instances = createInstances(arcProps.capacity, arcProps);
  const camera = createCamera({ ...scene.initialViewState, longitude }, scene.camera);
  const overlay = /** @type {HTMLElement} */ (stage.querySelector(".labels"));
  const beacon = createBeacon(overlay);
  const labels = createLabels(overlay, { obstacles: () => [...obstacles(), ...beacon.boxes()] });
  const hitTester = createHitTester();
  const connections = createConnections({ instances, hitTester, labels, durations: arcProps, colours, mine, yours });
  const nearMiss = createNearMiss({ instances, labels, colours, durations: arcProps });
  /** @type {Record<string, Record<string, Float32Array>>} */
  const points = {
    land: { points: latticePoints(fields.land), few: latticePoints(fields.few) },
    lights: { points: cityLights(fields.lights) },
    stars: { points: starField() },
  };
  const quality = createQuality(scene.quality);
  const gestures = createGestures(stage, { zoomBy });
  /** Where a point was last drawn. @type {import("./labels.js").Project} */
  let project = () => null;
  const view = { eye: [0, 0, 3], now: 0, sun: [0, 0, 1], pixels: 1, density: 1, unit: 1, calm: 0, dim: 1, shift: [0, 0] };
  let fittedZoom = NaN;
  /** The song whose arcs are not drawn. @type {string | null} */
  let suppressed = null;
  let [needsRedraw, shown, paused] = [true, 0, false];
  const spotlight = createSpotlight({
    stage,
    camera,
    connections,
    now: clock.seconds,
    still: () => reducedMotion || paused,
    paused: () => paused,
    obstacles,
    usualSize: () => sizeOf({ ...scene.initialViewState, zoom: fittedZoom }),
  });
  const deckView = firstView();
  const glows = createGlows({ instances, labels, colours, sparkColour: () => paint.arcs.spark, notice: camera.notice, now: clock.seconds });
  let lastS = clock.seconds();
  updateMotion();
  const sizes = new ResizeObserver(fit);
  sizes.observe(stage);
  let frame = requestAnimationFrame(tick);

  /** Build the deck, or leave nothing behind. */
  function firstView() {
    try {
      return createDeckView(stage, {
        scene,
        paint: options.paint,
        layerProps: (id) => ({ view, instances, ...points[id] }),
        extend: gestures.extend,
        density,
        onView(next) {
          camera.setView(next);
          needsRedraw = true;
        },
        onHold: camera.hold,
        onBuild() {
          instances.touch();
          needsRedraw = true;
        },
        onFail,
      });
    } catch (error) {
      gestures.destroy();
      labels.destroy();
      throw error;
    }
  }

  function updateMotion() {
    view.calm = Number(reducedMotion);
    camera.stop(reducedMotion || paused);
    needsRedraw = true;
  }

  function fit() {
    const { clientWidth: width, clientHeight: height } = stage;
    if (width === 0 || height === 0) return;
    const { discOfHeight, discOfWidth } = scene.camera;
    const radius = Math.min(height * discOfHeight, width * discOfWidth) / 2; // leaves room for the highest arcs
    const zoom = zoomFor(radius, width, height, scene.initialViewState.latitude); // the camera corrects for others
    camera.rescale(zoom - (Number.isNaN(fittedZoom) ? camera.view().zoom : fittedZoom));
    fittedZoom = zoom;
    spotlight.fit();
    deckView.resize();
    needsRedraw = true;
  }

  function density() {
    return pixelRatio(stage) * quality.share();
  }

  function tick() {
    frame = requestAnimationFrame(tick);
    try {
      advance();
    } catch (error) {
      cancelAnimationFrame(frame); // the next one would fail as well
      onFail(error);
    }
  }

  function advance() {
    const now = clock.seconds();
    const tookS = Math.min(0.1, now - lastS);
    const moved = [camera.advance(tookS), spotlight.advance(tookS)].includes(true);
    if (!paused && quality.frame(tookS)) deckView.resize();
    lastS = now;
    instances.expire(now);
    if (!deckView.isReady() || Number.isNaN(fittedZoom)) return;
    if (!moved && !needsRedraw && (paused || (instances.used() === 0 && labels.count() === 0))) return;
    needsRedraw = false;
    draw(now);
  }

  /** @param {number} now */
  function draw(now) {
    const viewport = deckView.turn(camera.view());
    const [right, down] = camera.shift();
    const eye = /** @type {Vector} */ (viewport.cameraPosition.map((x) => x / COMMON_RADIUS));
    const disc = discRadius(viewport);
    const sun = subsolarPoint(clock.sunMs());
    view.eye = eye;
    view.now = instances.time(now);
    view.sun = unit(sun.lonDeg, sun.latDeg);
    view.density = density();
    view.pixels = viewport.height * viewport.focalDistance * view.density;
    view.unit = Math.min(2.4, Math.max(0.6, disc / DESIGN_RADIUS_PX));
    view.dim = spotlight.dim();
    view.shift = [(2 * right) / viewport.width, (-2 * down) / viewport.height];
    deckView.draw();
    project = (point, toRim = false) => {
      const seen = hidden(point, eye) ? toRim && limbPoint(point, eye) : point;
      if (!seen) return null;
      const [x, y] = toScreen(seen, viewport.viewProjectionMatrix, viewport.width, viewport.height);
      return [x + right, y + down];
    };
    labels.update(now, project, quality.share());
    beacon.update(project, view.dim);
  }

  /** Zoom in by so many levels, each twice the size. @param {number} levels */
  function zoomBy(levels) {
    camera.zoomBy(levels);
    needsRedraw = true;
  }

  /** Add a connection, and turn toward it. @param {Connection} connection @param {number} now when its arc begins */
  function add(connection, now) {
    const top = connections.add(connection, now, { whole: reducedMotion });
    camera.notice(scale(top, 1 / Math.hypot(...top)));
  }

  return {
    /** Use another theme's colours. @param {GlobeOptions["paint"]} next */
    repaint(next) {
      paint = next;
      instances.recolour(clock.seconds());
      deckView.repaint(paint);
      needsRedraw = true;
    },
    /**
     * Draw a connection: its arc grows, or has landed already.
     *
     * @param {Connection} connection @param {{landed?: boolean}} [how]
     */
    connect(connection, { landed = false } = {}) {
      if (connection.track.id === suppressed && !yours(connection) && !mine(connection)) return;
      add(connection, clock.seconds() - (landed ? connections.flightS(connection) : 0));
      shown += 1;
      stage.dataset.arcs = String(shown);
    },
    /** Remove all arcs and labels: the page shows something else now. */
    clear() {
      spotlight.clear();
      connections.drop(null);
      needsRedraw = true;
    },
    /**
     * Show one connection, and dim everything else, until `unspot` or the next call. The camera frames both ends, clear of
     * a rectangle of the page. While nothing may move, the camera and the arc are there at once.
     *
     * @type {(connection: Connection, options?: import("./spotlight.js").SpotOptions) => void}
     */
    spotlight(connection, spotOptions) {
      spotlight.set(connection, spotOptions);
      labels.look();
      needsRedraw = true;
    },
    /** End the spotlight, if there is one. */
    unspot() {
      spotlight.clear();
      needsRedraw = true;
    },
    /** The id of the connection in the spotlight, or null. */
    spotlit: spotlight.id,
    /**
     * The connection whose label covers a point of the stage, or whose arc is within a reach of it, in pixels.
     *
     * @type {(at: [number, number], reach: number) => Connection | null}
     */
    pick(at, reach) {
      const id = labels.at(at);
      return (id === null ? null : hitTester.byId(id)) ?? hitTester.at(at, reach, clock.seconds(), project);
    },
    /** Look farther east and north, in degrees. @type {(east: number, north: number) => void} */
    turn(east, north) {
      camera.turn(east, north);
      needsRedraw = true;
    },
    zoomBy,
    /** Bring a place to the centre, in degrees. @type {(lon: number, lat: number) => void} */
    flyTo(lon, lat) {
      camera.flyTo(lon, lat);
      needsRedraw = true;
    },
    /** Mark a place with its name, or none. @param {import("./beacon.js").Spot | null} spot */
    beacon(spot) {
      beacon.set(spot);
      needsRedraw = true;
    },
    /** Stop everything that moves by itself, or resume it. @param {boolean} now */
    pause(now) {
      paused = now;
      clock.stop(now);
      updateMotion();
    },
    /** @param {boolean} now */
    setReducedMotion(now) {
      reducedMotion = now;
      updateMotion();
    },
    /** Whether the camera turns toward activity. */
    follow: camera.follow,
    ...glows,
    /** Do not draw the arcs of a song, except the visitor's own; null draws all. @param {string | null} trackId */
    suppress(trackId) {
      suppressed = trackId;
    },
    /** Fly to the visitor's near miss, and draw it in place of the one before. @param {import("./nearmiss.js").Ends | null} ends */
    nearMiss(ends) {
      nearMiss.show(ends, clock.seconds(), { landed: paused, whole: reducedMotion });
      const at = ends && midpointOf(ends, "from");
      if (at) camera.flyTo(at.lon, at.lat);
      needsRedraw = true;
    },
    destroy() {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      gestures.destroy();
      labels.destroy();
      beacon.destroy();
      deckView.destroy();
      delete stage.dataset.spotlight;
    },
  };
}
