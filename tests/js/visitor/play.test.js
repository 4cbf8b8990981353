import assert from "node:assert/strict";
import { test } from "node:test";

import { endOf } from "../../../assets/visitor/play.js";

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
