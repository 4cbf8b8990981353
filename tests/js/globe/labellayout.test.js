import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, boxAt, overlap, sidesAway, sidesBeside } from "../../../assets/globe/labellayout.js";

const SIDES = ["top", "right", "left", "bottom", "top-right", "top-left", "bottom-right", "bottom-left"];
const BOUNDS = { left: 0, top: 0, right: 800, bottom: 600 };
const item = (x, y, more = {}) => ({ x, y, width: 120, height: 40, sides: SIDES, side: null, ...more });

test("a label alone stands on its first side", () => {
  assert.deepEqual(arrange([item(400, 300)], BOUNDS), ["top"]);
});

test("of two at one place the second goes to another side", () => {
  const [first, second] = arrange([item(400, 300), item(400, 300)], BOUNDS);
  assert.equal(first, "top");
  assert.notEqual(second, "top");
});

test("a label keeps its side while there is room on it", () => {
  assert.deepEqual(arrange([item(400, 300, { side: "left" })], BOUNDS), ["left"]);
});

test("what stands elsewhere on the page is not covered", () => {
  const [side] = arrange([item(60, 100)], BOUNDS, [{ left: 0, top: 0, right: 200, bottom: 95 }]);
  assert.ok(side && !side.startsWith("top"));
});

test("however many there are, none overlaps another or leaves the bounds", () => {
  let state = 3;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 40; round++) {
    const items = Array.from({ length: 40 }, () =>
      item(random() * 800, random() * 600, { width: 40 + random() * 200, height: 16 + random() * 40 }),
    );
    const sides = arrange(items, BOUNDS);
    const boxes = items.flatMap((it, i) => (sides[i] ? [boxAt(it, sides[i])] : []));
    assert.ok(boxes.length > 5);
    boxes.forEach((box, i) => {
      assert.ok(box.left >= 0 && box.top >= 0 && box.right <= 800 && box.bottom <= 600);
      for (const other of boxes.slice(i + 1)) assert.equal(overlap(box, other), false);
    });
  }
});

test("names of neighbours lead away from each other, and a song stands beside its arc", () => {
  const [west, east] = [{ x: 400, y: 300 }, { x: 420, y: 305 }];
  assert.deepEqual([sidesAway(west, east)[0], sidesAway(east, west)[0]], ["left", "right"]);
  const north = { x: 402, y: 280 };
  assert.deepEqual([sidesAway(north, west)[0], sidesAway(west, north)[0]], ["top", "bottom"]);
  assert.deepEqual([...sidesAway(west, east)].sort(), [...SIDES].sort());
  assert.deepEqual(sidesBeside(west, east).slice(0, 2), ["top", "bottom"]);
  assert.deepEqual(sidesBeside(west, north).slice(0, 2), ["left", "right"]);
  assert.deepEqual(sidesBeside({ x: 0, y: 0 }, { x: 100, y: 100 }).slice(0, 2), ["top-right", "bottom-left"]);
});

test("in the spotlight a label stands even where only what lies over the stage leaves no room", () => {
  const everywhere = [{ left: 0, top: 0, right: 800, bottom: 600 }];
  assert.deepEqual(arrange([item(400, 300), item(400, 300, { spot: true })], BOUNDS, everywhere), [null, "top"]);
  const dot = [{ left: 398, top: 250, right: 402, bottom: 290 }];
  assert.deepEqual(arrange([item(400, 300, { spot: true })], BOUNDS, everywhere, dot), ["right"]);
});
