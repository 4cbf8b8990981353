import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.deck = { Layer: class {} };
const { cornersFor, triangles } = await import("../../assets/layers/ocean.js");

test("a disc of any size is round to a fifth of a pixel, with no more corners than that takes", () => {
  for (const radius of [40, 150, 290, 370, 900, 2000]) {
    const offPx = (corners) => radius * (1 - Math.cos(Math.PI / corners));
    const corners = cornersFor(radius);
    assert.ok(offPx(corners) < 0.2, `${radius} px: ${corners}`);
    assert.ok(corners === 64 || offPx(corners / 2) > 0.2, `${radius} px: ${corners}`);
  }
});

test("the rings have no gap and end at the same rings, however many corners they have", () => {
  for (const corners of [64, 128, 384]) {
    const rings = [...triangles(corners)].map((vertex) => vertex >> 9);
    const angles = [...triangles(corners)].map((vertex) => vertex & 511);
    assert.deepEqual([Math.min(...rings), Math.max(...rings)], [0, 46]);
    assert.ok(rings.includes(30), "the sea ends at its own rim");
    assert.equal(new Set(angles).size, corners + 1);
    assert.equal(Math.max(...angles), 384);
  }
});
