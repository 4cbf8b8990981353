/**
 * The button that stops everything that moves by itself. The stream goes on meanwhile; what came is counted and said.
 *
 * @typedef {{note: HTMLElement, turn: (paused: boolean) => void, tell: (text: string) => void}} PauseOptions
 */
import { say, sayCount } from "../common/i18n.js";

/** @type {(missed: number) => string} */
const meanwhile = (missed) => sayCount("{n} connection came meanwhile", "{n} connections came meanwhile", missed);

/** @param {HTMLElement} button @param {PauseOptions} options note: where it is shown, too */
export function createPause(button, { note, turn, tell }) {
  let paused = false;
  let missed = 0;

  function show() {
    const name = paused ? say("Go on") : say("Pause");
    button.dataset.paused = String(paused);
    button.setAttribute("aria-label", name);
    button.title = name;
    note.hidden = !paused;
    note.textContent = missed ? `${say("Paused")}: ${meanwhile(missed)}` : say("Paused");
  }

  function toggle() {
    paused = !paused;
    document.documentElement.toggleAttribute("data-paused", paused);
    turn(paused);
    tell(paused ? say("Paused") : [say("Going on"), missed && meanwhile(missed)].filter(Boolean).join(": "));
    missed = 0;
    show();
  }

  button.addEventListener("click", toggle);
  show();
  return {
    toggle,
    paused: () => paused,
    /** A connection came in the pause. */
    miss() {
      missed += 1;
      show();
    },
    destroy() {
      button.removeEventListener("click", toggle);
      document.documentElement.removeAttribute("data-paused");
    },
  };
}
