import assert from "node:assert/strict";
import { test } from "node:test";
import { enlargementFor, frameArc, freeBox, midpointOf, sceneOfOne, viewpointOf } from "../../../assets/globe/framing.js";
import { arcPoint, dot, greatCircle, hidden, limbPoint, scale, unit } from "../../../assets/globe/geo.js";

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
  assert.ok(enlargementFor(0) < 3 && enlargementFor(Math.PI) > 0.8);
});

test("the scene stands still, begins at the arc's latitude, and is not changed itself", () => {
  const scene = {
    initialViewState: { longitude: 0, latitude: 20, zoom: 0 },
    camera: { turnDegPerS: 3, restS: 4, discOfHeight: 0.8, discOfWidth: 0.7 },
    layers: [{ id: "ocean" }, { id: "arcs", holdS: 4, fadeS: 1 }],
  };
  const before = structuredClone(scene);
  const mine = sceneOfOne(scene, { from: OSAKA, to: RECIFE });
  assert.deepEqual(scene, before);
  assert.equal(mine.camera.turnDegPerS, 0);
  assert.equal(mine.camera.restS, Infinity);
  assert.equal(mine.initialViewState.latitude, viewpointOf({ from: OSAKA, to: RECIFE }).lat);
});

const LAPTOP = { left: 0, top: 0, right: 1066, bottom: 900 };
const KYOTO = place(135.76, 35.02);
const AUCKLAND = place(174.76, -36.85);
const MALAGA = place(-4.42, 36.72);

/** @param {import("../../../assets/globe/labellayout.js").Box} stage */
const opticsOf = ({ right: width, bottom: height }) => ({ width, height, focal: 1.5 * height, usual: 3.8 });

/** Where a place is on the stage in a frame, in pixels, or at the rim if the globe hides it. */
/** @param {import("../../../assets/globe/framing.js").Frame} frame @param {any} stage @param {Vector} point */
function onStage({ lon, lat, distance, shift }, stage, point) {
  const eye = scale(unit(lon, lat), distance);
  const seen = hidden(point, eye) ? limbPoint(point, eye) : point;
  const enlarged = (1.5 * stage.bottom) / (distance - dot(seen, unit(lon, lat)));
  const [x, y] = [dot(seen, unit(lon + 90, 0)) * enlarged, -dot(seen, unit(lon, lat + 90)) * enlarged];
  return { x: stage.right / 2 + shift[0] + x, y: stage.bottom / 2 + shift[1] + y };
}

const points = (/** @type {any} */ frame, /** @type {any} */ stage, /** @type {Place[]} */ ...places) =>
  places.map(({ lon, lat }) => onStage(frame, stage, unit(lon, lat)));

const apart = (/** @type {{x: number, y: number}[]} */ [one, other]) => Math.hypot(one.x - other.x, one.y - other.y);

test("the free part of a stage is the largest one beside, above or below what covers it", () => {
  const stage = { left: 100, top: 50, right: 1100, bottom: 850 };
  assert.deepEqual(freeBox(stage, null), { left: 0, top: 0, right: 1000, bottom: 800 });
  const below = freeBox(stage, { left: 300, top: 600, right: 900, bottom: 800 });
  assert.deepEqual(below, { left: 0, top: 0, right: 1000, bottom: 550 });
  const aside = freeBox(stage, { left: 800, top: 0, right: 1200, bottom: 900 });
  assert.deepEqual(aside, { left: 0, top: 0, right: 700, bottom: 800 });
  assert.deepEqual(freeBox(stage, { left: 1100, top: 50, right: 1400, bottom: 850 }), freeBox(stage, null), "beside it");
  assert.deepEqual(freeBox(stage, { left: 0, top: 0, right: 2000, bottom: 2000 }), freeBox(stage, null), "all covered");
});

