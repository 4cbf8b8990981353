/**
 * A panel of switches whose positions are stored.
 *
 * @typedef {{on: boolean, set: (on: boolean, byHand: boolean) => void}} Switch  on: its default
 * @typedef {ReturnType<typeof import("../common/preferences.js").createPreferences>} Prefs
 */

/** @param {HTMLElement} panel @param {{prefs: Prefs, switches: Record<string, Switch>}} options  by [data-switch] */
export function createSwitches(panel, { prefs, switches }) {
  /** @type {[HTMLInputElement, () => void][]} */
  const bound = [];

  /** @param {string} name */
  const find = (name) => /** @type {HTMLInputElement} */ (panel.querySelector(`[data-switch="${name}"]`));

  for (const [name, { on, set }] of Object.entries(switches)) {
    const input = find(name);
    const flip = () => {
      prefs.save(name, input.checked);
      set(input.checked, true);
    };
    input.checked = prefs.flag(name, on);
    input.addEventListener("change", flip);
    bound.push([input, flip]);
    set(input.checked, false);
  }

  return {
    /** Set a switch, unless the visitor has set it. @type {(name: string, on: boolean) => void} */
    suggest(name, on) {
      const input = find(name);
      if (prefs.has(name) || input.checked === on) return;
      input.checked = on;
      switches[name].set(on, false);
    },
    destroy() {
      for (const [input, flip] of bound) input.removeEventListener("change", flip);
    },
  };
}
