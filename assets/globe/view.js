/**
 * The globe in the page's theme, and the placeholder in its place until it is drawn, or where it cannot be drawn.
 *
 * @typedef {ReturnType<typeof import("./globe.js").createGlobe>} Globe
 * @typedef {object} ViewOptions
 * @property {Scene & {camera: any, themes: import("../ui/theme.js").Themes}} scene
 * @property {string[]} overlays  selectors of what lies over the stage, which labels must not cover
 * @property {{lon: number, lat: number}} [above]  the place that the globe begins above, degrees; the scene's unless given
 * @property {(choice: import("../ui/theme.js").Choice) => void} [saveTheme]
 *
 * @typedef {object} StartOptions
 * @property {() => boolean} reducedMotion  called once the globe is loaded
 * @property {() => number} [nowS]  the time that the page shows, epoch seconds
 * @property {number} [longitude]  to begin at, if not above the place
 * @property {import("./globe.js").GlobeOptions["mine"]} [mine]
 * @property {import("./globe.js").GlobeOptions["yours"]} [yours]
 * @property {(globe: Globe) => void} onGlobe  the globe is drawn, with the placeholder's arcs
 */
import { createTheme } from "../ui/theme.js";
import { createClock } from "./clock.js";
import { initialLongitude } from "./geo.js";
import { loadGlobe } from "./loader.js";
import { overlayBoxes } from "./overlays.js";
import { songColours } from "./palette.js";
import { createPlaceholder } from "./placeholder.js";

const AWAY = 3.8; // Earth radii: about where the camera sees the whole globe

/** @param {ViewOptions["scene"]} scene */
const initialPlace = (scene) => ({ lon: initialLongitude(scene), lat: scene.initialViewState.latitude });

/** @param {HTMLElement} stage @param {ViewOptions} options */
export function createView(stage, { scene, overlays, above = initialPlace(scene), saveTheme = () => {} }) {
  /** @type {Globe | null} */
  let globe = null;
  let destroyed = false;
  const theme = createTheme(document.documentElement, {
    themes: scene.themes,
    onChange: () => globe?.repaint(theme.layers()),
    save: saveTheme,
  });
  const colours = songColours(() => theme.layers().arcs.pairs);
  const element = /** @type {HTMLElement} */ (stage.querySelector(".placeholder"));
  const placeholder = createPlaceholder(element, { lonDeg: above.lon, latDeg: above.lat, away: AWAY });

  /** @param {StartOptions} options */
  async function build({ reducedMotion, nowS, longitude = above.lon, mine = () => false, yours, onGlobe }) {
    const { createGlobe, fields } = await loadGlobe();
    if (destroyed) return;
    globe = createGlobe(stage, {
      scene,
      fields,
      clock: createClock(nowS && (() => nowS() * 1000)),
      reducedMotion: reducedMotion(),
      longitude,
      colours,
      mine,
      yours,
      paint: theme.layers(),
      onFail: fail,
      obstacles: () => overlayBoxes(stage, overlays),
    });
    for (const { connection } of placeholder.clear()) globe.connect(connection, { landed: true });
    onGlobe(globe);
    document.body.dataset.globe = "ready";
  }

  /** The globe cannot be drawn, or fails later: show the placeholder in its place. @param {unknown} error */
  function fail(error) {
    console.warn(error);
    const broken = globe;
    globe = null;
    document.body.dataset.globe = "none";
    try {
      broken?.destroy();
    } catch (another) {
      console.warn(another);
    }
    stage.querySelector(".canvas")?.remove();
    placeholder.fitToLand();
  }

  return {
    theme,
    colours,
    /** The globe, or null before it is loaded. */
    globe: () => globe,
    /** Call the globe if it is loaded. @param {(globe: Globe) => void} act */
    withGlobe(act) {
      if (globe) act(globe);
    },
    /** Draw a connection's arc. @param {Connection} connection */
    connect(connection) {
      if (globe) globe.connect(connection);
      else placeholder.connect(connection, colours(connection.track).css);
    },
    /** Remove all arcs. */
    clear() {
      placeholder.clear();
      globe?.clear();
    },
    /** Load and draw the globe. If that fails, the placeholder stays. @param {StartOptions} options */
    start: (options) => build(options).catch(fail),
    destroy() {
      destroyed = true;
      fail("the view was destroyed");
      theme.destroy();
    },
  };
}
