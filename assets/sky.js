/**
 * Faint stars behind the globe, the same each time, drawn once a size. They are part of the page's own background (the
 * style sheet's --stars): an element of their own would be blended anew in each of the globe's frames.
 */

const STARS_PER_MEGAPIXEL = 320;

/** @param {HTMLElement} element */
export function createSky(element) {
  let shown = "";

  function draw() {
    const canvas = document.createElement("canvas");
    paint(canvas, element.clientWidth, element.clientHeight);
    canvas.toBlob((image) => image && show(URL.createObjectURL(image)));
  }

  /** @param {string} url */
  function show(url) {
    element.style.setProperty("--stars", `url("${url}")`);
    URL.revokeObjectURL(shown);
    shown = url;
  }

  const sizes = new ResizeObserver(draw);
  sizes.observe(element);
  return {
    destroy() {
      sizes.disconnect();
      URL.revokeObjectURL(shown);
    },
  };
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function paint(canvas, width, height) {
  const density = Math.min(2, window.devicePixelRatio);
  canvas.width = width * density;
  canvas.height = height * density;
  const context = canvas.getContext("2d", { willReadFrequently: true }); // by the CPU
  if (!context) return;
  context.scale(density, density);
  const next = numbers(7);
  for (let i = 0; i < (width * height * STARS_PER_MEGAPIXEL) / 1e6; i++) {
    const bright = next() ** 5;
    context.fillStyle = `hsl(${next() < 0.8 ? 220 : 30} 60% 85% / ${0.06 + 0.6 * bright})`;
    context.beginPath();
    context.arc(next() * width, next() * height, 0.5 + bright, 0, 7);
    context.fill();
  }
}

/** Numbers from 0 to 1 that look random (Park and Miller's generator). @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
