import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.deck = { Layer: class {} };
const { cornersFor, triangles } = await import("../../../assets/globe/layers/ocean.js");

test("a disc of any size is round to a third of a pixel, with no more corners than that takes", () => {
  for (const radius of [40, 150, 290, 370, 900, 2000]) {
    const offPx = (corners) => radius * (1 - Math.cos(Math.PI / corners));
    const corners = cornersFor(radius);
    assert.ok(offPx(corners) < 0.35, `${radius} px: ${corners}`);
    assert.ok(corners === 64 || offPx(corners / 2) > 0.35, `${radius} px: ${corners}`);
  }
});

test("the triangles have no gap and none over another, from the middle to the last ring", () => {
  for (const corners of [64, 128, 384]) {
    const vertices = [...triangles(corners)].map((vertex) => (vertex >> 9 === 0 ? 0 : vertex % 512 === 384 ? vertex - 384 : vertex));
    const sides = new Map();
    for (let i = 0; i < vertices.length; i += 3) {
      const [a, b, c] = vertices.slice(i, i + 3);
      if (a === b || b === c || c === a) continue; // of no area, in the middle
      for (const side of [[a, b], [b, c], [c, a]]) {
        const name = side.sort((one, other) => one - other).join();
        sides.set(name, (sides.get(name) ?? 0) + 1);
      }
    }
    const single = [...sides].filter(([, count]) => count === 1).map(([name]) => name.split(",").map((vertex) => vertex >> 9));
    assert.ok([...sides.values()].every((count) => count <= 2));
    assert.ok(single.every(([one, other]) => one === 46 && other === 46), "only the last ring has nothing beyond it");
    assert.ok(vertices.some((vertex) => vertex >> 9 === 30), "the sea ends at its own rim");
  }
});
