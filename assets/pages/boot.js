// Before anything is painted: that there are scripts, and the theme and the language that the visitor chose here, so that
// none of it changes in sight. Where the page's own script does not come or throws, fallback.js stands in for it.
(() => {
  const page = document.documentElement;
  page.dataset.scripted = "";
  const own = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";
  const standIn = () => {
    if ("started" in page.dataset || !document.querySelector('script[type="module"]')) return;
    page.dataset.started = "bare";
    const script = document.createElement("script");
    script.src = own.replace("boot.js", "fallback.js");
    document.head.append(script);
  };
  addEventListener("DOMContentLoaded", standIn); // which comes after the page's own script, or the error of it
  const query = new URLSearchParams(location.search);
  /** @type {{theme?: unknown, language?: unknown}} */
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("unison") ?? "{}") ?? {}; // whatever a version before kept
  } catch {
    // nothing kept, or it may not be read
  }
  if (kept.theme === "light" || kept.theme === "dark") page.dataset.theme = kept.theme;
  if (query.has("wall") && query.get("wall") !== "0") page.dataset.wall = "";
  if (typeof kept.language !== "string" || !/^[a-z]{2,3}(-[a-z0-9]+)*$/i.test(kept.language)) return;
  if (query.has("lang") || kept.language === page.lang || "oneLanguage" in page.dataset) return;
  query.set("lang", kept.language);
  location.replace(`${location.pathname}?${query}${location.hash}`);
})();
