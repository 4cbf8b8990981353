import assert from "node:assert/strict";
import { test } from "node:test";
import { createStaging, IDLE_MS } from "../../../assets/stage/staging.js";

const LEAD = { id: "a" };
const NEXT = { id: "b" };

/** A page that is told its lead each ten seconds; `at` gives the id of what it stages. */
function staged(options) {
  const staging = createStaging(options);
  staging.setLead(LEAD, 0);
  return { ...staging, at: (nowMs, isBlocked = false) => staging.staged(nowMs, isBlocked)?.id ?? null };
}

test("a story is staged on arrival, and the next one follows it", () => {
  const page = staged();
  assert.equal(page.at(0), "a");
  page.setLead(NEXT, 10_000);
  assert.equal(page.at(10_000), "b");
});

test("no lead stages nothing", () => {
  const page = staged();
  page.setLead(null, 0);
  assert.equal(page.at(0), null);
});

test("input ends a story at once, and the next one begins after twenty seconds without input", () => {
  const page = staged();
  page.noteInput(3000);
  assert.equal(page.at(3000), null);
  page.setLead(NEXT, 20_000);
  assert.equal(page.at(3000 + IDLE_MS - 1), null);
  assert.equal(page.at(3000 + IDLE_MS), "b");
});

test("a lead that no other follows is no news after a while", () => {
  const page = staged();
  assert.equal(page.at(14_999), "a");
  assert.equal(page.at(15_000), null);
});

test("what blocks a story counts as input", () => {
  const page = staged();
  assert.equal(page.at(4000, true), null);
  page.setLead(NEXT, 20_000);
  assert.equal(page.at(4000 + IDLE_MS - 1), null);
  assert.equal(page.at(4000 + IDLE_MS), "b");
});

test("whoever switched stories off sees none until they switch them on", () => {
  const page = staged();
  page.setOn(false);
  assert.equal(page.at(0), null);
  page.setOn(true);
  assert.equal(page.at(1), "a");
});

test("the pointer of an arriving visitor may still move, and later its movement is input", () => {
  const page = staged();
  page.noteMove(10, 10, 0);
  page.noteMove(300, 10, 100);
  assert.equal(page.at(100), "a");
  page.noteMove(310, 10, 4900);
  assert.equal(page.at(4900), "a");
  page.noteMove(320, 10, 5200);
  assert.equal(page.at(5200), null);
});

test("a pointer that trembles is no input", () => {
  const page = staged();
  page.at(0);
  page.noteMove(10, 10, 6000);
  for (let i = 0; i < 20; i++) page.noteMove(10 + (i % 2) * 5, 10, 6000 + i);
  assert.equal(page.at(7000), "a");
  page.noteMove(20, 10, 7000);
  assert.equal(page.at(7000), null);
});

test("a second story does not have the patience of the first", () => {
  const page = staged();
  page.noteInput(0);
  page.setLead(NEXT, IDLE_MS);
  assert.equal(page.at(IDLE_MS), "b");
  page.noteMove(0, 0, IDLE_MS + 1);
  page.noteMove(50, 0, IDLE_MS + 2);
  assert.equal(page.at(IDLE_MS + 2), null);
});

test("a wall stages every lead, whatever the input and the setting, but not while it is paused", () => {
  const page = staged({ always: true });
  page.setOn(false);
  page.noteInput(1);
  assert.equal(page.at(2), "a");
  assert.equal(page.at(3, true), null);
  assert.equal(page.at(4), "a");
});
