import assert from "node:assert/strict";
import { test } from "node:test";
import { zoomLevels, release, scrolls, takesDrag, takesWheel } from "../../../assets/globe/gestures.js";

const NO_KEYS = { ctrlKey: false, metaKey: false };

test("a page scrolls where it is longer than its window and does not hide the rest", () => {
  const long = { scrollHeight: 1200, clientHeight: 800, overflow: "visible" };
  assert.ok(scrolls(long));
  assert.ok(scrolls({ ...long, overflow: "auto" }));
  assert.ok(!scrolls({ ...long, overflow: "hidden" }));
  assert.ok(!scrolls({ ...long, overflow: "clip" }));
  assert.ok(!scrolls({ ...long, scrollHeight: 801 }), "a page's zoom rounds");
});

test("in a page that scrolls the globe takes the wheel with Ctrl or ⌘ only, and elsewhere always", () => {
  assert.ok(takesWheel(false, NO_KEYS));
  assert.ok(!takesWheel(true, NO_KEYS));
  assert.ok(takesWheel(true, { ...NO_KEYS, ctrlKey: true }), "and a trackpad's pinch, which is told as Ctrl");
  assert.ok(takesWheel(true, { ...NO_KEYS, metaKey: true }));
});

test("in a page that scrolls a mouse drags the globe, and one finger or pen does not", () => {
  assert.deepEqual(["mouse", "touch", "pen"].map((pointer) => takesDrag(true, pointer)), [true, false, false]);
  assert.ok(takesDrag(false, "touch"));
});

test("a notch of the wheel is half a doubling, a fling one at most, and back is as far as forth", () => {
  const by = (deltaY, deltaMode = 0) => zoomLevels({ deltaY, deltaMode });
  assert.ok(Math.abs(by(-100) - 0.55) < 0.01);
  assert.equal(by(100), -by(-100));
  assert.ok(by(-5000) <= 1 && by(-5000) > 0.99);
  assert.equal(by(-3, 1), by(-120), "three lines");
  assert.equal(by(0), 0);
});

test("a drag is let go as fast as its last moments were, and not at all after a halt", () => {
  const path = [0, 1, 2, 3, 4, 5].map((n) => ({ x: 100 + 20 * n, y: 50 - 10 * n, at: 1000 + 20 * n }));
  assert.deepEqual(release(path, 1100), { velocity: Math.hypot(1, 0.5), velocityX: 1, velocityY: -0.5 });
  const slow = [{ x: 0, y: 0, at: 0 }, ...path];
  assert.deepEqual(release(slow, 1100), release(path, 1100), "what was before does not count");
  assert.equal(release(path, 1300).velocity, 0);
  assert.equal(release([], 1300).velocity, 0);
});
