/** A frame as it will be on somebody's page: laid out at its true size, drawn as large as there is room here. */
import { say } from "../common/i18n.js";
import { media } from "../common/mediaquery.js";

const NARROW = "(max-width: 50rem)"; // as in pages/embedbuilder.css
const PART_OF_WINDOW = { narrow: 0.28, wide: 0.55 }; // of its height

/**
 * How large a size is drawn where there is so much room: never larger than it is.
 *
 * @type {(size: {width: number, height: number}, room: {width: number, height: number}) => number}
 */
export const scaleIn = (size, room) => Math.min(1, room.width / size.width, room.height / size.height);

/** @type {(size: {width: number, height: number}, scale: number) => string} */
export const measured = ({ width, height }, scale) =>
  scale < 1
    ? say("{width} by {height} pixels, shown at {percent} %", { width, height, percent: Math.round(scale * 100) })
    : say("{width} by {height} pixels", { width, height });

/** @param {HTMLElement} stage with the frame within an element that takes the room of what is drawn */
export function createPreview(stage) {
  const frame = /** @type {HTMLIFrameElement} */ (stage.querySelector("iframe"));
  const room = /** @type {HTMLElement} */ (frame.parentElement);
  const note = /** @type {HTMLElement} */ (stage.nextElementSibling);
  /** @type {import("./snippets.js").Size} */
  let size = { width: null, height: 0 };

  function fit() {
    const { paddingLeft, paddingRight } = getComputedStyle(stage);
    const width = stage.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const height = innerHeight * (media(NARROW).matches ? PART_OF_WINDOW.narrow : PART_OF_WINDOW.wide);
    const whole = { width: Math.floor(size.width ?? width), height: size.height };
    const scale = scaleIn(whole, { width, height });
    Object.assign(frame.style, { width: `${whole.width}px`, height: `${whole.height}px`, transform: `scale(${scale})` });
    Object.assign(room.style, { width: `${whole.width * scale}px`, height: `${whole.height * scale}px` });
    note.textContent = measured(whole, scale);
  }

  const observer = new ResizeObserver(fit); // not the window's height, which changes as a phone's page is scrolled
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
