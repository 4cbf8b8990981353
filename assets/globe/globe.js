/**
 * The globe: pydeck's scene, and what goes on over it. Import once pydeck's bundle is there (loader.js).
 *
 * @typedef {{turnDegPerS: number, restS: number, discOfHeight: number, discOfWidth: number}} CameraSettings
 * @typedef {object} GlobeOptions
 * @property {Scene & {camera: CameraSettings, pace?: object}} scene
 * @property {{land: Uint8Array, few: Uint8Array, lights: Uint8Array}} fields
 * @property {ReturnType<typeof import("./clock.js").createClock>} clock
 * @property {boolean} calm  whether the viewer asked for less motion
 * @property {number} longitude  to begin at
 * @property {ReturnType<typeof import("./palette.js").songColours>} colours
 * @property {(connection: Connection) => boolean} mine  whether it touches the visitor's city
 * @property {(connection: Connection) => "from" | "to" | null} [yours]  which end the visitor is
 * @property {Record<string, Record<string, any>>} paint  what the theme changes of the layers, by their ids
 * @property {() => import("./labellayout.js").Box[]} obstacles  what labels must not cover
 * @property {(error: unknown) => void} onFail  it cannot go on, and draws no more
 */
import { say } from "../common/i18n.js";
import { createCamera } from "./camera.js";
import { cityLights } from "./citylights.js";
import { midpointOf } from "./framing.js";
import { arcPoint, greatCircle, hidden, latticePoints, scale, subsolarPoint, toScreen, unit } from "./geo.js";
import { createGestures, RECOGNIZERS } from "./gestures.js";
import { createHitTester } from "./hittest.js";
import { createInstances, flight, KIND } from "./instances.js";
import { createLabels } from "./labels.js";
import * as layers from "./layers/index.js";
import { createQuality } from "./quality.js";
import { starField } from "./stars.js";

const COMMON_RADIUS = 256; // of the globe in deck's common space
const DRAWN_FOR_PX = 350; // the disc's radius that sizes in scene.py are meant for
const SETTLED_S = 1; // after landing an arc is whole, and nothing around it spreads any more
const PIXELS_MOST = 5_000_000; // beyond that a display's density is not used to the full

