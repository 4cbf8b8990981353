/** `?fps=1`: shows frames per second, and the longest frame. */

const EVERY_MS = 1000;

/** @param {HTMLElement} parent */
export function createFpsMeter(parent) {
  const element = document.createElement("output");
  element.className = "meter";
  element.setAttribute("aria-hidden", "true");
  parent.append(element);
  let [frames, longest] = [0, 0];
  let began = performance.now();
  let last = began;
  let frame = requestAnimationFrame(tick);

  /** @param {number} now */
  function tick(now) {
    frame = requestAnimationFrame(tick);
    frames += 1;
    longest = Math.max(longest, now - last);
    last = now;
    if (now - began < EVERY_MS) return;
    element.value = `${((1000 * frames) / (now - began)).toFixed(0)} fps, longest ${longest.toFixed(0)} ms`;
    [frames, longest, began] = [0, 0, now];
  }

  return {
    destroy() {
      cancelAnimationFrame(frame);
      element.remove();
    },
  };
}
