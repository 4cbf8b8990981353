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

const part = () => ({ addEventListener() {}, removeEventListener() {}, focus() {} });

/** A list's play of a visitor in Recife, whose press the server answers with `met`. Returns what the visitor saw. */
async function played(t, track, met) {
  const answers = [
    { token: "a", now: 1790000000 },
    { press: "1", pressed_at: met.at, late: false, place: {}, ask_after_s: 0 },
    { met, near_ms: null, ask_after_s: null },
  ];
  t.mock.method(globalThis, "fetch", async () => ({ ok: true, json: async () => answers.shift() }));
  t.mock.method(globalThis, "setTimeout", queueMicrotask);
  globalThis.document = { activeElement: null };
  t.after(() => delete globalThis.document);
  const element = { ...part(), dataset: {}, classList: { remove() {} }, contains: () => false, scrollIntoView() {} };
  const together = [];
  const play = createPlay(Object.assign(element, { querySelector: part }), {
    home: () => ({ id: RECIFE }),
    onNoCity() {},
    onBegin() {},
    onPress() {},
    onTogether: ({ id }) => together.push(id),
    onShare() {},
  });
  t.after(play.destroy);
  await play.press(track);
  return { together, state: element.dataset.state, end: play.yours(met) };
}

test("a match of two spellings that one recording joins is shown to the later of the two", async (t) => {
  const met = { ...connection, id: "c1", from: { geoname_id: OSAKA, city: "Osaka" }, to: { geoname_id: RECIFE, city: "Recife" } };
  const seen = await played(t, { id: "the other spelling", title: "Tide" }, met);
  assert.deepEqual(seen, { together: ["c1"], state: "together", end: "to" });
});
