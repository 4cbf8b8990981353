/**
 * The menu of languages: links that keep the rest of the page's current address. The choice is stored for the next visit.
 *
 * @param {HTMLElement} menu @param {{save: (language: string) => void, location?: Location}} options
 */
export function createLanguageMenu(menu, { save, location = window.location }) {
  /** @param {Event} event */
  function choose(event) {
    const link = /** @type {HTMLElement} */ (event.target).closest("a");
    if (!link) return;
    save(link.hreflang);
    link.search = withLanguage(location.search, link.hreflang);
  }

  menu.addEventListener("click", choose);
  return { destroy: () => menu.removeEventListener("click", choose) };
}

/** @param {string} query @param {string} language */
export function withLanguage(query, language) {
  const next = new URLSearchParams(query);
  next.set("lang", language);
  return `?${next}`;
}
