import assert from "node:assert/strict";
import { test } from "node:test";
import { overlayBoxes } from "../../../assets/globe/overlays.js";

const box = (left, top, right, bottom) => ({ left, top, right, bottom, width: right - left });
const element = (rectangle) => ({ getBoundingClientRect: () => rectangle });

test("each of several elements that lie over the stage has a box of its own, and those not shown have none", () => {
  const found = { ".tools > *": [box(300, 20, 340, 60), box(0, 0, 0, 0), box(350, 20, 390, 60)], "#card": [] };
  globalThis.document = { querySelectorAll: (selector) => found[selector].map(element) };
  const boxes = overlayBoxes(element(box(0, 10, 390, 400)), [".tools > *", "#card"]);
  assert.deepEqual(boxes, [
    { left: 300, top: 10, right: 340, bottom: 50 },
    { left: 350, top: 10, right: 390, bottom: 50 },
  ]);
});
