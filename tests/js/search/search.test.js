import assert from "node:assert/strict";
import { test } from "node:test";
import { filtersFor } from "../../../assets/moment/details.js";
import { nextActive } from "../../../assets/search/combobox.js";
import { addressOf, nameOf, placeShown, unnamed } from "../../../assets/search/filters.js";
import { countText, localised, searchFor } from "../../../assets/search/search.js";

const artist = { kind: "artist", label: "Björk & Co", detail: "", filter: { artist: "Björk & Co" } };
const city = { kind: "city", label: "Osaka", detail: "Japan", filter: { city: "1853909" } };

test("the arrows go round the list, from the field to either end", () => {
  assert.deepEqual([-1, 0, 2].map((at) => nextActive(at, 3, "ArrowDown")), [0, 1, 0]);
  assert.deepEqual([-1, 0, 2].map((at) => nextActive(at, 3, "ArrowUp")), [2, 2, 1]);
  assert.equal(nextActive(-1, 0, "ArrowDown"), -1);
});

test("the address says what is shown, and keeps all else", () => {
  const now = "http://u.test/?t=5&artist=x&wall=1&city=7#top";
  assert.equal(addressOf(now, [artist]), "/?t=5&wall=1&artist=Bj%C3%B6rk+%26+Co#top");
  assert.equal(addressOf(now, []), "/?t=5&wall=1#top");
  assert.equal(addressOf("http://u.test/?artist=x", []), "/");
  assert.equal(addressOf("http://u.test/", [artist, city]), "/?artist=Bj%C3%B6rk+%26+Co&city=1853909");
});

test("a filter goes by its name, one without a name by what the address says", () => {
  assert.equal(nameOf(artist), "Björk & Co");
  assert.equal(nameOf(city), "Osaka, Japan");
  assert.equal(nameOf({ ...city, label: "Singapore", detail: "Singapore" }), "Singapore");
  assert.equal(nameOf({ kind: "track", label: "Jóga", detail: "Björk", filter: { track: "x" } }), "Jóga by Björk");
  const bare = unnamed("?country=XX&t=3&track=abc");
  assert.deepEqual(bare.map(nameOf), ["one song", "XX"]);
  assert.deepEqual(bare.map(({ filter }) => filter), [{ track: "abc" }, { country: "XX" }]);
});

test("the place of filters is their city, or their country's largest, or none", () => {
  const japan = { kind: "country", label: "Japan", detail: "JP", filter: { country: "JP" }, lon: 139.7, lat: 35.7 };
  const osaka = { ...city, lon: 135.5, lat: 34.7 };
  assert.deepEqual(placeShown([artist, japan, osaka]), { lon: 135.5, lat: 34.7 });
  assert.deepEqual(placeShown([osaka, japan]), { lon: 135.5, lat: 34.7 });
  assert.deepEqual(placeShown([japan, artist]), { lon: 139.7, lat: 35.7 });
  assert.deepEqual(placeShown([artist, japan, city]), { lon: 139.7, lat: 35.7 });
  assert.equal(placeShown([artist, ...unnamed("?city=7")]), null);
});

test("what is looked for is asked of the server, at most a hundred characters of it", async () => {
  const asked = [];
  const request = (answer) => async (url) => (asked.push(url), { ok: answer !== null, json: async () => ({ results: answer }) });
  assert.deepEqual(await searchFor("São & co", { request: request([city]) }), [city]);
  assert.deepEqual(await searchFor("x".repeat(200), { kind: "city", request: request(null) }), []);
  assert.deepEqual(asked, ["/api/search?q=S%C3%A3o+%26+co&lang=en", `/api/search?q=${"x".repeat(100)}&lang=en&kind=city`]);
  assert.deepEqual([0, 1, 12].map(countText), ["No results", "1 result", "12 results"]);
});

test("a result's country is named by its code, and one without a code as the server names it", () => {
  const country = { kind: "country", label: "Turkey", detail: "TR", filter: { country: "TR" } };
  assert.equal(localised(country).label, "Türkiye");
  assert.equal(nameOf(country), "Türkiye");
  assert.equal(localised({ ...city, detail: "Turkey", country_code: "TR" }).detail, "Türkiye");
  assert.deepEqual([city, artist].map(localised), [city, artist]);
  assert.equal(localised({ ...city, also: "大阪" }).also, "大阪");
});

test("a card offers the artist, the song and either city alone", () => {
  const place = (geoname_id, name, country) => ({ geoname_id, city: name, country });
  const connection = { track: { id: "t1", title: "Jóga", artist: "Björk" }, from: place(1, "Osaka", "Japan"), to: place(2, "Recife", "Brazil") };
  assert.deepEqual(filtersFor(connection).map(nameOf), ["Björk", "Jóga by Björk", "Osaka, Japan", "Recife, Brazil"]);
  assert.deepEqual(filtersFor(connection).map(({ filter }) => filter), [{ artist: "Björk" }, { track: "t1" }, { city: "1" }, { city: "2" }]);
});
