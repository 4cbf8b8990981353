import assert from "node:assert/strict";
import { test } from "node:test";
import { createTranslations, language, say } from "../../../assets/common/i18n.js";

const arabic = { zero: "لا أغنية", one: "أغنية", two: "أغنيتان", few: "{n} أغانٍ", many: "{n} أغنية", other: "{n} أغنية" };
const words = createTranslations({ "{a} and {b}": "{b} و{a}", "{n} song": arabic, Pause: "إيقاف" }, "ar");

test("a sentence is said in the page's language, its values where the translation has them", () => {
  assert.equal(words.say("{a} and {b}", { a: "1", b: "2" }), "2 و1");
  assert.equal(words.say("Pause"), "إيقاف");
});

test("what nobody translated, and a value nobody gave, is said as it is written", () => {
  assert.equal(words.say("Play {what}"), "Play {what}");
  assert.equal(words.say("constructor"), "constructor");
  assert.equal(language, "en");
  assert.equal(say("{n} ms apart", { n: 0 }), "0 ms apart");
});

test("counted sentences follow the language's own plural", () => {
  const said = [0, 1, 2, 3, 11, 100].map((n) => words.sayCount("{n} song", "{n} songs", n));
  assert.deepEqual(said, ["لا أغنية", "أغنية", "أغنيتان", "3 أغانٍ", "11 أغنية", "100 أغنية"]);
  assert.deepEqual([1, 2].map((n) => createTranslations({}, "en").sayCount("{n} song", "{n} songs", n)), ["1 song", "2 songs"]);
});

test("elements take the place of values, in the order of the translation", () => {
  const [a, b] = [{ a: 1 }, { b: 2 }];
  assert.deepEqual(words.sayParts("{a} and {b}", { a, b }), [b, " و", a]);
});
