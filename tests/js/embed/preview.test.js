import assert from "node:assert/strict";
import { test } from "node:test";

import { measured, scaleIn } from "../../../assets/embed/preview.js";

test("a preview is as large as there is room for, and no larger than it will be", () => {
  const size = { width: 1200, height: 630 };
  assert.equal(scaleIn(size, { width: 600, height: 630 }), 0.5);
  assert.equal(scaleIn(size, { width: 1200, height: 126 }), 0.2);
  assert.equal(scaleIn(size, { width: 4000, height: 4000 }), 1);
});

test("its true size is said, and how large it is drawn where that is another", () => {
  assert.equal(measured({ width: 320, height: 480 }, 1), "320 × 480 pixels");
  assert.equal(measured({ width: 1200, height: 630 }, 0.283), "1200 × 630 pixels, shown at 28%");
});
