import assert from "node:assert/strict";
import { test } from "node:test";
import { withLanguage } from "../../../assets/ui/languagemenu.js";
import { createWall } from "../../../assets/ui/wall.js";

function screen(refuse = false) {
  const locks = [];
  const request = async () => {
    if (refuse) throw new Error("low battery");
    locks.push({ released: false, async release() { this.released = true; } });
    return locks.at(-1);
  };
  return { locks, request };
}

const AT = Date.UTC(2026, 8, 21, 14, 13, 20);

/** A wall at a time, without a clock unless one is given. */
const wallOf = (page, wakeLock, clock = null) => createWall(page, { wakeLock, clock, nowMs: () => Date.now() });

test("a wall asks for a wake lock, and again only when it was let go: on coming into view, and each minute", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: AT });
  const [page, wake] = [new EventTarget(), screen()];
  const wall = wallOf(page, wake);
  await null;
  page.dispatchEvent(new Event("visibilitychange"));
  await null;
  assert.equal(wake.locks.length, 1);
  wake.locks[0].released = true;
  page.dispatchEvent(new Event("visibilitychange"));
  await null;
  assert.equal(wake.locks.length, 2);
  wake.locks[1].released = true;
  t.mock.timers.tick(60_000);
  await null;
  assert.equal(wake.locks.length, 3);
  wall.destroy();
  t.mock.timers.tick(600_000);
  page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual([wake.locks.length, wake.locks[2].released], [3, true]);
});

test("a wall that may not ask, or is refused, is a wall all the same", async () => {
  wallOf(new EventTarget(), undefined).destroy();
  const refused = wallOf(new EventTarget(), screen(true));
  await null;
  refused.destroy();
});

test("its clock turns with the minute", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: AT });
  const clock = {};
  const wall = wallOf(new EventTarget(), undefined, clock);
  const first = clock.textContent;
  assert.equal(clock.dateTime, "2026-09-21T14:13:20.000Z");
  assert.match(first, /:13/);
  t.mock.timers.tick(39_999);
  assert.equal(clock.textContent, first);
  t.mock.timers.tick(1);
  assert.match(clock.textContent, /:14/);
  wall.destroy();
  t.mock.timers.tick(600_000);
  assert.match(clock.textContent, /:14/);
});

test("another language keeps the rest of the address", () => {
  assert.equal(withLanguage("?artist=A%26B&lang=de", "ar"), "?artist=A%26B&lang=ar");
  assert.equal(withLanguage("", "ja"), "?lang=ja");
});
