/**
 * The button that pauses everything that moves by itself. The stream continues, and a note counts what came meanwhile.
 *
 * @typedef {object} PauseOptions
 * @property {HTMLElement} note
 * @property {(paused: boolean) => void} onChange
 * @property {(text: string) => void} announce
 */
import { say, sayCount } from "../common/i18n.js";

/** @type {(missed: number) => string} */
const pausedText = (missed) => (missed ? sayCount("Paused · {n} new", "Paused · {n} new", missed) : say("Paused"));

/** @type {(missed: number) => string} */
function resumedText(missed) {
  const resumed = say("Resumed");
  if (missed === 0) return resumed;
  const count = sayCount("{n} new connection", "{n} new connections", missed);
  return `${resumed}: ${count}`;
}

/** @param {HTMLElement} button @param {PauseOptions} options */
export function createPause(button, { note, onChange, announce }) {
  let paused = false;
  let missed = 0;

  function show() {
    const name = paused ? say("Resume") : say("Pause");
    button.dataset.paused = String(paused);
    button.setAttribute("aria-label", name);
    button.title = name;
    note.hidden = !paused;
    note.textContent = pausedText(missed);
  }

  function toggle() {
    paused = !paused;
    document.documentElement.toggleAttribute("data-paused", paused);
    onChange(paused);
    announce(paused ? say("Paused") : resumedText(missed));
    missed = 0;
    show();
  }

  button.addEventListener("click", toggle);
  show();
  return {
    toggle,
    paused: () => paused,
    /** A connection came during the pause. */
    countMissed() {
      missed += 1;
      show();
    },
    destroy() {
      button.removeEventListener("click", toggle);
      if (paused) onChange(false);
      note.hidden = true;
      document.documentElement.removeAttribute("data-paused");
    },
  };
}
