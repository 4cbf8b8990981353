/**
 * Dark or light: as the system has it, or as chosen here. Says on the page's root which one it is (data-look), gives
 * style sheets the songs' colours, and tells who draws.
 *
 * @typedef {"system" | "dark" | "light"} Wish
 * @typedef {"dark" | "light"} Look
 * @typedef {{arcs: {pairs: import("../globe/palette.js").Pairs}} & Record<string, Record<string, unknown>>} Paint
 * @typedef {Record<Look, Paint>} Themes
 * @typedef {object} ThemeOptions
 * @property {Themes} themes  of the scene
 * @property {(look: Look) => void} onLook
 * @property {(wish: Wish) => void} keep
 */
import { media } from "../common/mediaquery.js";
import { songProperties } from "../globe/palette.js";

/** @param {HTMLElement} root @param {ThemeOptions} options */
export function createTheme(root, { themes, onLook, keep }) {
  const system = media("(prefers-color-scheme: light)");
  /** @type {Look | undefined} */
  let shown;

  /** @returns {Wish} */
  const wish = () => /** @type {Wish} */ (root.dataset.theme ?? "system");
  /** @returns {Look} */
  const look = () => (wish() === "light" || (wish() === "system" && system.matches) ? "light" : "dark");

  function show() {
    if (look() === shown) return;
    shown = look();
    root.dataset.look = shown;
    for (const [name, value] of songProperties(themes[shown].arcs.pairs)) root.style.setProperty(name, value);
    const ground = getComputedStyle(root).getPropertyValue("--bar").trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", ground);
    onLook(shown);
  }

  const deafen = system.listen(show);
  show();
  return {
    wish,
    look,
    /** The layers' looks, by their ids. */
    layers: () => themes[look()],
    /** @param {Wish} next */
    choose(next) {
      if (next === "system") delete root.dataset.theme;
      else root.dataset.theme = next;
      keep(next);
      show();
    },
    destroy: deafen,
  };
}

/**
 * The choice among them.
 *
 * @param {HTMLElement} group holding a radio for each wish
 * @param {ReturnType<typeof createTheme>} theme
 */
export function createThemeChoice(group, theme) {
  /** @param {Event} event */
  const choose = ({ target }) => theme.choose(/** @type {Wish} */ (/** @type {HTMLInputElement} */ (target).value));
  for (const radio of group.querySelectorAll("input")) radio.checked = radio.value === theme.wish();
  group.addEventListener("change", choose);
  return { destroy: () => group.removeEventListener("change", choose) };
}
