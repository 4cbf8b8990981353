import assert from "node:assert/strict";
import { test } from "node:test";
import { createBackoff } from "../../../assets/stream/backoff.js";
import {
  apart,
  count,
  createCountryName,
  createFormat,
  distance,
  duration,
  inMiles,
  listed,
  localeFor,
  placeName,
  placeNames,
  welcomeBack,
} from "../../../assets/common/format.js";
import { createRollingSums } from "../../../assets/common/rollingsums.js";
import { songColours, songProperties } from "../../../assets/globe/palette.js";
import { createQuality } from "../../../assets/globe/quality.js";
import { createRecentIds } from "../../../assets/stream/recentids.js";

test("facts are said as people say them", () => {
  assert.equal(placeName({ city: "Osaka", country: "Japan" }), "Osaka, Japan");
  assert.equal(placeName({ city: "Singapore", country: "Singapore" }), "Singapore");
  assert.equal(placeName({ city: "Portland", label: "Portland, Maine", country: "United States" }), "Portland, Maine, United States");
  assert.deepEqual([40, 0].map((apart_ms) => apart({ apart_ms })), ["40 ms apart", "at the same instant"]);
  assert.equal(apart({ apart_ms: null, within_s: 3 }), "within about 3 s");
  assert.equal(distance(16897), "16,897 km");
  assert.deepEqual([count(0), count(2.44), count(2), count(53.2), count(152000)], ["0", "2.4", "2", "53", "152,000"]);
  assert.deepEqual([duration(12.2), duration(75), duration(3720)], ["12 s", "1 min 15 s", "1 h 2 min"]);
  assert.deepEqual([listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])], ["a", "a and b", "a, b, and c"]);
});

test("a country is named in the page's language, and in English where the browser knows no other name", () => {
  const [german, arabic, japanese] = ["de", "ar", "ja"].map(createCountryName);
  assert.deepEqual([german, arabic, japanese].map((name) => name("BR", "Brazil")), ["Brasilien", "البرازيل", "ブラジル"]);
  for (const code of ["QQ", "", "X", undefined]) assert.equal(german(code, "Somewhere"), "Somewhere", code);
});

test("a browser that names no countries, or not in the page's language, names them in English", (t) => {
  assert.equal(createCountryName("tlh")("BR", "Brazil"), "Brazil");
  t.mock.property(Intl, "DisplayNames", undefined);
  assert.equal(createCountryName("de")("BR", "Brazil"), "Brazil");
});

test("a city whose country has its name is named once, in whichever language that is", () => {
  assert.deepEqual(placeNames({ city: "Vatican City", country: "Vatican", country_code: "VA" }), ["Vatican City"]);
  assert.deepEqual(placeNames({ city: "Hong Kong", country: "Hong Kong", country_code: "HK" }), ["Hong Kong"]);
});

test("numbers, ways and times follow the language and the region", () => {
  const [german, american] = [createFormat("de"), createFormat("en-US", { miles: true })];
  assert.deepEqual([german.count(152000), german.count(2.44), german.distance(16897)], ["152.000", "2,4", "16.897 km"]);
  assert.deepEqual([american.distance(16897), american.distance(1)], ["10,499 mi", "1 mi"]);
  assert.match(american.time(1790000000), /^\d+:\d\d:\d\d\s[AP]M$/u);
  assert.match(german.time(1790000000), /^\d\d:\d\d:\d\d$/);
});

test("miles are for those who use them, and a region is only borrowed from the same language", () => {
  const said = [["en-US"], ["en", "en-GB"], ["my-Mymr-MM"], ["en-IE", "en-US"], ["en"], []].map(inMiles);
  assert.deepEqual(said, [true, true, true, false, false, false]);
  assert.equal(localeFor("pt-BR", ["en-US", "pt-PT"]), "pt-PT");
  assert.equal(localeFor("de", ["en-US", "de", "de-AT"]), "de-AT");
  assert.equal(localeFor("ja", ["en-US"]), "ja");
});

test("who comes back is told what was missed, where that is known", () => {
  assert.equal(welcomeBack({ awayS: 12, missed: 31 }), "Reconnected after 12 s. Missed 31 updates.");
  assert.equal(welcomeBack({ awayS: 3, missed: 1 }), "Reconnected after 3 s. Missed 1 update.");
  assert.equal(welcomeBack({ awayS: 3, missed: 0 }), "Reconnected after 3 s. Nothing missed.");
  assert.equal(welcomeBack({ awayS: 3, missed: -1 }), "Reconnected after 3 s. The stream restarted.");
});

test("waits double up to a limit, each drawn from its upper half, and begin anew after success", () => {
  const [least, most] = [0, 1].map((r) => createBackoff({ firstMs: 100, maxMs: 1000, random: () => r }));
  const take = (backoff) => Array.from({ length: 6 }, () => backoff.next());
  assert.deepEqual(take(least), [50, 100, 200, 400, 500, 500]);
  assert.deepEqual(take(most), [100, 200, 400, 800, 1000, 1000]);
  most.reset();
  assert.equal(most.next(), 100);
});

test("a window sums its last seconds and forgets the rest", () => {
  const last = createRollingSums(10);
  for (let second = 0; second < 60; second++) last.add(1000 + second, { plays: 5, together: second === 55 ? 3 : 0 });
  assert.equal(last.sum("plays"), 50);
  assert.equal(last.mean("plays"), 5);
  assert.equal(last.sum("together"), 3);
  assert.equal(last.sum("unheard of"), 0);
});

test("a window begins anew where the clock was set back", () => {
  const last = createRollingSums(10);
  for (let second = 0; second < 20; second++) last.add(1000 + second, { plays: 5 });
  for (let second = 0; second < 3; second++) last.add(950 + second, { plays: 1 });
  assert.equal(last.sum("plays"), 3);
});

test("of an id only the first counts, and the memory is bounded", () => {
  const recent = createRecentIds(3);
  assert.deepEqual(["a", "a", "b", "c", "d", "d", "a"].map((id) => recent.add(id)), [true, false, true, true, true, false, true]);
});

test("a song keeps its colours", () => {
  const pairs = [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [1, 1, 1]]];
  const colours = songColours(() => pairs);
  const seen = new Set();
  for (let i = 0; i < 50; i++) {
    assert.deepEqual(colours({ id: `song${i}` }), colours({ id: `song${i}` }));
    seen.add(colours({ id: `song${i}` }).css.join());
  }
  assert.deepEqual([...seen].sort(), ["var(--song-0-0),var(--song-0-1)", "var(--song-1-0),var(--song-1-1)"]);
  assert.deepEqual(songProperties(pairs)[1], ["--song-0-1", "rgb(0 0 255)"]);
});

test("a slow device draws fewer pixels, a fast one all", () => {
  const [fast, slow] = [createQuality({ over: 10 }), createQuality({ over: 10 })];
  const changes = [0, 0];
  for (let i = 0; i < 100; i++) {
    changes[0] += Number(fast.frame(0.017));
    changes[1] += Number(slow.frame(0.09));
  }
  assert.deepEqual(changes, [0, 2]);
  assert.equal(fast.share(), 1);
  assert.ok(slow.share() < 0.8 && slow.share() >= 0.5);
});
