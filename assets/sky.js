/** Faint stars behind the globe, the same each time, drawn once a size. */

const STARS_PER_MEGAPIXEL = 320;

/** @param {HTMLCanvasElement} canvas */
export function createSky(canvas) {
  function draw() {
    const density = Math.min(2, window.devicePixelRatio);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * density;
    canvas.height = height * density;
    const context = canvas.getContext("2d");
    if (!context) return;
    context.scale(density, density);
    const next = numbers(7);
    for (let i = 0; i < (width * height * STARS_PER_MEGAPIXEL) / 1e6; i++) {
      const bright = next() ** 5;
      const size = 0.5 + bright;
      context.fillStyle = `hsl(${next() < 0.8 ? 220 : 30} 60% 85% / ${0.06 + 0.6 * bright})`;
      context.beginPath();
      context.arc(next() * width, next() * height, size, 0, 7);
      context.fill();
    }
  }
  const sizes = new ResizeObserver(draw);
  sizes.observe(canvas);
  return { destroy: () => sizes.disconnect() };
}

/** Numbers from 0 to 1 that look random (Park and Miller's generator). @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
