import assert from "node:assert/strict";
import { test } from "node:test";
import { createFormat, withOurDigits } from "../../../assets/common/format.js";
import { createLocalTimes } from "../../../assets/common/localtimes.js";

const place = (city, tz) => ({ city, label: city, tz });
const [CHARLOTTE, NAGPUR] = [place("Charlotte", "America/New_York"), place("Nagpur", "Asia/Kolkata")];
const at = (iso) => Date.parse(iso) / 1000;
const british = createLocalTimes("en-GB");

/** Without the marks that isolate names. */
const plain = (text) => text.replace(/[\u2066-\u2069]/g, "").replace(/\s/g, " ");

/** @param {string} iso @param {object} [change] */
const told = (iso, change = {}, say = british) =>
  plain(say({ at: at(iso), apart_ms: 40, from: CHARLOTTE, to: NAGPUR, ...change }));

test("both cities have their time, in the form of the region, and the first is named", () => {
  assert.equal(told("2026-09-21T10:39:00Z"), "06:39 in Charlotte, 16:09 in Nagpur; Charlotte was first");
  const american = told("2026-09-21T10:39:00Z", {}, createLocalTimes("en-US"));
  assert.equal(american, "6:39 AM in Charlotte, 4:09 PM in Nagpur; Charlotte was first");
});

test("clocks that are set for summer are right", () => {
  const before = told("2026-03-08T06:59:00Z", { apart_ms: null });
  const after = told("2026-03-08T07:00:00Z", { apart_ms: null });
  assert.deepEqual([before, after], ["01:59 in Charlotte, 12:29 in Nagpur", "03:00 in Charlotte, 12:30 in Nagpur"]);
});

test("the day is said where it is another one", () => {
  assert.match(told("2026-09-21T21:39:00Z"), /^Mon,? 17:39 in Charlotte, Tue,? 03:09 in Nagpur; Charlotte was first$/);
});

test("one time in both is said once, and nobody was first at one instant or where times are not exact", () => {
  const ends = { from: place("London", "Europe/London"), to: place("Lisbon", "Europe/Lisbon") };
  assert.equal(told("2026-09-21T21:39:00Z", { ...ends, apart_ms: 0 }), "22:39 in London and Lisbon");
  assert.equal(told("2026-09-21T21:39:00Z", { ...ends, apart_ms: null }), "22:39 in London and Lisbon");
});

test("times of zones that are missing or that the browser does not know are left out", () => {
  for (const tz of ["Atlantic/Atlantis", undefined, ""]) {
    assert.equal(told("2026-09-21T21:39:00Z", { from: place("Atlantis", tz) }), "");
  }
});

test("a long label gives way to the city's name", () => {
  const to = { ...NAGPUR, label: "Nagpur, A Region With A Very Long Name" };
  assert.match(told("2026-09-21T10:39:00Z", { to }), /in Nagpur;/);
});

test("digits are of one kind in every language: those of the server's texts", () => {
  const arabic = createFormat(withOurDigits("ar-EG"));
  for (const text of [arabic.count(152000), arabic.distance(16897), arabic.time(1790000000), arabic.ago(70)]) {
    assert.doesNotMatch(text, /[\u0660-\u0669]/, text);
  }
  assert.equal(createFormat(withOurDigits("de-AT")).distance(16897), createFormat("de-AT").distance(16897));
  assert.equal(withOurDigits("not a locale"), "not a locale");
});
