import assert from "node:assert/strict";
import { test } from "node:test";
import { awaySince, readVisit, saveVisit } from "../../../assets/visitor/homeday.js";
import { createStore } from "./store.js";

const NOW = 1_790_000_100; // a quarter hour

test("who was away is told from the next quarter hour on, and who was not, nothing", () => {
  assert.equal(awaySince(null, NOW), null);
  assert.equal(awaySince(NOW - 1799, NOW), null);
  assert.equal(awaySince(NOW + 3600, NOW), null, "the clock was set back");
  assert.deepEqual(awaySince(NOW - 7200, NOW), { since: NOW - 7200, more: false });
  assert.deepEqual(awaySince(NOW - 7201, NOW), { since: NOW - 7200, more: false });
  assert.deepEqual(awaySince(NOW - 7199, NOW), { since: NOW - 6300, more: false });
});

test("who was away for longer than the server counts hears of its whole time", () => {
  assert.deepEqual(awaySince(NOW - 25 * 3600, NOW), { since: NOW - 25 * 3600, more: false });
  assert.deepEqual(awaySince(NOW - 25 * 3600 - 901, NOW), { since: NOW - 25 * 3600, more: true });
  assert.deepEqual(awaySince(1, NOW), { since: NOW - 25 * 3600, more: true });
});

test("the last visit is kept and forgotten, and what is none is none", () => {
  const store = createStore();
  saveVisit(store, NOW + 0.4);
  assert.equal(readVisit(store), NOW);
  saveVisit(store, null);
  assert.deepEqual(store.content, {});
  for (const junk of ["{", '"x"', "[]", "null", "true"]) assert.equal(readVisit(createStore({ "unison.visit": junk })), null);
  assert.equal(readVisit(null), null);
});
