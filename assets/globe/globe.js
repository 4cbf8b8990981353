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
import { createCamera } from "./camera.js";
import { cityLights } from "./citylights.js";
import { midpointOf } from "./framing.js";
import { arcPoint, greatCircle, hidden, latticePoints, scale, subsolarPoint, toScreen, unit } from "./geo.js";
import { createGestures, RECOGNIZERS } from "./gestures.js";
import { createHitTester } from "./hittest.js";
import { createInstances, flight, KIND } from "./instances.js";
import { connectionLabels, createLabels } from "./labels.js";
import * as layers from "./layers/index.js";
import { createQuality } from "./quality.js";
import { COMMON_RADIUS, discRadius, pixelRatio, zoomFor } from "./sizes.js";
import { starField } from "./stars.js";

const DESIGN_RADIUS_PX = 350; // the disc's radius for which scene.py gives sizes
const SETTLED_S = 0.7; // after landing: the whole arc is drawn, and its label has more than SHORTEST_S (labels.js) left

/** @param {HTMLElement} stage @param {GlobeOptions} options */
export function createGlobe(stage, options) {
  const { scene, fields, clock, longitude, colours, mine, yours = () => null, obstacles, onFail } = options;
  let { reducedMotion, paint } = options;
  window.UnisonLayers = layers;
  const arcProps = /** @type {any} */ (scene.layers.find((layer) => layer.id === "arcs"));
  const clear = scene.layers.some((layer) => layer.id === "ocean" && layer.clear);
  const instances = createInstances(arcProps.capacity, arcProps);
  const camera = createCamera({ ...scene.initialViewState, longitude }, scene.camera);
  const labels = createLabels(/** @type {HTMLElement} */ (stage.querySelector(".labels")), { obstacles });
  /** @type {Record<string, Record<string, Float32Array>>} */
  const points = {
    land: { points: latticePoints(fields.land), few: latticePoints(fields.few) },
    lights: { points: cityLights(fields.lights) },
    stars: { points: starField() },
  };
  const quality = createQuality(scene.quality);
  const hitTester = createHitTester();
  const gestures = createGestures(stage, { zoomBy });
  /** Where a point was last drawn. @type {import("./hittest.js").Project} */
  let project = () => null;
  const view = { eye: [0, 0, 3], now: 0, sun: [0, 0, 1], pixels: 1, density: 1, unit: 1, calm: Number(reducedMotion) };
  let fittedZoom = NaN;
  let [needsRedraw, destroyed, shown, paused] = [true, false, 0, false];
  let currentDeck = firstDeck();
  let lastS = clock.seconds();
  updateMotion();
  const sizes = new ResizeObserver(fit);
  sizes.observe(stage);
  let frame = requestAnimationFrame(tick);

  /** Build the deck, or leave nothing behind. */
  function firstDeck() {
    try {
      return build();
    } catch (error) {
      gestures.destroy();
      labels.destroy();
      throw error;
    }
  }

  function build() {
    const container = document.createElement("div");
    container.className = "canvas";
    stage.prepend(container);
    const made = createDeck({
      container,
      // the layers come below, once deck knows their classes
      jsonInput: { ...scene, layers: [], eventRecognizerOptions: RECOGNIZERS },
      tooltip: false,
      customLibraries: [{ libraryName: "UnisonLayers", resourceUri: "" }],
    });
    updateDeck(scene, made);
    instances.touch();
    made.setProps({
      useDevicePixels: density(),
      views: made.props.views.map(gestures.extend).map(withGround),
      onViewStateChange: (/** @type {{viewState: ViewState}} */ change) => {
        camera.setView(change.viewState);
        needsRedraw = true;
      },
      onInteractionStateChange: (/** @type {Record<string, boolean>} */ state) =>
        camera.hold(Boolean(state.isDragging || state.inTransition)), // isZooming can stay true at the highest zoom
      onLoad: () => container.querySelector("canvas")?.setAttribute("tabindex", "-1"), // the page handles its keys
      // deck neither restores a lost context nor reports it
      onDeviceInitialized: (/** @type {{lost: Promise<unknown>}} */ device) => device.lost.then(() => rebuild(made)),
      onError(/** @type {unknown} */ error) {
        if (made.isInitialized) console.error(error);
        else onFail(error); // there is no device to draw with
      },
      layers: made.props.layers.map((layer) =>
        layer.clone({ view, instances, ...points[layer.id], ...paint[layer.id] }),
      ),
    });
    return made;
  }

  /** deck's view, cleared to the page's own ground, or to nothing. @param {any} deckView */
  function withGround(deckView) {
    const ground = /** @type {number[]} */ (paint.ocean.ground);
    return clear ? deckView : deckView.clone({ clear: true, clearColor: ground.map((part) => part * 255) });
  }

  /** @param {Deck} lost */
  function rebuild(lost) {
    if (destroyed || lost !== currentDeck) return;
    lost.finalize();
    camera.hold(false); // deck never reports the end of a drag that was in progress
    stage.querySelector(".canvas")?.remove();
    currentDeck = build();
    needsRedraw = true;
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
    currentDeck.setProps({ useDevicePixels: density() });
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
    const moved = camera.advance(tookS);
    if (!paused && quality.frame(tookS)) currentDeck.setProps({ useDevicePixels: density() });
    lastS = now;
    instances.expire(now);
    if (!currentDeck.isInitialized || Number.isNaN(fittedZoom)) return;
    if (!moved && !needsRedraw && (paused || (instances.used() === 0 && labels.count() === 0))) return;
    needsRedraw = false;
    draw(now);
  }

  /** @param {number} now */
  function draw(now) {
    currentDeck.setProps({ viewState: camera.view() });
    const viewport = currentDeck.getViewports()[0];
    const eye = /** @type {Vector} */ (viewport.cameraPosition.map((x) => x / COMMON_RADIUS));
    const disc = discRadius(viewport);
    const sun = subsolarPoint(clock.sunMs());
    view.eye = eye;
    view.now = instances.time(now);
    view.sun = unit(sun.lonDeg, sun.latDeg);
    view.density = density();
    view.pixels = viewport.height * viewport.focalDistance * view.density;
    view.unit = Math.min(2.4, Math.max(0.6, disc / DESIGN_RADIUS_PX));
    currentDeck.redraw("frame");
    project = (point) =>
      hidden(point, eye) ? null : toScreen(point, viewport.viewProjectionMatrix, viewport.width, viewport.height);
    labels.update(now, project, quality.share());
  }

  /** How many seconds its arc grows. @param {Connection} connection */
  function flightS({ from, to }) {
    return flight(greatCircle(unit(from.lon, from.lat), unit(to.lon, to.lat)).angle, arcProps);
  }

  /** Zoom in by so many levels, each twice the size. @param {number} levels */
  function zoomBy(levels) {
    camera.zoomBy(levels);
    needsRedraw = true;
  }

  /** Add a connection's arc and labels. @param {Connection} connection @param {number} now when its arc begins */
  function add(connection, now) {
    const { track, from, to } = connection;
    const [a, b] = [unit(from.lon, from.lat), unit(to.lon, to.lat)];
    const { css } = colours(track);
    const you = yours(connection);
    const kind = you || mine(connection) ? KIND.own : KIND.arc;
    const until = now + instances.add({ from: a, to: b, colours: () => colours(track).rgb, kind }, now);
    const lands = now + (reducedMotion ? 0 : flightS(connection));
    hitTester.add({ connection, from: a, to: b, born: now, lands, until });
    const top = arcPoint(a, b, 0.5);
    camera.notice(scale(top, 1 / Math.hypot(...top)));
    const times = { born: now, lands, until, fadeS: arcProps.fadeS };
    for (const [kind, label] of connectionLabels(connection, { points: [a, top, b], colours: css, you, times })) {
      labels.add(kind, label);
    }
  }

  return {
    /** Use another theme's colours. @param {GlobeOptions["paint"]} next */
    repaint(next) {
      paint = next;
      instances.recolour(clock.seconds());
      const { layers: now, views } = currentDeck.props;
      currentDeck.setProps({ layers: now.map((layer) => layer.clone(paint[layer.id])), views: views.map(withGround) });
      needsRedraw = true;
    },
    /**
     * Draw a connection: its arc grows, or has landed already.
     *
     * @param {Connection} connection @param {{landed?: boolean}} [how]
     */
    connect(connection, { landed = false } = {}) {
      add(connection, clock.seconds() - (landed ? flightS(connection) : 0));
      shown += 1;
      stage.dataset.arcs = String(shown);
    },
    /**
     * Fly to a connection and draw it again. While paused, draw its whole arc, and nothing else.
     *
     * @param {Connection} connection @param {{alone?: boolean, at?: {lon: number, lat: number}}} [how]
     */
    replay(connection, { alone = paused, at = midpointOf(connection, yours(connection)) } = {}) {
      camera.flyTo(at.lon, at.lat);
      labels.drop((id) => alone || id === connection.id);
      if (alone) [instances, hitTester].forEach((each) => each.clear());
      add(connection, clock.seconds() - (paused ? flightS(connection) + SETTLED_S : 0));
      needsRedraw = true;
    },
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
    /** Two people in one city. @param {Pulse} pulse */
    pulse({ track, city }) {
      const now = clock.seconds();
      instances.add({ from: unit(city.lon, city.lat), colours: () => colours(track).rgb, kind: KIND.pulse }, now);
    },
    /** A connection that matters to the viewer: a soft ring at both ends. @param {Connection} connection */
    glow({ track, from, to }) {
      const now = clock.seconds();
      const shape = { colours: () => colours(track).rgb, kind: KIND.pulse };
      for (const { lon, lat } of [from, to]) instances.add({ ...shape, from: unit(lon, lat) }, now);
    },
    /** One person who waits for another. @param {Spark} spark */
    spark({ city }) {
      const shape = { colours: () => [paint.arcs.spark], kind: KIND.spark };
      instances.add({ ...shape, from: unit(city.lon, city.lat) }, clock.seconds());
    },
    destroy() {
      destroyed = true;
      cancelAnimationFrame(frame);
      sizes.disconnect();
      gestures.destroy();
      labels.destroy();
      currentDeck.finalize();
      stage.querySelector(".canvas")?.remove();
    },
  };
}
