import assert from "node:assert/strict";
import { test } from "node:test";

import { startTimeOf, createReplay, RefusedError, withoutStartTime } from "../../../assets/stream/replay.js";

/** A server that kept a frame each second from 1000 to 2000, and a clock that is moved by hand. */
function world(t, { oldest = 1000, now = 2000 } = {}) {
  let ms = 0;
  const seen = [];
  const asked = [];
  const world = {
    seen,
    asked,
    ends: 0,
    ahead: null,
    fails: 0,
    options: {
      load: async (fromS, seconds) => {
        asked.push([fromS, seconds]);
        if (world.fails-- > 0) throw new Error("away");
        const frames = [];
        for (let at = Math.max(oldest, Math.floor(fromS) + 1); at <= fromS + seconds && at <= now; at++) {
          frames.push({ now: at });
        }
        return { now: now + ms / 1000, oldest, frames };
      },
      onFrame: ({ now }) => seen.push(now),
      onTime: () => {},
      onEnd(ahead) {
        world.ends++;
        world.ahead = ahead;
      },
      nowMs: () => ms,
    },
    /** Let time pass, in steps as long as the player's. */
    async pass(seconds) {
      for (let i = 0; i < seconds * 10; i++) {
        ms += 100;
        t.mock.timers.tick(100);
        await new Promise(setImmediate);
      }
    },
  };
  return world;
}

test("frames come at the speed that they came, once each", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  const past = createReplay({ ...there.options, fromS: 1500, speed: 1 });
  await there.pass(50);
  assert.ok(past.atS() > 1549 && past.atS() <= 1550);
  assert.deepEqual(there.seen, Array.from({ length: there.seen.length }, (_, i) => 1501 + i));
  assert.ok(there.seen.length >= 48 && there.seen.length <= 50);
  past.destroy();
  await there.pass(5);
  assert.ok(there.seen.length <= 50);
});

test("a faster speed shows as many frames in less time, and can be changed on the way", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  const past = createReplay({ ...there.options, fromS: 1100, speed: 4 });
  await there.pass(10);
  assert.ok(Math.abs(past.atS() - 1140) < 1);
  past.setSpeed(1);
  assert.ok(Math.abs(past.atS() - 1140) < 1);
  await there.pass(10);
  assert.ok(Math.abs(past.atS() - 1150) < 1);
  assert.ok(there.asked.every(([, seconds]) => seconds <= 60));
  past.destroy();
});

test("a speed that is changed while frames are under way leaves none out", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  const past = createReplay({ ...there.options, fromS: 1500, speed: 1 });
  past.setSpeed(16);
  await there.pass(10);
  assert.deepEqual(there.seen, Array.from({ length: there.seen.length }, (_, i) => 1501 + i));
  assert.ok(there.seen.length > 100);
  past.destroy();
});

test("what the server refuses is not asked for again", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  t.mock.method(console, "warn", () => {});
  const there = world(t);
  const load = t.mock.fn(() => Promise.reject(new RefusedError("from='-1'")));
  createReplay({ ...there.options, load, fromS: 1500, speed: 1 });
  await there.pass(10);
  assert.deepEqual([load.mock.callCount(), there.ends], [1, 1]);
});

test("what was refused once it was left changes nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  const load = () => Promise.reject(new RefusedError("from='-1'"));
  createReplay({ ...there.options, load, fromS: 1500, speed: 1 }).destroy();
  await there.pass(1);
  assert.equal(there.ends, 0);
});

test("what comes to now says so, once", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  createReplay({ ...there.options, fromS: 1990, speed: 4 });
  await there.pass(15);
  assert.equal(there.ends, 1);
  assert.deepEqual(there.seen, [1991, 1992, 1993, 1994, 1995, 1996]);
});

test("a time that is yet to come is now, and is told from one that has come to it", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  for (const [fromS, ahead] of [[1998, false], [2600, true], [1e10, true]]) {
    const there = world(t);
    createReplay({ ...there.options, fromS, speed: 1 });
    await there.pass(1);
    assert.deepEqual([there.ends, there.ahead, there.seen], [1, ahead, []]);
  }
});

test("a time before all that was kept begins with the oldest", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  /** @type {boolean[]} */
  const told = [];
  const past = createReplay({ ...there.options, onTime: (_, oldest) => told.push(oldest), fromS: 10, speed: 1 });
  await there.pass(3);
  assert.deepEqual(there.seen.slice(0, 2), [1000, 1001]);
  assert.equal(told.at(-1), true, "that nothing older is kept");
  await there.pass(30);
  assert.equal(told.at(-1), false);
  past.destroy();
});

test("while the server is away time waits, and nothing is left out", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const there = world(t);
  there.fails = 3;
  const warn = t.mock.method(console, "warn", () => {});
  const past = createReplay({ ...there.options, fromS: 1500, speed: 1 });
  await there.pass(5);
  assert.deepEqual(there.seen, []);
  assert.equal(warn.mock.callCount(), 3);
  await there.pass(10);
  assert.deepEqual(there.seen.slice(0, 3), [1501, 1502, 1503]);
  past.destroy();
});

test("an address may ask for a time", (t) => {
  assert.equal(startTimeOf("?at=1790000000.5"), 1790000000.5);
  assert.equal(startTimeOf("?at=2026-09-21T14:13:20Z"), 1790000000);
  assert.equal(startTimeOf(""), null);
  const info = t.mock.method(console, "info", () => {});
  assert.equal(startTimeOf("?at=yesterday"), null);
  assert.match(String(info.mock.calls[0].arguments[0]), /at=yesterday/);
  assert.equal(startTimeOf("?at=1960-01-01"), null);
});

test("an address is left without its time", () => {
  assert.equal(withoutStartTime("https://a.test/?at=1&city=2#x"), "https://a.test/?city=2#x");
  assert.equal(withoutStartTime("https://a.test/?artist=a%20b"), "https://a.test/?artist=a%20b");
});