test("both ends of any arc are framed in the free part of any stage", () => {
  const phone = { left: 0, top: 0, right: 390, bottom: 370 };
  const frees = [LAPTOP, { ...LAPTOP, bottom: 560 }, { ...LAPTOP, right: 600 }];
  for (let i = 0; i < 300; i++) {
    const from = place(((i * 37.7) % 360) - 180, ((i * 53.3) % 150) - 70);
    const to = place(((i * 91.1) % 360) - 180, ((i * 17.9) % 150) - 70);
    for (const [stage, free] of [...frees.map((box) => [LAPTOP, box]), [phone, phone], [phone, { ...phone, top: 150 }]]) {
      const frame = frameArc({ from, to }, opticsOf(stage), free);
      assert.ok(Math.abs(frame.lat) <= 80);
      for (const { x, y } of points(frame, stage, from, to)) {
        assert.ok(x > free.left && x < free.right && y > free.top && y < free.bottom, `${i}: ${x} ${y}`);
      }
    }
  }
});

test("no end is framed below a smaller box over the stage, where a smaller globe helps", () => {
  const counters = { left: 700, top: 600, right: 1066, bottom: 900 };
  const covers = (/** @type {{x: number, y: number}} */ { x, y }) => x > counters.left && y > counters.top;
  let [before, after] = [0, 0];
  for (let i = 0; i < 300; i++) {
    const from = place(((i * 37.7) % 360) - 180, ((i * 53.3) % 150) - 70);
    const to = place(((i * 91.1) % 360) - 180, ((i * 17.9) % 150) - 70);
    const plain = frameArc({ from, to }, opticsOf(LAPTOP), LAPTOP);
    const clear = frameArc({ from, to }, opticsOf(LAPTOP), LAPTOP, [counters]);
    before += Number(points(plain, LAPTOP, from, to).some(covers));
    after += Number(points(clear, LAPTOP, from, to).some(covers));
    if (!points(plain, LAPTOP, from, to).some(covers)) assert.ok(clear.distance >= plain.distance);
  }
  assert.ok(before > 3, `${before}`);
  assert.equal(after, 0);
});

test("antipodes: the middle of the great circle is in the centre, and both ends are at the rim", () => {
  for (const free of [LAPTOP, { ...LAPTOP, bottom: 560 }]) {
    const frame = frameArc({ from: AUCKLAND, to: MALAGA }, opticsOf(LAPTOP), free);
    const top = arcPoint(unit(AUCKLAND.lon, AUCKLAND.lat), unit(MALAGA.lon, MALAGA.lat), 0.5);
    const middle = onStage(frame, LAPTOP, scale(top, 1 / Math.hypot(...top)));
    const radius = (1.5 * LAPTOP.bottom) / Math.sqrt(frame.distance ** 2 - 1);
    const centre = { x: (free.left + free.right) / 2, y: (free.top + free.bottom) / 2 };
    assert.ok(apart([middle, centre]) < 0.2 * radius, `${apart([middle, centre])}`);
    for (const end of points(frame, LAPTOP, AUCKLAND, MALAGA)) {
      assert.ok(Math.abs(apart([end, centre]) - radius) < 1, "at the rim");
    }
  }
});

test("neighbours are so near that both names have room, and others keep the look of a globe", () => {
  const near = frameArc({ from: OSAKA, to: KYOTO }, opticsOf(LAPTOP), LAPTOP);
  assert.ok(apart(points(near, LAPTOP, OSAKA, KYOTO)) > 45);
  const radius = (/** @type {number} */ distance) => 1350 / Math.sqrt(distance ** 2 - 1);
  const far = frameArc({ from: LIMA, to: RECIFE }, opticsOf(LAPTOP), LAPTOP);
  assert.ok(radius(far.distance) <= 1.41 * radius(3.8));
  const one = frameArc({ from: OSAKA, to: OSAKA }, opticsOf(LAPTOP), LAPTOP);
  assert.ok(one.distance >= 1.09 && Number.isFinite(one.lon));
});
