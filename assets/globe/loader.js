/** pydeck's bundle, a megabyte on the way: fetched once the words are on the page. */

/** Run a script that sets globals. @param {string} url @returns {Promise<void>} */
export function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${url} did not load`));
    document.head.append(script);
  });
}

/**
 * pydeck's bundle. A library in it (long.js) tries whether there is WebAssembly, which the page's policy forbids: Firefox
 * reports that as an error. So there seems to be none while the bundle is run; the library does without.
 *
 * @param {string} url
 */
async function loadBundle(url) {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly");
  Object.defineProperty(globalThis, "WebAssembly", { value: undefined, configurable: true });
  try {
    await loadScript(url);
  } finally {
    if (kept) Object.defineProperty(globalThis, "WebAssembly", kept);
  }
}

/** @param {string} url @returns {Promise<Uint8Array>} */
export async function loadBytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Whether this browser draws in three dimensions. */
export function hasWebGL() {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

/** The globe's module and its fields of points. Fails where there is no WebGL 2, or a piece of it does not come. */
export async function loadGlobe() {
  if (!hasWebGL()) throw new Error("this browser has no WebGL 2");
  const asset = (/** @type {string} */ name) => new URL(`../${name}`, import.meta.url).href;
  const [land, few, lights] = await Promise.all([
    loadBytes(asset("data/land.bin")),
    loadBytes(asset("data/land-few.bin")),
    loadBytes(asset("data/lights.bin")),
    loadBundle(asset("pydeck.js")),
  ]);
  const { createGlobe } = await import("./globe.js");
  return { createGlobe, fields: { land, few, lights } };
}
