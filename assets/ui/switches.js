/**
 * The settings: a panel of switches that its button opens. The browser closes it by Escape and by a click elsewhere.
 *
 * @typedef {{on: boolean, turn: (on: boolean, byHand: boolean) => void}} Switch on: how it stands at first
 * @typedef {ReturnType<typeof import("../common/preferences.js").createPreferences>} Prefs
 */

/** @param {HTMLElement} panel @param {{prefs: Prefs, switches: Record<string, Switch>}} options by [data-switch] */
export function createSwitches(panel, { prefs, switches }) {
  /** @type {[HTMLInputElement, () => void][]} */
  const bound = [];

  /** @param {string} name */
  const find = (name) => /** @type {HTMLInputElement} */ (panel.querySelector(`[data-switch="${name}"]`));

  for (const [name, { on, turn }] of Object.entries(switches)) {
    const input = find(name);
    const flip = () => {
      prefs.keep(name, input.checked);
      turn(input.checked, true);
    };
    input.checked = prefs.on(name, on);
    input.addEventListener("change", flip);
    bound.push([input, flip]);
    turn(input.checked, false);
  }

  return {
    /** Move a switch that the visitor never touched. @type {(name: string, on: boolean) => void} */
    suggest(name, on) {
      const input = find(name);
      if (prefs.has(name) || input.checked === on) return;
      input.checked = on;
      switches[name].turn(on, false);
    },
    destroy() {
      for (const [input, flip] of bound) input.removeEventListener("change", flip);
    },
  };
}
