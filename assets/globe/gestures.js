/**
 * Cooperative gestures. In a page that scrolls, or in a frame, the wheel and one finger scroll the page; the wheel with
 * Ctrl or ⌘ and two fingers move the globe, and a short note says so. Elsewhere all gestures move the globe. Google Maps
 * has this as `gestureHandling: "auto"`, MapLibre as `cooperativeGestures`.
 *
 * @typedef {{scrollHeight: number, clientHeight: number, overflow: string}} Scroller
 */
import { say } from "../common/i18n.js";

const NOTE_MS = 1500; // after the last gesture that scrolled the page
const LINE_PX = 40; // for a wheel that counts in lines
const NOTCH_PX = 100;
const LAST_MS = 150; // of a drag, which give its speed at release

/** deck's recognizers: without multipan, which would take two fingers that move in parallel before the pinch does. */
export const RECOGNIZERS = { multipan: { enable: false } };

/** Whether a finger or a wheel scrolls the page. @param {Scroller} page */
export const scrolls = ({ scrollHeight, clientHeight, overflow }) =>
  scrollHeight > clientHeight + 1 && overflow !== "hidden" && overflow !== "clip";

/** @type {(shared: boolean, keys: {ctrlKey: boolean, metaKey: boolean}) => boolean} */
export const takesWheel = (shared, { ctrlKey, metaKey }) => !shared || ctrlKey || metaKey;

/** @type {(shared: boolean, pointerType: string) => boolean} */
export const takesDrag = (shared, pointerType) => !shared || pointerType === "mouse";

/**
 * The zoom levels of a turn of the wheel: about half a level per notch, never more than one.
 *
 * @type {(wheel: {deltaY: number, deltaMode: number}) => number}
 */
export function zoomLevels({ deltaY, deltaMode }) {
  const notches = (deltaMode === 0 ? deltaY : deltaY * LINE_PX) / NOTCH_PX;
  return Math.sign(notches) * (Math.log2(1 + Math.exp(-Math.abs(notches))) - 1);
}

/**
 * The speed of a drag at its release, in pixels per millisecond. It uses the events' own times. deck uses the times at
 * which it handles them, and on a slow device would find that the finger stood still.
 *
 * @typedef {{x: number, y: number, at: number}} Step
 * @typedef {{velocity: number, velocityX: number, velocityY: number}} Release
 * @type {(path: Step[], now: number) => Release}
 */
export function release(path, now) {
  const last = path.filter(({ at }) => now - at < LAST_MS);
  const [from, to] = [last[0], last[last.length - 1]];
  if (last.length < 2) return { velocity: 0, velocityX: 0, velocityY: 0 };
  const [x, y] = [to.x - from.x, to.y - from.y].map((pixels) => pixels / Math.max(1, now - from.at));
  return { velocity: Math.hypot(x, y), velocityX: x, velocityY: y };
}

/** @param {HTMLElement} stage @param {{zoomBy: (levels: number) => void}} options */
export function createGestures(stage, { zoomBy }) {
  const root = document.documentElement;
  const note = document.createElement("p");
  note.className = "gesture-note";
  note.setAttribute("aria-hidden", "true"); // screen reader users have keys instead
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding;
  let shared = false;

  function update() {
    const { scrollHeight, clientHeight } = document.scrollingElement ?? root;
    shared = window !== window.top || scrolls({ scrollHeight, clientHeight, overflow: overflowOfPage() });
    stage.dataset.gestures = shared ? "shared" : "own";
    if (!shared) hide();
  }

  /** @param {string} text */
  function showNote(text) {
    clearTimeout(hiding);
    hiding = setTimeout(hide, NOTE_MS);
    note.textContent = text;
    if (!note.isConnected) stage.append(note);
    note.dataset.shown = "";
  }

  function hide() {
    clearTimeout(hiding);
    delete note.dataset.shown;
  }

  /** @param {WheelEvent} event */
  function wheel(event) {
    if (takesWheel(shared, event)) {
      event.preventDefault(); // with Ctrl the browser would zoom the page
      hide();
      if (event.deltaY) zoomBy(zoomLevels(event));
    } else if (event.deltaY) {
      showNote(isMac() ? say("Hold ⌘ and scroll to zoom") : say("Hold Ctrl and scroll to zoom"));
    }
  }

  /** @param {TouchEvent} event */
  function touch(event) {
    if (!shared) return;
    if (event.touches.length > 1 && event.cancelable) event.preventDefault(); // some browsers scroll with two fingers
    if (event.touches.length > 1) hide();
    else if (event.type === "touchmove") showNote(say("Use two fingers to turn the globe"));
  }

  const sizes = new ResizeObserver(update);
  sizes.observe(root);
  sizes.observe(document.body);
  window.addEventListener("resize", update);
  stage.addEventListener("pointerenter", update); // the page may have become longer within the same box
  stage.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("touchstart", touch, { passive: false });
  stage.addEventListener("touchmove", touch, { passive: false });
  update();
  return {
    /** A copy of deck's view whose controller has these gestures. @param {any} view */
    extend(view) {
      const type = cooperative(view.controller.type, () => shared);
      return view.clone({ controller: { ...view.controller, type } });
    },
    destroy() {
      hide();
      note.remove();
      sizes.disconnect();
      window.removeEventListener("resize", update);
      stage.removeEventListener("pointerenter", update);
      stage.removeEventListener("wheel", wheel);
      stage.removeEventListener("touchstart", touch);
      stage.removeEventListener("touchmove", touch);
      delete stage.dataset.gestures;
    },
  };
}

/**
 * A subclass of deck's controller: one finger scrolls the page where gestures are shared, two turn and zoom the globe.
 *
 * @param {any} Controller @param {() => boolean} shared
 */
function cooperative(Controller, shared) {
  return class extends Controller {
    /** @type {Step[]} */
    path = [];

    /** @param {any} event */
    _onPanStart(event) {
      this.path = [];
      return takesDrag(shared(), event.pointerType) && super._onPanStart(event);
    }

    /** @param {any} event */
    _onPan(event) {
      const { center, srcEvent } = event;
      this.path = [...this.path.slice(-20), { ...center, at: srcEvent.timeStamp }];
      return super._onPan(event);
    }

    /** @param {any} event */
    _onPanEnd(event) {
      return super._onPanEnd({ ...event, ...release(this.path, event.srcEvent.timeStamp) });
    }

    /** @param {any} event */
    _onPinchStart(event) {
      const pos = this.getCenter(event);
      if (!this.isPointInBounds(pos, event)) return false;
      this.updateViewport(this.controllerState.zoomStart({ pos }).panStart({ pos }), AT_ONCE, { isDragging: true });
      return true;
    }

    /** @param {any} event */
    _onPinch(event) {
      if (!this.isDragging()) return false;
      const turned = this.controllerState.pan({ pos: this.getCenter(event) });
      const kept = turned.getViewportProps().zoom - turned.getState().startZoom; // the same size at another latitude
      const state = turned.zoom({ scale: event.scale * 2 ** kept });
      this.updateViewport(state, AT_ONCE, { isDragging: true, isPanning: true, isZooming: true });
      return true;
    }
  };
}

const AT_ONCE = { transitionDuration: 0 };

/** The page's overflow: the body's where the root has none. */
function overflowOfPage() {
  const [ofRoot, ofBody] = [document.documentElement, document.body].map((each) => getComputedStyle(each).overflowY);
  return ofRoot === "visible" ? ofBody : ofRoot;
}

const isMac = () => /Mac/.test(navigator.platform);
