/**
 * Whose a gesture on the globe is. In a page that scrolls, or in a frame, the wheel and one finger are the page's, and
 * the globe's are the wheel with Ctrl or ⌘ and two fingers; a short note says so. Elsewhere all are the globe's. Maps
 * have the same manners: Google's `gestureHandling: "auto"`, MapLibre's `cooperativeGestures`.
 *
 * @typedef {{scrollHeight: number, clientHeight: number, overflow: string}} Scroller
 */
import { say } from "../common/i18n.js";

const NOTE_MS = 1500; // after the last gesture that was the page's
const LINE_PX = 40; // of a wheel that counts in lines
const NOTCH_PX = 100;
const LAST_MS = 150; // of a drag, which say how fast it was let go

/** How deck tells gestures apart: two fingers that go up or down together are not another one, which would go first. */
export const RECOGNIZERS = { multipan: { enable: false } };

/** Whether a finger or a wheel moves the page. @param {Scroller} page */
export const scrolls = ({ scrollHeight, clientHeight, overflow }) =>
  scrollHeight > clientHeight + 1 && overflow !== "hidden" && overflow !== "clip";

/** @type {(shared: boolean, keys: {ctrlKey: boolean, metaKey: boolean}) => boolean} */
export const takesWheel = (shared, { ctrlKey, metaKey }) => !shared || ctrlKey || metaKey;

/** @type {(shared: boolean, pointerType: string) => boolean} */
export const takesDrag = (shared, pointerType) => !shared || pointerType === "mouse";

/**
 * By how many zoomSteps a turn of the wheel brings the globe nearer: half of one for a notch, never more than one.
 *
 * @type {(wheel: {deltaY: number, deltaMode: number}) => number}
 */
export function zoomSteps({ deltaY, deltaMode }) {
  const notches = (deltaMode === 0 ? deltaY : deltaY * LINE_PX) / NOTCH_PX;
  return Math.sign(notches) * (Math.log2(1 + Math.exp(-Math.abs(notches))) - 1);
}

/**
 * How fast a drag was let go, in pixels a millisecond. A slow device hears of a release late, so deck, which goes by
 * when it hears of things, would find that it stood still: here the events' own times count.
 *
 * @typedef {{x: number, y: number, at: number}} Step
 * @typedef {{velocity: number, velocityX: number, velocityY: number}} Release
 * @type {(path: Step[], now: number) => Release}
 */
export function release(path, now) {
  const last = path.filter(({ at }) => now - at < LAST_MS);
  const [from, to] = [last[0], last[last.length - 1]];
  if (last.length < 2) return { velocity: 0, velocityX: 0, velocityY: 0 };
  const [x, y] = [to.x - from.x, to.y - from.y].map((way) => way / Math.max(1, now - from.at));
  return { velocity: Math.hypot(x, y), velocityX: x, velocityY: y };
}

/** @param {HTMLElement} stage @param {{nearer: (by: number) => void}} options nearer: by how many zoomSteps */
export function createGestures(stage, { nearer }) {
  const root = document.documentElement;
  const note = document.createElement("p");
  note.className = "gesture-note";
  note.setAttribute("aria-hidden", "true"); // who cannot see it has the keys
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding;
  let shared = false;

  function decide() {
    const { scrollHeight, clientHeight } = document.scrollingElement ?? root;
    shared = window !== window.top || scrolls({ scrollHeight, clientHeight, overflow: overflowOfPage() });
    stage.dataset.gestures = shared ? "shared" : "own";
    if (!shared) hide();
  }

  /** @param {string} text */
  function tell(text) {
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
      event.preventDefault(); // the page would become larger with Ctrl
      hide();
      if (event.deltaY) nearer(zoomSteps(event));
    } else if (event.deltaY) {
      tell(isMac() ? say("Hold ⌘ and scroll to come nearer") : say("Hold Ctrl and scroll to come nearer"));
    }
  }

  /** @param {TouchEvent} event */
  function touch(event) {
    if (!shared) return;
    if (event.touches.length > 1 && event.cancelable) event.preventDefault(); // some browsers scroll by two, too
    if (event.touches.length > 1) hide();
    else if (event.type === "touchmove") tell(say("Use two fingers to turn the globe"));
  }

  const sizes = new ResizeObserver(decide);
  sizes.observe(root);
  sizes.observe(document.body);
  window.addEventListener("resize", decide);
  stage.addEventListener("pointerenter", decide); // the page may have grown longer within the same box
  stage.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("touchstart", touch, { passive: false });
  stage.addEventListener("touchmove", touch, { passive: false });
  decide();
  return {
    /** Give deck's view a controller with these manners. @param {any} view */
    teach(view) {
      const type = mannered(view.controller.type, () => shared);
      return view.clone({ controller: { ...view.controller, type } });
    },
    destroy() {
      hide();
      note.remove();
      sizes.disconnect();
      window.removeEventListener("resize", decide);
      stage.removeEventListener("pointerenter", decide);
      stage.removeEventListener("wheel", wheel);
      stage.removeEventListener("touchstart", touch);
      stage.removeEventListener("touchmove", touch);
      delete stage.dataset.gestures;
    },
  };
}

/** A controller of deck's that leaves one finger to the page, and lets two turn the globe and bring it nearer. */
/** @param {any} Controller @param {() => boolean} shared */
function mannered(Controller, shared) {
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
      const kept = turned.getViewportProps().zoom - turned.getState().startZoom; // as large at another latitude
      const state = turned.zoom({ scale: event.scale * 2 ** kept });
      this.updateViewport(state, AT_ONCE, { isDragging: true, isPanning: true, isZooming: true });
      return true;
    }
  };
}

const AT_ONCE = { transitionDuration: 0 };

/** What the window does with what is too long for it: the body says so where the root says nothing. */
function overflowOfPage() {
  const [ofRoot, ofBody] = [document.documentElement, document.body].map((each) => getComputedStyle(each).overflowY);
  return ofRoot === "visible" ? ofBody : ofRoot;
}

const isMac = () => /Mac/.test(navigator.platform);
