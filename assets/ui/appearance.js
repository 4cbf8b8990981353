/** What a visitor chooses of a page's looks: the theme and the language. Each is a part that may fail alone. */

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {object} theme
 * @property {object} language
 */

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Load both; returns promises that each is there, or has failed.
 *
 * @param {ReturnType<typeof import("../common/parts.js").createParts<Parts>>} parts
 * @param {Promise<unknown>} viewed  that the globe's part is there, or has failed: it has the theme
 * @param {ReturnType<typeof import("../common/preferences.js").createPreferences>} prefs
 */
export function startAppearance({ start, use }, viewed, prefs) {
  const theme = start("theme", () => viewed.then(() => import("./theme.js")), ({ createThemeChoice }) => {
    const chosen = use("globe", (view) => view.theme);
    if (!chosen) throw new Error("it needs the view");
    return createThemeChoice(find("theme"), chosen);
  });
  const language = start("language", () => import("./languagemenu.js"), ({ createLanguageMenu }) =>
    createLanguageMenu(find("languages"), { keep: (tag) => prefs.keep("language", tag) }),
  );
  return [theme, language];
}
