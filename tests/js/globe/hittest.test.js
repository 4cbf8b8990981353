import assert from "node:assert/strict";
import { test } from "node:test";
import { arcPoint, hidden, unit } from "../../../assets/globe/geo.js";
import { createHitTester, distanceToArc, distanceToSegment } from "../../../assets/globe/hittest.js";

const EYE = [0, -3, 0]; // over 0° E on the equator
const project = (point) => (hidden(point, EYE) ? null : [400 + 300 * point[0], 300 - 300 * point[2]]);
const arc = (id, from, to, more) => ({ connection: { id }, from: unit(...from), to: unit(...to), born: 0, lands: 2, until: 10, ...more });

test("the way to a piece is the way to its nearest point", () => {
  assert.equal(distanceToSegment([5, 3], [0, 0], [10, 0]), 3);
  assert.equal(distanceToSegment([-3, 4], [0, 0], [10, 0]), 5);
  assert.equal(distanceToSegment([13, 4], [0, 0], [10, 0]), 5);
  assert.equal(distanceToSegment([3, 4], [0, 0], [0, 0]), 5);
});

test("an arc is found where it is drawn, and not where it has not come yet or is hidden", () => {
  const one = arc("a", [-40, 10], [40, 10]);
  for (const u of [0.05, 0.33, 0.5, 0.9]) {
    const at = project(arcPoint(one.from, one.to, u));
    assert.ok(distanceToArc(one, at, 5, project) < 1, `at ${u}`);
    assert.ok(Math.abs(distanceToArc(one, [at[0], at[1] - 20], 5, project) - 20) < 8);
  }
  const end = project(one.to);
  assert.ok(distanceToArc(one, end, 1, project) > 100, "half-way there");
  const behind = arc("b", [170, 5], [-170, -5]);
  assert.equal(distanceToArc(behind, [400, 300], 5, project), Infinity);
});

test("the nearest within reach is picked, of two as near the newer, of none nothing", () => {
  const picker = createHitTester();
  picker.add(arc("low", [-30, -10], [30, -10]));
  picker.add(arc("high", [-30, 20], [30, 20]));
  const over = project(arcPoint(unit(-30, 20), unit(30, 20), 0.5));
  assert.equal(picker.at([over[0], over[1] + 4], 10, 5, project)?.id, "high");
  assert.equal(picker.at([over[0], over[1] + 40], 10, 5, project), null);
  picker.add(arc("twin", [-30, 20], [30, 20]));
  assert.equal(picker.at(over, 10, 5, project)?.id, "twin");
  assert.equal(picker.at(over, 10, 10, project), null, "all are over");
  assert.equal(picker.at(over, 10, -1, project), null, "none has begun");
});

test("what is over is forgotten, and never more are kept than may be", () => {
  const picker = createHitTester({ max: 3 });
  picker.add(arc("old", [0, 0], [10, 0]));
  picker.add(arc("new", [0, 0], [10, 0], { born: 10, lands: 12, until: 20 }));
  assert.equal(picker.byId("old"), null);
  assert.equal(picker.byId("new")?.id, "new");
  for (let i = 0; i < 5; i++) picker.add(arc(`n${i}`, [0, 0], [10, 0], { born: 11, until: 20 }));
  assert.deepEqual(["n0", "n1", "n2", "n4"].map((id) => picker.byId(id)?.id ?? null), [null, null, "n2", "n4"]);
});

test("an arc that appears whole is picked whole", () => {
  const still = arc("a", [-40, 10], [40, 10], { lands: 0 });
  assert.ok(distanceToArc(still, project(still.to), 0, project) < 1);
});

test("the arc in the spotlight can be clicked on until it has faded", () => {
  const tester = createHitTester();
  tester.add(arc("a", [-30, 0], [30, 0], { lands: 1, until: Infinity }));
  assert.deepEqual([0.5, 900].map((now) => tester.hasLanded("a", now)), [false, true]);
  tester.unspot(902);
  assert.deepEqual([901, 903].map((now) => tester.hasLanded("a", now)), [true, false]);
});
