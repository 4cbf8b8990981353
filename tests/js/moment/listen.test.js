import assert from "node:assert/strict";
import { test } from "node:test";
import { listenLinks } from "../../../assets/moment/listen.js";

const TRACK = { id: "0", title: "Rock & Roll?", artist: "Ana/Bo" };
const TEMPLATES = [["Songs", "https://songs.example/{artist}/{title}?q={query}"]];

test("an operator's link is filled with the song's words, which cannot change where it leads", () => {
  assert.deepEqual(listenLinks(TRACK, TEMPLATES), [
    { name: "Songs", address: "https://songs.example/Ana%2FBo/Rock%20%26%20Roll%3F?q=Ana%2FBo%20Rock%20%26%20Roll%3F" },
  ]);
  const { address } = listenLinks({ ...TRACK, title: "{query}", artist: "$& {title}" }, [["A", "https://a.example/{title}"]])[0];
  assert.equal(address, "https://a.example/%7Bquery%7D");
});

test("a song's own url comes first and is named by its host; what is not https is left out", () => {
  const named = (url) => listenLinks({ ...TRACK, url }, []).map(({ name }) => name);
  assert.deepEqual(named("https://www.songs.example/a?b"), ["songs.example"]);
  for (const url of [null, undefined, "", "http://songs.example/a", "javascript:alert(1)", "/a"]) assert.deepEqual(named(url), [], url);
  assert.deepEqual(listenLinks({ ...TRACK, url: "https://b.example/" }, TEMPLATES).map(({ name }) => name), ["b.example", "Songs"]);
});
