import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, gridFor, HEIGHT, WIDTH } from "../../../assets/visitor/shelfpicture.js";

test("any number of sleeves stands within the picture, clear of its head and its foot", () => {
  for (let count = 1; count <= 60; count++) {
    const { columns, shown, size, gap, left, top, text } = gridFor(count);
    const rows = Math.ceil(shown / columns);
    const [right, bottom] = [left + columns * size + (columns - 1) * gap, top + rows * (size + text) + (rows - 1) * gap];
    assert.ok(left >= 72 && right <= WIDTH - 72 && top >= 230 && bottom <= HEIGHT - 96, `${count}: ${left} ${right} ${top} ${bottom}`);
    assert.ok(size > 200, `${count}: sleeves of ${size} pixels are too small to like`);
    assert.equal(shown, Math.min(count, 16));
  }
});

test("a line that is too long ends with dots, and no letter is cut in two", () => {
  const measure = (text) => [...text].length;
  assert.equal(fitted("Copper Sky", 10, measure), "Copper Sky");
  assert.equal(fitted("Copper Skies", 10, measure), "Copper Sk…");
  assert.equal(fitted("🎵🎵🎵🎵", 3, measure), "🎵🎵…");
  assert.equal(fitted("Copper Sky", 0, measure), "…");
});