/** @param {HTMLElement} stage @param {GlobeOptions} options */
export function createGlobe(stage, options) {
  const { scene, fields, clock, longitude, colours, mine, yours = () => null, obstacles, onFail } = options;
  let { calm, paint } = options;
  window.UnisonLayers = layers;
  const look = /** @type {any} */ (scene.layers.find((layer) => layer.id === "arcs"));
  const clear = scene.layers.some((layer) => layer.id === "ocean" && layer.clear);
  const slots = createInstances(look.capacity, look);
  const camera = createCamera({ ...scene.initialViewState, longitude }, scene.camera);
  const labels = createLabels(/** @type {HTMLElement} */ (stage.querySelector(".labels")), { obstacles });
  /** @type {Record<string, Record<string, Float32Array>>} */
  const points = {
    land: { points: latticePoints(fields.land), few: latticePoints(fields.few) },
    lights: { points: cityLights(fields.lights) },
    stars: { points: starField() },
  };
  const pace = createQuality(scene.pace);
  const picker = createHitTester();
  const gestures = createGestures(stage, { nearer });
  /** Where a point was last drawn. @type {import("./hittest.js").Project} */
  let project = () => null;
  const view = { eye: [0, 0, 3], now: 0, sun: [0, 0, 1], pixels: 1, density: 1, unit: 1, calm: Number(calm) };
  let deckNow = build();
  let fitted = NaN;
  let stale = true;
  let ended = false;
  let last = clock.seconds();
  let shown = 0;
  let paused = false;
  settle();
  const sizes = new ResizeObserver(fit);
  sizes.observe(stage);
  let frame = requestAnimationFrame(tick);

  function build() {
    const container = document.createElement("div");
    container.className = "canvas";
    stage.prepend(container);
    const made = createDeck({
      container,
      // its layers' classes are known only once the library below is
      jsonInput: { ...scene, layers: [], eventRecognizerOptions: RECOGNIZERS },
      tooltip: false,
      customLibraries: [{ libraryName: "UnisonLayers", resourceUri: "" }],
    });
    updateDeck(scene, made);
    slots.touch();
    made.setProps({
      useDevicePixels: density(),
      views: made.props.views.map(gestures.teach).map(onGround),
      onViewStateChange: (/** @type {{viewState: ViewState}} */ change) => {
        camera.take(change.viewState);
        stale = true;
      },
      onInteractionStateChange: (/** @type {Record<string, boolean>} */ state) =>
        camera.hold(Boolean(state.isDragging || state.inTransition)), // isZooming stays, where it is as near as can be
      onLoad: () => container.querySelector("canvas")?.setAttribute("tabindex", "-1"), // its keys are the page's
      // deck neither restores a lost context nor says that it went
      onDeviceInitialized: (/** @type {{lost: Promise<unknown>}} */ device) => device.lost.then(() => rebuild(made)),
      onError(/** @type {unknown} */ error) {
        if (made.isInitialized) console.error(error);
        else onFail(error); // there is no device to draw with
      },
      layers: made.props.layers.map((layer) => layer.clone({ view, slots, ...points[layer.id], ...paint[layer.id] })),
    });
    return made;
  }

  /** Before anything is drawn, the page's own ground, or nothing. @param {any} deckView */
  function onGround(deckView) {
    const ground = /** @type {number[]} */ (paint.ocean.ground);
    return clear ? deckView : deckView.clone({ clear: true, clearColor: ground.map((part) => part * 255) });
  }

  /** @param {Deck} lost */
  function rebuild(lost) {
    if (ended || lost !== deckNow) return;
    lost.finalize();
    camera.hold(false); // a drag that went on then never ends
    stage.querySelector(".canvas")?.remove();
    deckNow = build();
    stale = true;
  }

  function settle() {
    view.calm = Number(calm);
    camera.rest(calm || paused || clock.fixed);
    stale = true;
  }

  function fit() {
    const { clientWidth: width, clientHeight: height } = stage;
    if (width === 0 || height === 0) return;
    const { discOfHeight, discOfWidth } = scene.camera;
    const radius = Math.min(height * discOfHeight, width * discOfWidth) / 2; // leaves room for the highest arcs
    const zoom = zoomFor(radius, width, height, scene.initialViewState.latitude); // the camera knows of others
    camera.zoom(zoom - (Number.isNaN(fitted) ? camera.view().zoom : fitted));
    fitted = zoom;
    deckNow.setProps({ useDevicePixels: density() });
    stale = true;
  }

  function density() {
    return pixelRatio(stage) * pace.share();
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
    const tookS = Math.min(0.1, now - last);
    const turned = camera.advance(tookS);
    if (!clock.fixed && !paused && pace.frame(tookS)) deckNow.setProps({ useDevicePixels: density() });
    last = now;
    slots.expire(now);
    if (!deckNow.isInitialized || Number.isNaN(fitted)) return;
    if (!turned && !stale && (paused || (slots.used() === 0 && labels.count() === 0))) return;
    stale = false;
    draw(now);
  }

  /** @param {number} now */
  function draw(now) {
    deckNow.setProps({ viewState: camera.view() });
    const viewport = deckNow.getViewports()[0];
    const eye = /** @type {Vector} */ (viewport.cameraPosition.map((x) => x / COMMON_RADIUS));
    const disc = discRadius(viewport);
    const sun = subsolarPoint(clock.sunMs());
    view.eye = eye;
    view.now = slots.time(now);
    view.sun = unit(sun.lonDeg, sun.latDeg);
    view.density = density();
    view.pixels = viewport.height * viewport.focalDistance * view.density;
    view.unit = Math.min(2.4, Math.max(0.6, disc / DRAWN_FOR_PX));
    deckNow.redraw("frame");
    project = (point) =>
      hidden(point, eye) ? null : toScreen(point, viewport.viewProjectionMatrix, viewport.width, viewport.height);
    labels.update(now, project, pace.share());
  }

  /** How many seconds an arc flies. @param {Connection} connection */
  function landedAfter({ from, to }) {
    return flight(greatCircle(unit(from.lon, from.lat), unit(to.lon, to.lat)).angle, look);
  }

  /** Go nearer, in zoomSteps of the globe's size. @param {number} by */
  function nearer(by) {
    camera.nearer(by);
    stale = true;
  }

  /** @param {Connection} connection @param {number} now when its arc begins */
  function tell(connection, now) {
    const { id, track, from, to } = connection;
    const [a, b] = [unit(from.lon, from.lat), unit(to.lon, to.lat)];
    const { css } = colours(track);
    const you = yours(connection);
    const kind = you || mine(connection) ? KIND.own : KIND.arc;
    const until = now + slots.add({ from: a, to: b, colours: () => colours(track).rgb, kind }, now);
    const lands = now + (calm ? 0 : flight(greatCircle(a, b).angle, look));
    picker.add({ connection, from: a, to: b, born: now, lands, until });
    const top = arcPoint(a, b, 0.5);
    camera.notice(scale(top, 1 / Math.hypot(...top)));
    const halfway = (now + lands) / 2;
    const own = you !== null;
    const song = { story: id, own, point: top, lines: [track.title, track.artist], colours: css };
    const start = { story: id, own, point: a, lines: nameOf(from, you === "from"), colours: [css[0]] };
    const end = { story: id, own, point: b, lines: nameOf(to, you === "to"), colours: [css[1]] };
    labels.add("song", { ...song, from: halfway, until: until - look.fadeS });
    labels.add("city", { ...start, from: now, until: until - look.fadeS });
    labels.add("city", { ...end, from: lands - 0.2, until: until - look.fadeS * 0.5 });
  }

  return {
    /** Take another theme's colours. @param {GlobeOptions["paint"]} next */
    repaint(next) {
      paint = next;
      slots.recolour(clock.seconds());
      const { layers: now, views } = deckNow.props;
      deckNow.setProps({ layers: now.map((layer) => layer.clone(paint[layer.id])), views: views.map(onGround) });
      stale = true;
    },
    /** Draw a connection, as it flies or as it has landed. @param {Connection} connection @param {{landed?: boolean}} [how] */
    connect(connection, { landed = false } = {}) {
      tell(connection, clock.seconds() - (landed ? landedAfter(connection) : 0));
      shown += 1;
      stage.dataset.arcs = String(shown);
    },
    /** Fly to a connection and show it once more; while paused, alone and whole. */
    /** @param {Connection} connection @param {{alone?: boolean, at?: {lon: number, lat: number}}} [how] */
    replay(connection, { alone = paused, at = midpointOf(connection, yours(connection)) } = {}) {
      camera.flyTo(at.lon, at.lat);
      labels.drop((story) => alone || story === connection.id);
      if (alone) [slots, picker].forEach((up) => up.clear());
      tell(connection, clock.seconds() - (paused ? landedAfter(connection) + SETTLED_S : 0));
      stale = true;
    },
    /** The connection whose label covers a point of the stage, or whose arc passes it within so many pixels. */
    /** @type {(at: [number, number], reach: number) => Connection | null} */
    pick(at, reach) {
      const story = labels.at(at);
      return (story === null ? null : picker.byId(story)) ?? picker.at(at, reach, clock.seconds(), project);
    },
    /** Look farther east and north, in degrees. @type {(east: number, north: number) => void} */
    turn(east, north) {
      camera.turn(east, north);
      stale = true;
    },
    nearer,
    /** Bring a place to the middle, in degrees. @type {(lon: number, lat: number) => void} */
    flyTo(lon, lat) {
      camera.flyTo(lon, lat);
      stale = true;
    },
    /** Stop all that moves by itself, or let it go on from there. @param {boolean} now */
    pause(now) {
      paused = now;
      clock.stop(now);
      settle();
    },
    /** Whether arcs appear whole and the globe stands still. @param {boolean} now */
    setReducedMotion(now) {
      calm = now;
      settle();
    },
    /** Whether the camera leans toward where things happen. */
    follow: camera.follow,
    /** Two in one city. @param {Pulse} pulse */
    pulse({ track, city }) {
      const now = clock.seconds();
      slots.add({ from: unit(city.lon, city.lat), colours: () => colours(track).rgb, kind: KIND.pulse }, now);
    },
    /** A connection that matters to the viewer: a soft ring at either end. @param {Connection} connection */
    glow({ track, from, to }) {
      const now = clock.seconds();
      const shape = { colours: () => colours(track).rgb, kind: KIND.pulse };
      for (const { lon, lat } of [from, to]) slots.add({ ...shape, from: unit(lon, lat) }, now);
    },
    /** One who waits for another. @param {Spark} spark */
    spark({ city }) {
      const shape = { colours: () => [paint.arcs.spark], kind: KIND.spark };
      slots.add({ ...shape, from: unit(city.lon, city.lat) }, clock.seconds());
    },
    destroy() {
      ended = true;
      cancelAnimationFrame(frame);
      sizes.disconnect();
      gestures.destroy();
      labels.destroy();
      deckNow.finalize();
      stage.querySelector(".canvas")?.remove();
    },
  };
}

