import assert from "node:assert/strict";
import { test } from "node:test";

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
const press = { track: "apg06aese3g8gv62", city: OSAKA, atMs: 1790000000083 };

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

const part = () => ({ addEventListener() {}, removeEventListener() {}, focus() {} });

const NOBODY = { met: null, near: null, ask_after_s: null, alone: true };

/**
 * A list's play of a visitor in Recife, at a time in seconds, to which the server gives these outcomes one after the other.
 * Returns what the visitor saw and read.
 */
async function played(t, track, at, ...outcomes) {
  const answers = [
    { token: "a", now: 1790000000 },
    { press: "1", pressed_at: at, late: false, place: { city: "Recife", country: "Brazil" }, ask_after_s: 0 },
    ...outcomes,
  ];
  t.mock.method(globalThis, "fetch", async () => ({ ok: true, json: async () => answers.shift() }));
  t.mock.method(globalThis, "setTimeout", queueMicrotask);
  globalThis.document = { activeElement: null };
  t.after(() => delete globalThis.document);
  const element = { ...part(), dataset: {}, classList: { remove() {} }, contains: () => false, scrollIntoView() {} };
  const [together, read] = [[], []];
  const words = { ...part(), set textContent(text) { read.push(text); } };
  const querySelector = (selector) => (selector === "[data-play=words]" ? words : part());
  const play = createPlay(Object.assign(element, { querySelector }), {
    home: () => ({ id: RECIFE }),
    onNoCity() {},
    onBegin() {},
    onPress() {},
    onTogether: ({ id }) => together.push(id),
    onShare() {},
  });
  t.after(play.destroy);
  await play.press(track);
  const { met } = outcomes.at(-1);
  return { together, read: read.slice(1), state: element.dataset.state, end: met && play.yours(met) };
}

const ENDS = { from: { geoname_id: RECIFE, city: "Recife" }, to: { geoname_id: OSAKA, city: "Osaka", country: "Japan" } };
const SONG = { id: connection.track.id, title: "Tide" };

test("a match of two spellings that one recording joins is shown to the later of the two", async (t) => {
  const met = { ...connection, id: "c1", from: { geoname_id: OSAKA, city: "Osaka" }, to: { geoname_id: RECIFE, city: "Recife" } };
  const { read, ...seen } = await played(t, { id: "the other spelling", title: "Tide" }, met.at, { ...NOBODY, met });
  assert.deepEqual(seen, { together: ["c1"], state: "together", end: "to" });
  assert.deepEqual(read, ["You and someone in Osaka pressed play together, 40 ms apart."]);
});

test("who is alone is told so once, and of someone who comes later without an exact time", async (t) => {
  const met = { ...connection, ...ENDS, id: "c1", apart_ms: null, within_s: 3 };
  const waiting = { ...NOBODY, ask_after_s: 1 };
  const { read, ...seen } = await played(t, SONG, 1790000000, waiting, waiting, { ...NOBODY, met, alone: false });
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
    const near = { ...apart, place: { city: "Recife", country: "Brazil" } };
    const { read } = await played(t, SONG, 1790000000, { ...NOBODY, near, alone: false });
    assert.deepEqual(read, [`Someone else in Recife pressed play with you, ${said}.`]);
  });
}
