import assert from "node:assert/strict";
import { test } from "node:test";

import { nearText } from "../../../assets/visitor/nearmiss.js";
import { createPlay, endOf } from "../../../assets/visitor/play.js";

const [OSAKA, RECIFE] = [1853909, 3390760];
const connection = {
  source: "live",
  at: 1790000000.123,
  apart_ms: 40,
  track: { id: "apg06aese3g8gv62" },
  from: { geoname_id: OSAKA },
  to: { geoname_id: RECIFE },
};
const press = { track: "apg06aese3g8gv62", city: OSAKA, atMs: 1790000000083, source: "live" };

test("the earlier press is the end where an arc begins, the later one where it lands", () => {
  assert.equal(endOf(press, connection), "from");
  assert.equal(endOf({ ...press, city: RECIFE, atMs: 1790000000123 }, connection), "to");
});

test("another's press of that song, city or second is not the visitor's", () => {
  assert.equal(endOf({ ...press, track: "another" }, connection), null);
  assert.equal(endOf({ ...press, city: RECIFE }, connection), null);
  assert.equal(endOf({ ...press, atMs: press.atMs + 1 }, connection), null);
  assert.equal(endOf({ ...press, atMs: 1790000000123 }, connection), null);
  assert.equal(endOf(press, { ...connection, source: "synthetic" }), null);
  assert.equal(endOf({ ...press, source: "synthetic" }, connection), null);
  assert.equal(endOf({ ...press, source: "synthetic" }, { ...connection, source: "synthetic" }), "from", "in a demo");
});

test("where not both times are exact, only the server knows the visitor's earlier press", () => {
  const inexact = { ...connection, id: "c1", apart_ms: null, within_s: 3 };
  assert.equal(endOf(press, inexact), null);
  assert.equal(endOf({ ...press, met: "c0" }, inexact), null);
  assert.equal(endOf({ ...press, met: "c1" }, inexact), "from");
  assert.equal(endOf({ ...press, city: RECIFE, atMs: 1790000000123 }, inexact), "to");
});

test("where another place stands for the visitor's city, the server tells that the press is theirs", () => {
  const elsewhere = { ...connection, id: "c1", from: { geoname_id: 1850147 }, to: { geoname_id: 3448439 } };
  assert.equal(endOf(press, elsewhere), null);
  assert.equal(endOf({ ...press, met: "c1" }, elsewhere), "from");
  assert.equal(endOf({ ...press, city: RECIFE, atMs: 1790000000123, met: "c1" }, elsewhere), "to");
});

const part = () => ({ addEventListener() {}, removeEventListener() {}, focus() {}, replaceChildren() {}, dataset: {} });

const NOBODY = { met: null, pulse: null, near: null, ask_after_s: null, alone: true };
const PLACE = { geoname_id: RECIFE, city: "Recife", country: "Brazil" };

/**
 * A list's play of a visitor in Recife, at a time in seconds, to which the server gives these outcomes one after the other.
 * Returns what the visitor saw and read.
 */
async function played(t, track, at, ...outcomes) {
  const answers = [
    { token: "a", now: 1790000000 },
    { press: "1", pressed_at: at, late: false, source: "live", place: PLACE, ask_after_s: 0 },
    ...outcomes,
  ];
  t.mock.method(globalThis, "fetch", async () => ({ ok: true, json: async () => answers.shift() }));
  t.mock.method(globalThis, "setTimeout", queueMicrotask);
  globalThis.document = { activeElement: null, getElementById: () => null };
  t.after(() => delete globalThis.document);
  const element = { ...part(), dataset: {}, classList: { remove() {} }, contains: () => false, scrollIntoView() {} };
  const [together, read, near] = [[], [], []];
  const parts = { near: { set textContent(text) { near.push(text); } } };
  parts.words = { ...part(), set textContent(text) { read.push(text); } };
  const querySelector = (selector) => (parts[/=([\w-]+)/.exec(selector)[1]] ??= part());
  const play = createPlay(Object.assign(element, { querySelector }), {
    home: () => ({ id: RECIFE }),
    onNoCity() {},
    onBegin() {},
    onPress() {},
    onTogether: ({ id }) => together.push(id),
    onNear: (ends) => near.push(ends && [ends.from.city, ends.to.city]),
    onShare() {},
  });
  t.after(play.destroy);
  await play.press(track);
  const { met } = outcomes.at(-1);
  while (answers.length) await new Promise(setImmediate); // it asks again by itself
  const badge = parts["near-source"]?.textContent;
  return { together, read: read.slice(1), near, badge, state: element.dataset.state, end: met && play.yours(met) };
}

