/**
 * The globe in the page's theme; and the still that stands in its place until it is drawn, or where it cannot be.
 *
 * @typedef {ReturnType<typeof import("./globe.js").createGlobe>} Globe
 * @typedef {object} ViewOptions
 * @property {Scene & {camera: any, themes: import("../ui/theme.js").Themes}} scene
 * @property {string[]} over  selectors of what lies over the stage, which labels must not cover
 * @property {{lon: number, lat: number}} [above]  the place that it begins above, degrees; the scene's unless given
 * @property {(wish: import("../ui/theme.js").Wish) => void} [keep]  what is to be kept of a theme that was chosen
 *
 * @typedef {object} Begin
 * @property {() => boolean} calm  whether the viewer asked for less motion, by the time that it is there
 * @property {() => number} [nowS]  the time that is shown, epoch seconds
 * @property {number} [longitude]  from which the globe comes to where it begins
 * @property {import("./globe.js").GlobeOptions["mine"]} [mine]
 * @property {import("./globe.js").GlobeOptions["yours"]} [yours]
 * @property {(globe: Globe) => void} onGlobe  it is there, with the arcs that the still had
 */
import { createTheme } from "../ui/theme.js";
import { createClock } from "./clock.js";
import { beginsAbove } from "./geo.js";
import { loadGlobe } from "./loader.js";
import { overlayBoxes } from "./overlays.js";
import { songColours } from "./palette.js";
import { createPlaceholder } from "./placeholder.js";

const AWAY = 3.8; // Earth radii: about where the camera is when all of the globe is to be seen

/** @param {ViewOptions["scene"]} scene */
const opening = (scene) => ({ lon: beginsAbove(scene), lat: scene.initialViewState.latitude });

/** @param {HTMLElement} stage @param {ViewOptions} options */
export function createView(stage, { scene, over, above = opening(scene), keep = () => {} }) {
  /** @type {Globe | null} */
  let globe = null;
  const theme = createTheme(document.documentElement, {
    themes: scene.themes,
    onLook: () => globe?.repaint(theme.layers()),
    keep,
  });
  const colours = songColours(() => theme.layers().arcs.pairs);
  const element = /** @type {HTMLElement} */ (stage.querySelector(".placeholder"));
  const placeholder = createPlaceholder(element, { lonDeg: above.lon, latDeg: above.lat, away: AWAY });

  /** @param {Begin} begin */
  async function build({ calm, nowS, longitude = above.lon, mine = () => false, yours, onGlobe }) {
    const { createGlobe, fields } = await loadGlobe();
    globe = createGlobe(stage, {
      scene,
      fields,
      clock: createClock(location.search, nowS && (() => nowS() * 1000)),
      calm: calm(),
      longitude,
      colours,
      mine,
      yours,
      paint: theme.layers(),
      onFail: fail,
      obstacles: () => overlayBoxes(stage, over),
    });
    for (const { connection } of placeholder.leave()) globe.connect(connection, { landed: true });
    onGlobe(globe);
    document.body.dataset.globe = "ready";
  }

  /** The globe cannot be drawn, or cannot go on: the still stands in its place. @param {unknown} error */
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
    placeholder.stay();
  }

  return {
    theme,
    colours,
    /** The globe, once it is there. */
    globe: () => globe,
    /** Do something with it, if it is there. @param {(globe: Globe) => void} act */
    draw(act) {
      if (globe) act(globe);
    },
    /** Draw a connection's arc. @param {Connection} connection */
    connect(connection) {
      if (globe) globe.connect(connection);
      else placeholder.connect(connection, colours(connection.track).css);
    },
    /** Take down what the still shows: something else is to be shown. */
    leave: () => void placeholder.leave(),
    /** Draw the globe; where that cannot be, the still stays. @param {Begin} begin */
    start: (begin) => build(begin).catch(fail),
    destroy() {
      fail("it was taken down");
      theme.destroy();
    },
  };
}
