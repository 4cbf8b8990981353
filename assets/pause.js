/**
 * The button that stops everything that moves by itself. The stream goes on meanwhile; what came is counted and said.
 *
 * @typedef {{note: HTMLElement, turn: (paused: boolean) => void, say: (text: string) => void}} PauseOptions
 */
import { say as word, sayCount } from "./words.js";

/** @type {(missed: number) => string} */
const meanwhile = (missed) => sayCount("{n} connection came meanwhile", "{n} connections came meanwhile", missed);

/** @param {HTMLElement} button @param {PauseOptions} options note: where it is shown, too */
export function createPause(button, { note, turn, say }) {
  let paused = false;
  let missed = 0;

  function show() {
    const name = paused ? word("Go on") : word("Pause");
    button.dataset.paused = String(paused);
    button.setAttribute("aria-label", name);
    button.title = name;
    note.hidden = !paused;
    note.textContent = missed ? `${word("Paused")}: ${meanwhile(missed)}` : word("Paused");
  }

  function toggle() {
    paused = !paused;
    document.documentElement.toggleAttribute("data-paused", paused);
    turn(paused);
    say(paused ? word("Paused") : [word("Going on"), missed && meanwhile(missed)].filter(Boolean).join(": "));
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
