// Before anything is painted: that there are scripts (where one does not come there is a still), and the theme and the
// language that the visitor chose here, so that none of it changes in sight.
(() => {
  const page = document.documentElement;
  page.dataset.scripted = "";
  /** @param {Event} event */
  const missing = ({ target }) => {
    if (target instanceof HTMLScriptElement) document.body.dataset.globe = "none";
  };
  addEventListener("error", missing, true);
  const query = new URLSearchParams(location.search);
  /** @type {{theme?: unknown, language?: unknown}} */
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("unison") ?? "{}") ?? {};
  } catch {
    // nothing kept, or it may not be read
  }
  if (kept.theme === "light" || kept.theme === "dark") page.dataset.theme = kept.theme;
  if (query.has("wall") && query.get("wall") !== "0") page.dataset.wall = "";
  if (typeof kept.language !== "string" || query.has("lang") || kept.language === page.lang) return;
  if ("oneLanguage" in page.dataset) return;
  query.set("lang", kept.language);
  location.replace(`${location.pathname}?${query}${location.hash}`);
})();
