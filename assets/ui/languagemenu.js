/**
 * The menu of languages: links that the server made, which keep the rest of the address as it is now, and the choice
 * kept for the next visit.
 *
 * @param {HTMLElement} menu @param {{keep: (language: string) => void, location?: Location}} options
 */
export function createLanguageMenu(menu, { keep, location = window.location }) {
  /** @param {Event} event */
  function choose(event) {
    const link = /** @type {HTMLElement} */ (event.target).closest("a");
    if (!link) return;
    keep(link.hreflang);
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