const ENDS = { from: { geoname_id: RECIFE, city: "Recife" }, to: { geoname_id: OSAKA, city: "Osaka", country: "Japan" } };
const SONG = { id: connection.track.id, title: "Tide" };

test("a match of two spellings that one recording joins is shown to the later of the two", async (t) => {
  const met = { ...connection, id: "c1", from: { geoname_id: OSAKA, city: "Osaka" }, to: { geoname_id: RECIFE, city: "Recife" } };
  const { read, near, badge, ...seen } = await played(t, { id: "the other spelling", title: "Tide" }, met.at, { ...NOBODY, met });
  assert.deepEqual(seen, { together: ["c1"], state: "together", end: "to" });
  assert.deepEqual(read, ["You and someone in Osaka pressed play together, 40 ms apart."]);
});

test("who is alone is told so once, and of someone who comes later without an exact time", async (t) => {
  const met = { ...connection, ...ENDS, id: "c1", apart_ms: null, within_s: 3 };
  const waiting = { ...NOBODY, ask_after_s: 1 };
  const { read, near, badge, ...seen } = await played(t, SONG, 1790000000, waiting, waiting, { ...NOBODY, met, alone: false });
  assert.deepEqual(seen, { together: ["c1"], state: "together", end: "from" });
  assert.deepEqual(read, [
    "Nobody else pressed play on Tide in that second.",
    "You and someone in Osaka, Japan pressed play together, within about 3 s.",
  ]);
});

test("who stays alone is told so once", async (t) => {
  const { read, state } = await played(t, SONG, 1790000000, { ...NOBODY, ask_after_s: 1 }, NOBODY);
  assert.deepEqual([read, state], [["Nobody else pressed play on Tide in that second."], "alone"]);
});

for (const [apart, said] of [[{ apart_ms: 40 }, "40 ms apart"], [{ apart_ms: null, within_s: 2 }, "within about 2 s"]]) {
  test(`someone in the visitor's own city is told of as ${said}`, async (t) => {
    const pulse = { ...apart, place: PLACE };
    const { read } = await played(t, SONG, 1790000000, { ...NOBODY, pulse, alone: false });
    assert.deepEqual(read, [`Someone else in Recife pressed play with you, ${said}.`]);
  });
}

const miss = (city, geoname_id, seconds, more = {}) => ({
  ...NOBODY,
  near: { city: { city, geoname_id, country: "Somewhere" }, seconds, source: "synthetic", ...more },
});

test("who met nobody is told who came closest, and of someone closer later, each once", async (t) => {
  const [before, after] = [miss("Osaka", OSAKA, -3), miss("Lagos", 2332459, 2, { source: "live" })];
  const { read, near, badge } = await played(t, SONG, 1790000000, before, before, after);
  assert.deepEqual(read, ["Nobody else pressed play on Tide in that second."]);
  assert.deepEqual(near, [
    "Closest: Osaka, 3 s before you",
    ["Recife", "Osaka"],
    "Closest: Lagos, 2 s after you",
    ["Recife", "Lagos"],
  ]);
  assert.equal(badge, "live");
});

test("nobody is said to have been alone in a second in which somebody else pressed play", async (t) => {
  const { read, badge } = await played(t, SONG, 1790000000, miss("Osaka", OSAKA, 0));
  assert.deepEqual([read, badge], [["No match for Tide this time."], "simulated"]);
});

test("a near miss is put into words by who came first, and by how well its time is known", () => {
  const { near } = miss("Osaka", OSAKA, 0);
  const said = [-3, 0, 3].flatMap((seconds) => [nearText({ ...near, seconds }), nearText({ ...near, seconds, within_s: 4 })]);
  assert.deepEqual(said, [
    "Closest: Osaka, 3 s before you",
    "Closest: Osaka, about 3 s before you",
    "Closest: Osaka, in the same second as you",
    "Closest: Osaka, at about the same time as you",
    "Closest: Osaka, 3 s after you",
    "Closest: Osaka, about 3 s after you",
  ]);
});
