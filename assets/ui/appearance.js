/** The choice of theme and language. Each is a part that may fail alone. */

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof import("../globe/view.js").createView>} globe
 * @property {object} theme
 * @property {object} language
 */

/** @type {(id: string) => HTMLElement} */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Load both. Returns a promise for each, which resolves when the part runs or has failed.
 *
 * @param {ReturnType<typeof import("../common/parts.js").createParts<Parts>>} parts
 * @param {Promise<unknown>} viewed  resolves when the view runs, which has the theme, or has failed
 * @param {ReturnType<typeof import("../common/preferences.js").createPreferences>} prefs
 */
export function startAppearance({ start, use }, viewed, prefs) {
  const theme = start("theme", () => viewed.then(() => import("./theme.js")), ({ createThemeChoice }) => {
    const created = use("globe", (view) => view.theme);
    if (!created) throw new Error("there is no view");
    return createThemeChoice(find("theme"), created);
  });
  const language = start("language", () => import("./languagemenu.js"), ({ createLanguageMenu }) =>
    createLanguageMenu(find("languages"), { save: (tag) => prefs.save("language", tag) }),
  );
  return [theme, language];
}
