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

test("a wall asks for a wake lock, and again only when it was let go", async () => {
  const [page, wake] = [new EventTarget(), screen()];
  const wall = createWall(page, wake);
  await null;
  page.dispatchEvent(new Event("visibilitychange"));
  await null;
  assert.equal(wake.locks.length, 1);
  wake.locks[0].released = true;
  page.dispatchEvent(new Event("visibilitychange"));
  await null;
  assert.equal(wake.locks.length, 2);
  wall.destroy();
  page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual([wake.locks.length, wake.locks[1].released], [2, true]);
});

test("a wall that may not ask, or is refused, is a wall all the same", async () => {
  createWall(new EventTarget(), undefined).destroy();
  const refused = createWall(new EventTarget(), screen(true));
  await null;
  refused.destroy();
});

test("another language keeps the rest of the address", () => {
  assert.equal(withLanguage("?artist=A%26B&lang=de", "ar"), "?artist=A%26B&lang=ar");
  assert.equal(withLanguage("", "ja"), "?lang=ja");
});
