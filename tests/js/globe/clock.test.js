import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "../../../assets/globe/clock.js";
import { lonLat, unit } from "../../../assets/globe/geo.js";
import { createInstances } from "../../../assets/globe/instances.js";

const TIMELINE = { flightS: [1, 3], holdS: 2, fadeS: 2, pulseS: 3, sparkS: 5 };

test("a clock that was stopped goes on from where it stood", (t) => {
  let ms = 1000;
  t.mock.method(performance, "now", () => ms);
  const clock = createClock();
  const began = clock.seconds();
  clock.stop(true);
  ms += 60_000;
  clock.stop(true);
  assert.equal(clock.seconds(), began);
  clock.stop(false);
  clock.stop(false);
  assert.equal(clock.seconds(), began);
  ms += 500;
  assert.equal(clock.seconds(), began + 0.5);
});

test("a point's degrees are those it was made from, however high it is", () => {
  for (const [lon, lat] of [[0, 0], [135.5, 34.7], [-34.9, -8.1], [-179, 80]]) {
    const back = lonLat(/** @type {Vector} */ (unit(lon, lat).map((x) => x * 1.2)));
    assert.ok(Math.abs(back.lon - lon) < 1e-9 && Math.abs(back.lat - lat) < 1e-9);
  }
});

test("slots that were cleared are taken from the first again", () => {
  const slots = createInstances(4, TIMELINE);
  for (let i = 0; i < 3; i++) slots.add({ from: unit(i, 0), to: unit(0, 50), colours: () => [[1, 1, 1]] }, 10);
  slots.clear();
  assert.equal(slots.used(), 0);
  slots.add({ from: unit(0, 0), to: unit(0, 50), colours: () => [[1, 1, 1]] }, 8);
  assert.equal(slots.used(), 1);
});
