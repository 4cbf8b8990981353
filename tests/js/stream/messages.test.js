import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrame } from "../../../assets/stream/messages.js";

const TRACK = { id: "a", title: "Copper Sky", artist: "The Harbour Lamps" };
const LISBON = { geoname_id: 2267057, city: "Lisbon", country: "Portugal", lon: -9.1, lat: 38.7 };
const crowdOf = (crowd) => parseFrame({ seq: 1, now: 1, crowd }).crowd;

test("a frame's crowd is its song and the cities that are well formed", () => {
  const cities = [{ city: LISBON, plays: 3 }, { city: { ...LISBON, lon: "west" }, plays: 3 }, { city: LISBON }, null];
  assert.deepEqual(crowdOf({ track: TRACK, plays: 9, cities }), { track: TRACK, plays: 9, cities: [cities[0]] });
  assert.deepEqual(crowdOf({ track: TRACK, plays: 9 }), { track: TRACK, plays: 9, cities: [] });
});

test("a frame without a crowd, as with a filter, differs from one in which nobody plays", () => {
  assert.equal(parseFrame({ seq: 1 }).crowd, undefined);
  assert.equal(crowdOf(null), null);
  for (const crowd of [7, "many", [], { plays: 9 }, { track: TRACK }, { track: { id: 1 }, plays: 9 }])
    assert.equal(crowdOf(crowd), null);
});
