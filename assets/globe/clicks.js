/**
 * Clicks and taps on the globe, as opposed to drags; and the mouse cursor over something clickable.
 *
 * @typedef {(at: [number, number], reach: number) => Connection | null} Pick  the connection at a point, within a reach
 * @typedef {{pick: Pick, onPick: (connection: Connection) => void, onMiss: () => void}} ClicksOptions
 */

const MOVED_PX = 6;
const LONG_MS = 600;
const REACH_PX = { mouse: 10, touch: 24 };
const OWN = "button, a, input, dialog, [popover], [role=listbox]";

/** @param {HTMLElement} stage @param {ClicksOptions} options */
export function createClicks(stage, { pick, onPick, onMiss }) {
  /** @type {PointerEvent | null} */
  let down = null;
  let waits = false;

  /** @param {MouseEvent} event @returns {[number, number]} */
  function place({ clientX, clientY }) {
    const { left, top } = stage.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  /** @param {PointerEvent} event */
  const press = (event) => {
    down = event.isPrimary ? event : null;
  };

  /** @param {PointerEvent} event */
  function release(event) {
    const began = down;
    down = null;
    if (!began || began.pointerId !== event.pointerId || event.button !== 0) return;
    if (event.target instanceof Element && event.target.closest(OWN)) return;
    const moved = Math.hypot(event.clientX - began.clientX, event.clientY - began.clientY);
    if (moved > MOVED_PX || event.timeStamp - began.timeStamp > LONG_MS) return;
    const found = pick(place(event), event.pointerType === "mouse" ? REACH_PX.mouse : REACH_PX.touch);
    if (found) onPick(found);
    else onMiss();
  }

  /** @param {PointerEvent} event */
  function hover(event) {
    if (waits || event.buttons !== 0 || event.pointerType !== "mouse") return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      stage.classList.toggle("over", pick(place(event), REACH_PX.mouse) !== null);
    });
  }

  stage.addEventListener("pointerdown", press, true);
  stage.addEventListener("pointerup", release, true);
  stage.addEventListener("pointermove", hover, true);
  return {
    destroy() {
      stage.removeEventListener("pointerdown", press, true);
      stage.removeEventListener("pointerup", release, true);
      stage.removeEventListener("pointermove", hover, true);
      stage.classList.remove("over");
    },
  };
}
