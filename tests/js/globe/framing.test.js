import assert from "node:assert/strict";
import { test } from "node:test";
import { frameConnection, viewpointOf, enlargementFor, isNear, midpointOf } from "../../../assets/globe/framing.js";
import { arcPoint, dot, greatCircle, scale, unit } from "../../../assets/globe/geo.js";

const place = (/** @type {number} */ lon, /** @type {number} */ lat) => /** @type {Place} */ ({ lon, lat });
const LOS_ANGELES = place(-118.2, 34.1);
const GUANGYUAN = place(105.8, 32.4);
const OSAKA = place(135.5, 34.7);
const RECIFE = place(-34.9, -8.1);
const LIMA = place(-77, -12);

/** How far the aim is from the middle of the arc, in degrees. @param {Place} from @param {Place} to */
function aside(from, to) {
  const aim = viewpointOf({ from, to });
  const top = arcPoint(unit(from.lon, from.lat), unit(to.lon, to.lat), 0.5);
  return (Math.acos(dot(unit(aim.lon, aim.lat), scale(top, 1 / Math.hypot(...top)))) * 180) / Math.PI;
}

test("an arc is seen from beside its middle, from the equator's side, less so the shorter it is", () => {
  const aim = viewpointOf({ from: LOS_ANGELES, to: GUANGYUAN });
  const top = arcPoint(unit(-118.2, 34.1), unit(105.8, 32.4), 0.5);
  assert.ok(aim.lat < (Math.asin(top[2] / Math.hypot(...top)) * 180) / Math.PI - 10);
  assert.ok(aside(LOS_ANGELES, GUANGYUAN) > 15 && aside(LOS_ANGELES, GUANGYUAN) < 21);
  assert.ok(aside(OSAKA, place(139.7, 35.7)) < 2);
  assert.ok(viewpointOf({ from: LIMA, to: place(-46.6, -23.5) }).lat > -19);
});

test("every aim is a place from which both ends of an arc that is not too long are in view", () => {
  for (let i = 0; i < 400; i++) {
    const [from, to] = [place(i * 37.7 % 360 - 180, (i * 53.3) % 130 - 60), place(i * 91.1 % 360 - 180, (i * 17.9) % 130 - 60)];
    const aim = viewpointOf({ from, to });
    assert.ok(Number.isFinite(aim.lon) && Math.abs(aim.lat) <= 90);
    const { angle } = greatCircle(unit(from.lon, from.lat), unit(to.lon, to.lat));
    if (angle > 2) continue;
    for (const end of [from, to]) assert.ok(dot(unit(aim.lon, aim.lat), unit(end.lon, end.lat)) > Math.cos(1.1), `${i}`);
  }
});

test("the visitor's end of an arc is in view, however long the arc is", () => {
  const far = { from: OSAKA, to: RECIFE };
  const away = (/** @type {Place} */ end, /** @type {"from" | "to" | null} */ yours) => {
    const { lon, lat } = midpointOf(far, yours);
    return Math.round((Math.acos(dot(unit(lon, lat), unit(end.lon, end.lat))) * 180) / Math.PI);
  };
  assert.deepEqual([away(OSAKA, null), away(RECIFE, null)], [76, 76]);
  assert.deepEqual([away(OSAKA, "from"), away(RECIFE, "to")], [60, 60]);
  const near = { from: RECIFE, to: LIMA };
  assert.deepEqual(midpointOf(near, "to"), midpointOf(near));
});

test("near ends are shown larger and far ones smaller, within bounds", () => {
  assert.equal(enlargementFor(0.001), enlargementFor(0.01));
  assert.ok(enlargementFor(0.3) > enlargementFor(1) && enlargementFor(1) > enlargementFor(3));
  assert.deepEqual([place(139.7, 35.7), RECIFE].map((to) => isNear({ from: OSAKA, to })), [true, false]);
  assert.ok(enlargementFor(0) < 3 && enlargementFor(Math.PI) > 0.8);
});

test("the scene stands still and holds the arc, and is not changed itself", () => {
  const scene = {
    initialViewState: { longitude: 0, latitude: 20, zoom: 0 },
    camera: { turnDegPerS: 3, restS: 4, discOfHeight: 0.8, discOfWidth: 0.7 },
    layers: [{ id: "ocean" }, { id: "arcs", holdS: 4, fadeS: 1 }],
  };
  const before = structuredClone(scene);
  const mine = frameConnection(scene, { from: OSAKA, to: RECIFE });
  assert.deepEqual(scene, before);
  assert.equal(mine.camera.turnDegPerS, 0);
  assert.ok(Number(mine.layers[1].holdS) > 3600);
  assert.equal(mine.layers[1].fadeS, 1);
  assert.ok(mine.camera.discOfHeight < scene.camera.discOfHeight);
});
