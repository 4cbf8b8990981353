/** The globe, started: its bundle and its fields are fetched only where it can be drawn, once the words are there. */
import { hasWebGL, loadBytes, loadScript } from "./bundle.js";

/**
 * @param {HTMLElement} stage
 * @param {() => Omit<import("./globe.js").GlobeOptions, "fields">} options asked once all is there
 * @returns {Promise<ReturnType<typeof import("./globe.js").createGlobe>>}
 */
export async function launchGlobe(stage, options) {
  if (!hasWebGL()) throw new Error("this browser has no WebGL 2");
  const asset = (/** @type {string} */ name) => new URL(name, import.meta.url).href;
  const [land, few, lights] = await Promise.all([
    loadBytes(asset("land.bin")),
    loadBytes(asset("land-few.bin")),
    loadBytes(asset("lights.bin")),
    loadScript(asset("pydeck.js")),
  ]);
  const { createGlobe } = await import("./globe.js");
  return createGlobe(stage, { ...options(), fields: { land, few, lights } });
}
