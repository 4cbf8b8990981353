/** The size of the globe's disc on screen, and the density at which it is drawn. Import this after pydeck's bundle. */

export const COMMON_RADIUS = 256; // of the globe in deck's common space
const PIXELS_MAX = 5_000_000; // with more, the display's full density is not used

/** The radius of the globe's disc in pixels. @param {Viewport} viewport */
export function discRadius({ cameraPosition, height, focalDistance }) {
  const distance = Math.hypot(...cameraPosition) / COMMON_RADIUS;
  return (height * focalDistance) / Math.sqrt(distance * distance - 1);
}

/**
 * The zoom that shows a disc of this radius.
 *
 * @type {(radius: number, width: number, height: number, latitude: number) => number}
 */
export function zoomFor(radius, width, height, latitude) {
  let [low, high] = [-4, 8];
  for (let i = 0; i < 20; i++) {
    const zoom = (low + high) / 2;
    const viewport = new deck._GlobeViewport({ width, height, longitude: 0, latitude, zoom });
    if (discRadius(viewport) < radius) low = zoom;
    else high = zoom;
  }
  return low;
}

/**
 * How deck's camera sees a globe on a stage of this size: its focal length in pixels, and the eye's distance from the globe's
 * centre, in Earth radii, at a size. A size is a zoom level at the equator. The eye's height halves with each level.
 *
 * @type {(width: number, height: number) => {focal: number, distanceOf(size: number): number, sizeOf(distance: number): number}}
 */
export function opticsOf(width, height) {
  const viewport = new deck._GlobeViewport({ width, height, longitude: 0, latitude: 0, zoom: 0 });
  const height0 = Math.hypot(...viewport.cameraPosition) / COMMON_RADIUS - 1;
  return {
    focal: height * viewport.focalDistance,
    distanceOf: (size) => 1 + height0 / 2 ** size,
    sizeOf: (distance) => Math.log2(height0 / (distance - 1)),
  };
}

/** Device pixels per CSS pixel, fewer on very large stages. @param {HTMLElement} stage */
export function pixelRatio(stage) {
  const area = stage.clientWidth * stage.clientHeight;
  return Math.min(window.devicePixelRatio, 3, Math.max(1, Math.sqrt(PIXELS_MAX / Math.max(1, area))));
}
