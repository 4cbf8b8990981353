/**
 * pydeck's scene, drawn into the stage: it is built anew when the browser takes the GPU context away. Import this after
 * pydeck's bundle (loader.js).
 *
 * @typedef {object} DeckViewOptions
 * @property {Scene} scene
 * @property {(id: string) => Record<string, unknown>} layerProps  what a layer needs besides the scene's props
 * @property {Record<string, Record<string, any>>} paint  the theme's props of the layers, by their ids
 * @property {(deckView: any) => any} extend  deck's view with other gestures
 * @property {() => number} density  device pixels per CSS pixel
 * @property {(view: ViewState) => void} onView  the viewer's gesture moved the view
 * @property {(held: boolean) => void} onHold  a gesture begins or ends
 * @property {() => void} onBuild  a deck is built: everything has to be sent to the GPU
 * @property {(error: unknown) => void} onFail  there is no device to draw with
 */
import { RECOGNIZERS } from "./gestures.js";
import * as layers from "./layers/index.js";

/** @param {HTMLElement} stage @param {DeckViewOptions} options */
export function createDeckView(stage, options) {
  const { scene, layerProps, extend, density, onView, onHold, onBuild, onFail } = options;
  const clear = scene.layers.some((layer) => layer.id === "ocean" && layer.clear);
  let { paint } = options;
  let destroyed = false;
  window.UnisonLayers = layers;
  let currentDeck = build();

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
    onBuild();
    made.setProps({
      useDevicePixels: density(),
      views: made.props.views.map(extend).map(withGround),
      onViewStateChange: (/** @type {{viewState: ViewState}} */ change) => onView(change.viewState),
      onInteractionStateChange: (/** @type {Record<string, boolean>} */ state) =>
        onHold(Boolean(state.isDragging || state.inTransition)), // isZooming can stay true at the highest zoom
      onLoad: () => container.querySelector("canvas")?.setAttribute("tabindex", "-1"), // the page handles its keys
      // deck neither restores a lost context nor reports it
      onDeviceInitialized: (/** @type {{lost: Promise<unknown>}} */ device) => device.lost.then(() => rebuild(made)),
      onError(/** @type {unknown} */ error) {
        if (made.isInitialized) console.error(error);
        else onFail(error);
      },
      layers: made.props.layers.map((layer) => layer.clone({ ...layerProps(layer.id), ...paint[layer.id] })),
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
    onHold(false); // deck never reports the end of a drag that was in progress
    stage.querySelector(".canvas")?.remove();
    currentDeck = build();
  }

  return {
    isReady: () => currentDeck.isInitialized,
    /** Follow a change of the density. */
    resize: () => currentDeck.setProps({ useDevicePixels: density() }),
    /** The viewport of a view. @param {ViewState} viewState */
    turn(viewState) {
      currentDeck.setProps({ viewState });
      return currentDeck.getViewports()[0];
    },
    draw: () => currentDeck.redraw("frame"),
    /** Use another theme's colours. @param {DeckViewOptions["paint"]} next */
    repaint(next) {
      paint = next;
      const { layers: now, views } = currentDeck.props;
      currentDeck.setProps({ layers: now.map((layer) => layer.clone(paint[layer.id])), views: views.map(withGround) });
    },
    destroy() {
      destroyed = true;
      currentDeck.finalize();
      stage.querySelector(".canvas")?.remove();
    },
  };
}