/** A city and its country, unless that is the same; of the visitor's own end the city alone. */
/** @type {(place: Place, you: boolean) => string[]} */
const nameOf = ({ city, country }, you) => (you ? [say("You"), city] : [...new Set([city, country])]);

/** The radius of the globe's disc in pixels. @param {Viewport} viewport */
function discRadius({ cameraPosition, height, focalDistance }) {
  const distance = Math.hypot(...cameraPosition) / COMMON_RADIUS;
  return (height * focalDistance) / Math.sqrt(distance * distance - 1);
}

/**
 * The zoom that shows a disc of this radius.
 *
 * @type {(radius: number, width: number, height: number, latitude: number) => number}
 */
function zoomFor(radius, width, height, latitude) {
  let [low, high] = [-4, 8];
  for (let i = 0; i < 20; i++) {
    const zoom = (low + high) / 2;
    const viewport = new deck._GlobeViewport({ width, height, longitude: 0, latitude, zoom });
    if (discRadius(viewport) < radius) low = zoom;
    else high = zoom;
  }
  return low;
}

/** Device pixels for each CSS pixel, fewer where there would be very many. @param {HTMLElement} stage */
function pixelRatio(stage) {
  const area = stage.clientWidth * stage.clientHeight;
  return Math.min(window.devicePixelRatio, 3, Math.max(1, Math.sqrt(PIXELS_MOST / Math.max(1, area))));
}
