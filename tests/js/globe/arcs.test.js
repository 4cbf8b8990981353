import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.deck = { Layer: class {} };
const { segmentsFor } = await import("../../../assets/globe/layers/arcs.js");

test("an arc is as smooth on a wall as on a telephone, with no more segments than that takes", () => {
  for (const radius of [60, 150, 290, 370, 900]) {
    const strayPx = (segments) => radius * (1 - Math.cos(Math.PI / segments / 2));
    const segments = segmentsFor(radius);
    assert.ok(strayPx(segments) < 0.7, `${radius} px: ${segments}`);
    assert.ok(segments === 16 || strayPx(segments / 1.6) > 0.7, `${radius} px: ${segments}`);
  }
});
