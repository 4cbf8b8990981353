// Runs before the first paint: it applies the theme and the language that the visitor chose, so that the page does not
// change before their eyes. If the page's own script does not load, or throws, it loads fallback.js instead.
(() => {
  const page = document.documentElement;
  page.dataset.scripted = "";
  const own = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";
  const loadFallback = () => {
    if ("started" in page.dataset || !document.querySelector('script[type="module"]')) return;
    page.dataset.started = "fallback";
    const script = document.createElement("script");
    script.src = own.replace("boot.js", "fallback.js");
    document.head.append(script);
  };
  addEventListener("DOMContentLoaded", loadFallback); // fires after the page's own script has run or failed
  const query = new URLSearchParams(location.search);
  /** @type {{theme?: unknown, language?: unknown}} */
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem("unison") ?? "{}") ?? {}; // an earlier version may have stored anything
  } catch {
    // storage is forbidden, or its content is malformed
  }
  if (stored.theme === "light" || stored.theme === "dark") page.dataset.theme = stored.theme;
  if (query.has("wall") && query.get("wall") !== "0") page.dataset.wall = "";
  if (typeof stored.language !== "string" || !/^[a-z]{2,3}(-[a-z0-9]+)*$/i.test(stored.language)) return;
  if (query.has("lang") || stored.language === page.lang || "oneLanguage" in page.dataset) return;
  query.set("lang", stored.language);
  location.replace(`${location.pathname}?${query}${location.hash}`);
})();
