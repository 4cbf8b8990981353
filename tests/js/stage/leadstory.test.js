import assert from "node:assert/strict";
import { test } from "node:test";
import { isSlanted, shortened, storyParts } from "../../../assets/stage/leadstory.js";

const VALUES = { one: "Osaka", other: "Recife", title: "Slow Lighthouse" };

test("the sentence names both cities and the song", () => {
  const sentence = "Someone in Osaka and someone in Recife just pressed play on Slow Lighthouse";
  assert.equal(storyParts({ apart_ms: 40 }, VALUES).join(""), sentence);
});

test("only an exact pair of one millisecond is told as such", () => {
  const sentence = "Someone in Osaka and someone in Recife pressed play on Slow Lighthouse in the same millisecond";
  assert.equal(storyParts({ apart_ms: 0 }, VALUES).join(""), sentence);
  assert.ok(!storyParts({ apart_ms: null, within_s: 3 }, VALUES).join("").includes("millisecond"));
});

test("a long title is shortened between letters, not within one", () => {
  assert.equal(shortened("Copper Sky", 10), "Copper Sky");
  assert.equal(shortened("Copper Skies", 10), "Copper Sk…");
  assert.equal(shortened("Copper   Sky", 8), "Copper…");
  assert.equal(shortened("e\u0301e\u0301e\u0301", 3), "e\u0301e\u0301e\u0301");
});

test("titles in scripts without italics stand upright", () => {
  for (const title of ["Slow Lighthouse", "Þögn undir jökli", "Ίσως αύριο", "Снег & дождь 2"]) assert.ok(isSlanted(title));
  for (const title of ["おかえりコロッケ", "يا ليل لا تستعجل", "আবার দেখা হবে", "Love 愛"]) assert.ok(!isSlanted(title));
});
