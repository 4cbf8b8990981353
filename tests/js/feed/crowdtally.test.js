import assert from "node:assert/strict";
import { test } from "node:test";
import { createCrowdTally, createFlareChoice } from "../../../assets/feed/crowdtally.js";

const track = (id) => ({ id, title: `Song ${id}`, artist: "The Harbour Lamps" });
const crowd = (id, plays, cities = []) => ({ track: track(id), plays, cities });
const city = (geoname_id) => ({ geoname_id, city: `City ${geoname_id}`, country: "Land", lon: 0, lat: 0 });

/** A tally whose clock goes on in steps of a quarter of a second. */
function stream(tally = createCrowdTally()) {
  let now = 1000;
  return {
    /** Seconds in which `plays` are pressed in each slice, `of` the song. Gives who led at each step. */
    pass(seconds, plays, id, of) {
      return Array.from({ length: 4 * seconds }, () => {
        now += 0.25;
        return tally.add(now, plays, id ? crowd(id, of) : null);
      });
    },
    tally,
  };
}
const ids = (leaders) => leaders.map((leader) => leader?.track.id ?? null);

test("a song with a third of all plays has the crowd once ten seconds are known, with their number", () => {
  const leaders = stream().pass(12, 30, "a", 10);
  assert.deepEqual(ids(leaders.slice(0, 40)), Array(40).fill(null));
  assert.deepEqual(leaders.at(-1), { track: track("a"), plays: 400 });
});

test("less than the share, or few people, is no crowd", () => {
  assert.deepEqual(new Set(ids(stream().pass(20, 100, "a", 30))), new Set([null]), "30 % is not more than 30 %");
  assert.deepEqual(new Set(ids(stream().pass(20, 1, "a", 1))), new Set([null]), "40 people");
  assert.equal(stream().pass(20, 2, "a", 2).at(-1).plays, 80);
});

test("a crowd whose share swings around the threshold does not flicker", () => {
  const { pass } = stream();
  pass(11, 100, "a", 40);
  const swings = [0, 1, 2, 3, 4, 5].flatMap((i) => pass(5, 100, "a", i % 2 ? 33 : 25));
  assert.deepEqual(new Set(ids(swings)), new Set(["a"]));
});

test("it ends some seconds after the song is played less, with the number that it last had", () => {
  const { pass } = stream();
  pass(20, 100, "a", 40);
  const leaders = pass(20, 100, "b", 10);
  const left = ids(leaders).lastIndexOf("a");
  assert.ok(left > 4 * 4 && left < 4 * 14, `after ${left / 4} s`);
  assert.ok(leaders[left].plays > 0.2 * 4000);
  assert.equal(leaders.at(-1), null);
});

test("another song takes over when it is played clearly more, once", () => {
  const { pass } = stream();
  pass(20, 100, "a", 40);
  const leaders = ids(pass(30, 100, "b", 60));
  const changes = leaders.filter((id, i) => i > 0 && id !== leaders[i - 1]);
  assert.deepEqual(changes, ["b"]);
});

test("two songs that are played alike do not take turns", () => {
  const { pass } = stream();
  pass(11, 100, "a", 45);
  const leaders = Array.from({ length: 80 }, (_, i) => pass(1, 100, i % 2 ? "a" : "b", 70)).flat();
  assert.deepEqual(new Set(ids(leaders)), new Set(["a"]));
});

test("a clock that was set back begins anew", () => {
  const tally = createCrowdTally();
  stream(tally).pass(12, 10, "a", 9);
  assert.equal(tally.add(500, 10, crowd("a", 9)), null);
});

test("cities flare by their plays, the busiest first, few at once", () => {
  const flares = createFlareChoice();
  const cities = Array.from({ length: 32 }, (_, i) => ({ city: city(i), plays: 3 + i }));
  const chosen = flares.choose(0, crowd("a", 600, cities));
  assert.deepEqual(chosen.map((each) => each.city.geoname_id), [31, 30, 29, 28, 27, 26, 25, 24]);
  assert.equal(chosen[0].strength, 1);
  assert.ok(chosen.every(({ strength }, i) => strength > 0 && (i === 0 || strength < chosen[i - 1].strength)));
});

test("however many play, a city flares no more than once in two seconds, and all get their turn", () => {
  const flares = createFlareChoice();
  const cities = Array.from({ length: 32 }, (_, i) => ({ city: city(i), plays: 1000 + i }));
  const last = new Map();
  let most = 0;
  for (let now = 0; now < 60; now += 0.25) {
    const chosen = flares.choose(now, crowd("a", 40_000, cities));
    most = Math.max(most, chosen.length);
    for (const each of chosen) {
      assert.ok(now - (last.get(each.city.geoname_id) ?? -9) >= 2);
      last.set(each.city.geoname_id, now);
    }
  }
  assert.equal(last.size, 32);
  assert.ok(most <= 8);
});
