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
  const asset = (/** @type {string} */ name) => new URL(name, import.meta.url).href;
  const [land, few, lights] = await Promise.all([
    loadBytes(asset("land.bin")),
    loadBytes(asset("land-few.bin")),
    loadBytes(asset("lights.bin")),
    loadScript(asset("pydeck.js")),
  ]);
  const { createGlobe } = await import("./globe.js");
  return { createGlobe, fields: { land, few, lights } };
}
