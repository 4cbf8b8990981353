/** Loads what the globe needs: pydeck's bundle (1 MB compressed), the packed points, and the globe's own module. */

/** Run a classic script. @param {string} url @returns {Promise<void>} */
function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${url} did not load`));
    document.head.append(script);
  });
}

/**
 * Run pydeck's bundle without WebAssembly. A library in it (long.js) tries to use it, the page's content security policy
 * forbids that, and Firefox reports an error. The library works without.
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
async function loadBytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Whether this browser has WebGL 2. */
function hasWebGL() {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

/** The globe's module and its fields of points. It throws where the browser has no WebGL 2, or a file does not load. */
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
