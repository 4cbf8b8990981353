import assert from "node:assert/strict";
import { test } from "node:test";
import { unit } from "../../../assets/globe/geo.js";
import { pathOf, projection } from "../../../assets/globe/placeholder.js";

const SEAT = { lonDeg: -22, latDeg: 20, away: 3.8 };
const project = projection(SEAT);

test("what is looked at is in the middle, north is up, east is right, and the disc's edge is at 500", () => {
  const [x, y] = project(unit(-22, 20));
  assert.ok(Math.hypot(x, y) < 1e-9);
  assert.ok(project(unit(-22, 40))[1] < -50);
  assert.ok(project(unit(0, 20))[0] > 50);
  let farthest = 0;
  for (let lon = -180; lon < 180; lon += 0.5) farthest = Math.max(farthest, Math.hypot(...(project(unit(lon, 0)) ?? [0, 0])));
  assert.ok(farthest > 499 && farthest <= 500.001, `${farthest}`);
});

test("from far away it is the projection of the land that is drawn (scripts/build_placeholder.py)", () => {
  const [x, y] = projection({ ...SEAT, away: 1e4 })(unit(-9.1, 38.7));
  assert.ok(Math.hypot(x - (587 - 500), y - (336 - 500)) < 1, `${x}, ${y}`);
});

test("the far side is not drawn, and an arc that goes behind the globe is cut where it does", () => {
  assert.equal(project(unit(158, -20)), null);
  assert.equal(pathOf(unit(150, -20), unit(165, -10), project), "");
  const path = pathOf(unit(-60, 0), unit(120, 10), project);
  assert.equal(path.match(/M/g).length, 1);
  assert.ok(path.match(/L/g).length < 47);
});
