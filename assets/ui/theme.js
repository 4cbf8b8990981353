/**
 * The dark or the light theme: the system's, or the one chosen here. It marks the page's root with it (data-look), and
 * gives style sheets the songs' colours.
 *
 * @typedef {"system" | "dark" | "light"} Choice
 * @typedef {"dark" | "light"} Theme
 * @typedef {{arcs: {pairs: import("../globe/palette.js").Pairs}} & Record<string, Record<string, unknown>>} LayerProps
 * @typedef {Record<Theme, LayerProps>} Themes  the layers' colours by theme, from the scene
 * @typedef {object} ThemeOptions
 * @property {Themes} themes
 * @property {(theme: Theme) => void} onChange
 * @property {(choice: Choice) => void} save
 */
import { mediaQuery } from "../common/mediaquery.js";
import { songProperties } from "../globe/palette.js";

/** @param {HTMLElement} root @param {ThemeOptions} options */
export function createTheme(root, { themes, onChange, save }) {
  const system = mediaQuery("(prefers-color-scheme: light)");
  /** @type {Theme | undefined} */
  let shown;

  /** @returns {Choice} */
  const choice = () => /** @type {Choice} */ (root.dataset.theme ?? "system");
  /** @returns {Theme} */
  const current = () => (choice() === "light" || (choice() === "system" && system.matches) ? "light" : "dark");

  function show() {
    if (current() === shown) return;
    shown = current();
    root.dataset.look = shown;
    for (const [name, value] of songProperties(themes[shown].arcs.pairs)) root.style.setProperty(name, value);
    const ground = getComputedStyle(root).getPropertyValue("--bar").trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", ground);
    onChange(shown);
  }

  const stopListening = system.listen(show);
  show();
  return {
    choice,
    /** The current theme's props of the layers, by their ids. */
    layers: () => themes[current()],
    /** @param {Choice} next */
    choose(next) {
      if (next === "system") delete root.dataset.theme;
      else root.dataset.theme = next;
      save(next);
      show();
    },
    destroy: stopListening,
  };
}

/**
 * The radio buttons of the settings.
 *
 * @param {HTMLElement} group  has a radio button for each choice
 * @param {ReturnType<typeof createTheme>} theme
 */
export function createThemeChoice(group, theme) {
  /** @param {Event} event */
  const choose = ({ target }) => theme.choose(/** @type {Choice} */ (/** @type {HTMLInputElement} */ (target).value));
  for (const radio of group.querySelectorAll("input")) radio.checked = radio.value === theme.choice();
  group.addEventListener("change", choose);
  return { destroy: () => group.removeEventListener("change", choose) };
}
