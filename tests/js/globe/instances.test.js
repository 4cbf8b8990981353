import assert from "node:assert/strict";
import { test } from "node:test";
import { unit } from "../../../assets/globe/geo.js";
import { createInstances, flight, KIND, lifetime, ROW, STANDS_S } from "../../../assets/globe/instances.js";

const TIMELINE = { flightS: [1, 3], holdS: 2, fadeS: 1, pulseS: 3, sparkS: 5 };
const arc = { from: unit(0, 0), to: unit(90, 0), colours: () => [[1, 0, 0], [0, 0, 1]] };

test("an arc's row has its ends, its colours and its birth", () => {
  const slots = createInstances(4, TIMELINE);
  slots.add(arc, 12.5);
  const row = [...slots.rows.subarray(0, ROW)];
  assert.ok(Math.abs(row[3] - Math.PI / 2) < 1e-6);
  assert.deepEqual(row.slice(8), [1, 0, 0, 12.5, 0, 0, 1, KIND.arc]);
});

test("an arc of one's own city flies and lasts as any, and its row says whose it is", () => {
  const slots = createInstances(4, TIMELINE);
  const lives = [slots.add(arc, 0), slots.add({ ...arc, kind: KIND.own }, 0)];
  assert.equal(lives[0], lives[1]);
  const [other, own] = [slots.rows.slice(0, ROW), slots.rows.slice(ROW, 2 * ROW)];
  assert.deepEqual([...own.slice(0, 15)], [...other.slice(0, 15)]);
  assert.deepEqual([other[15], own[15]], [0, -1]);
});

test("a dashed arc flies as any, stays six times as long, and gives way to the next one", () => {
  const slots = createInstances(4, TIMELINE);
  slots.add(arc, 0);
  assert.equal(slots.add({ ...arc, kind: KIND.dashed }, 0), 2 + 6 * 2 + 1);
  slots.changed.clear();
  slots.drop(KIND.dashed);
  assert.deepEqual([...slots.changed], [1]);
  assert.ok(slots.rows[ROW + 11] < -1e8, "so long ago that nothing of it is drawn");
  slots.changed.clear();
  slots.drop(KIND.dashed);
  slots.add({ ...arc, kind: KIND.dashed }, 1);
  assert.deepEqual([...slots.changed], [1], "its row is free");
});

test("in another theme what is up has that theme's colours, and nothing else is sent again", () => {
  const slots = createInstances(8, TIMELINE);
  let theme = [[1, 0, 0], [0, 0, 1]];
  const colours = () => theme;
  slots.add({ ...arc, colours }, 0);
  slots.add({ from: unit(5, 5), colours, kind: KIND.pulse }, 0);
  slots.add({ ...arc, colours }, 2);
  const before = [...slots.rows];
  slots.changed.clear();
  theme = [[0, 1, 0], [0.5, 0.5, 0]];
  slots.recolour(3.5);
  assert.deepEqual([...slots.changed], [0, 2], "the pulse was over after 3 s");
  const after = [...slots.rows];
  const apart = after.flatMap((value, i) => (value === before[i] ? [] : [i]));
  assert.ok(apart.every((i) => [8, 9, 10, 12, 13, 14].includes(i % ROW)), `${apart}`);
  for (const slot of [0, 2]) {
    assert.deepEqual(after.slice(slot * ROW + 8, slot * ROW + 11), theme[0]);
    assert.deepEqual(after.slice(slot * ROW + 12, slot * ROW + 15), theme[1]);
  }
});

test("a flare lasts as long as a pulse, and its row has its strength", () => {
  const slots = createInstances(4, TIMELINE);
  assert.equal(slots.add({ from: unit(5, 5), colours: arc.colours, kind: KIND.flare, strength: 0.5 }, 0), TIMELINE.pulseS);
  slots.add({ from: unit(5, 5), colours: arc.colours, kind: KIND.pulse }, 0);
  const [flare, pulse] = [slots.rows.slice(0, ROW), slots.rows.slice(ROW, 2 * ROW)];
  assert.deepEqual([flare[7], flare[15]], [0.5, KIND.flare]);
  assert.equal(pulse[7], 0);
});

test("it takes longer to fly farther, and lives until it has faded", () => {
  assert.equal(flight(0, TIMELINE), 1);
  assert.equal(flight(Math.PI, TIMELINE), 3);
  assert.equal(lifetime(KIND.arc, Math.PI / 2, TIMELINE), 5);
  assert.equal(lifetime(KIND.pulse, 0, TIMELINE), 3);
});

test("a new one touches its own row only, and takes the place of one that is over", () => {
  const slots = createInstances(4, TIMELINE);
  slots.add(arc, 0);
  slots.add({ from: unit(5, 5), colours: () => [[1, 1, 1]], kind: KIND.pulse }, 0);
  slots.changed.clear();
  slots.add(arc, 3.5);
  assert.deepEqual([...slots.changed], [1], "the pulse was over after 3 s");
  assert.equal(slots.used(), 2);
});

test("when all are taken, the one that ends first gives way", () => {
  const slots = createInstances(2, TIMELINE);
  slots.add(arc, 0);
  slots.add(arc, 1);
  slots.changed.clear();
  slots.add(arc, 2);
  assert.deepEqual([...slots.changed], [0]);
});

test("a long evening leaves nothing behind", () => {
  const slots = createInstances(64, TIMELINE);
  let most = 0;
  let now = 0;
  for (; now < 4 * 3600; now += 0.25) {
    slots.expire(now);
    slots.add(arc, now);
    most = Math.max(most, slots.used());
    slots.changed.clear();
    assert.ok(slots.time(now) <= 3601, "times stay small enough for 32 bits");
  }
  assert.ok(most <= 21, `${most} rows for the 20 arcs alive at once`);
  slots.expire(now + 10);
  assert.equal(slots.used(), 0);
});

test("when the time begins anew, what is alive keeps its age", () => {
  const slots = createInstances(4, TIMELINE);
  slots.add(arc, 3599.5);
  slots.expire(3601);
  assert.ok(Math.abs(slots.time(3601) - slots.rows[11] - 1.5) < 1e-3);
  assert.deepEqual([...slots.changed], [0]);
});

test("the arc in the spotlight stays, whatever comes, and fades once it is let go", () => {
  const slots = createInstances(4, TIMELINE);
  slots.add({ ...arc, kind: KIND.spot }, 0);
  for (let now = 1; now < 4000; now += 0.5) {
    slots.expire(now);
    slots.add(arc, now);
  }
  assert.equal(slots.rows[15], KIND.spot);
  const landed = flight(Math.PI / 2, TIMELINE);
  slots.changed.clear();
  slots.unspot(4000);
  assert.deepEqual([...slots.changed], [0]);
  assert.equal(slots.rows[15], KIND.own);
  assert.ok(Math.abs(slots.time(4000) - slots.rows[11] - (landed + STANDS_S)) < 1e-3, "it goes on from where it stood");
  slots.expire(4000 + 3 - STANDS_S + 0.1);
  slots.add(arc, 4001.4);
  assert.equal(slots.rows[15], KIND.arc, "its row is free again");
});
