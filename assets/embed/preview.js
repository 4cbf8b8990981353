/** A preview of an embed: a frame at its true size, scaled down to the room that is there. */
import { say } from "../common/i18n.js";
import { mediaQuery } from "../common/mediaquery.js";

const NARROW = "(max-width: 50rem)"; // as in pages/embedbuilder.css
const PART_OF_WINDOW = { narrow: 0.28, wide: 0.55 }; // of its height

/**
 * The scale at which a size fits into the room, at most 1.
 *
 * @type {(size: {width: number, height: number}, room: {width: number, height: number}) => number}
 */
export const scaleIn = (size, room) => Math.min(1, room.width / size.width, room.height / size.height);

/** @type {(size: {width: number, height: number}, scale: number) => string} */
export const measured = ({ width, height }, scale) =>
  scale < 1
    ? say("{width} × {height} pixels, shown at {percent}%", { width, height, percent: Math.round(scale * 100) })
    : say("{width} × {height} pixels", { width, height });

/** @param {HTMLElement} stage  has the frame, in an element that gets the size of what is drawn */
export function createPreview(stage) {
  const frame = /** @type {HTMLIFrameElement} */ (stage.querySelector("iframe"));
  const room = /** @type {HTMLElement} */ (frame.parentElement);
  const note = /** @type {HTMLElement} */ (stage.nextElementSibling);
  /** @type {import("./snippets.js").Size} */
  let size = { width: null, height: 0 };

  function fit() {
    const { paddingLeft, paddingRight } = getComputedStyle(stage);
    const width = stage.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const height = innerHeight * (mediaQuery(NARROW).matches ? PART_OF_WINDOW.narrow : PART_OF_WINDOW.wide);
    const whole = { width: Math.floor(size.width ?? width), height: size.height };
    const scale = scaleIn(whole, { width, height });
    Object.assign(frame.style, { width: `${whole.width}px`, height: `${whole.height}px`, transform: `scale(${scale})` });
    Object.assign(room.style, { width: `${whole.width * scale}px`, height: `${whole.height * scale}px` });
    note.textContent = measured(whole, scale);
  }

  const observer = new ResizeObserver(fit); // not at the window's resize, which phones fire when they scroll
  observer.observe(stage);
  return {
    /** @param {string} address @param {import("./snippets.js").Size} next */
    show(address, next) {
      size = next;
      fit();
      if (frame.getAttribute("src") !== address) frame.src = address;
    },
    destroy: () => observer.disconnect(),
  };
}
