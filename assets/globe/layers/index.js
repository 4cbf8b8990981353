/** The layers that scene.py names. */
export { LiveArcsLayer } from "./arcs.js";
export { OceanLayer } from "./ocean.js";
export { LandLayer, LightsLayer, StarsLayer } from "./points.js";
