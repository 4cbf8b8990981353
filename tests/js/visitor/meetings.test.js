import assert from "node:assert/strict";
import { test } from "node:test";
import { createMeetings, exported, KEY, MOST, readShelf, shortened, sumsOf } from "../../../assets/visitor/meetings.js";
import { createStore } from "./store.js";

const place = (city, country = "Japan") => ({ geoname_id: 1, city, country, country_code: "JP", lon: 1, lat: 2, region: null, tz: "UTC", label: city });

/** @param {number} number  the greater, the newer */
function connection(number, more = {}) {
  const id = number.toString(32).padStart(23, "0");
  const track = { id: "0123456789abcdef", title: "Copper Sky", artist: "The Harbour Lamps" };
  return { id, source: "live", at: 1000 + number, apart_ms: 40, km: number, track, from: place("Osaka"), to: place("Recife", "Brazil"), ...more };
}

const meeting = (number, heart) => ({ connection: connection(number), you: null, heart });

const ids = (shelf) => shelf.all().map((each) => each.connection.id);

test("nothing is written before a heart, and a heart writes only its own connection", () => {
  const store = createStore();
  const shelf = createMeetings(store);
  shelf.add(connection(1), "from");
  assert.deepEqual([store.writes, shelf.isPassing(), ids(shelf).length], [0, true, 1]);
  shelf.setHeart(connection(2), true);
  assert.deepEqual(readShelf(store).meetings.map((each) => each.connection.id), [connection(2).id]);
  assert.deepEqual(ids(shelf), [connection(2).id, connection(1).id]);
  assert.deepEqual(ids(createMeetings(store)), [connection(2).id], "of a visit before, only what was kept is there");
  shelf.setHeart(connection(2), false);
  assert.deepEqual(store.content, {});
});

test("whoever keeps their meetings has these and the next ones, with their own end", () => {
  const store = createStore();
  const shelf = createMeetings(store);
  shelf.add(connection(1), "from");
  shelf.keep();
  shelf.add(connection(2), "to");
  const again = createMeetings(store);
  assert.deepEqual(again.all().map(({ you }) => you), ["to", "from"]);
  assert.equal(again.isPassing(), false);
  again.setHeart(connection(1), true);
  again.setHeart(connection(1), false);
  assert.deepEqual(again.all().map(({ you, heart }) => [you, heart]), [["to", false], ["from", false]]);
});

test("an own meeting that loses its heart stays until the page closes", () => {
  const store = createStore();
  const shelf = createMeetings(store);
  shelf.add(connection(1), "to");
  shelf.setHeart(connection(1), true);
  shelf.setHeart(connection(1), false);
  assert.deepEqual(store.content, {});
  assert.deepEqual(shelf.all(), [{ connection: connection(1), you: "to", heart: false }]);
});

test("of more than there may be, the oldest without a heart go first", () => {
  const many = Array.from({ length: MOST + 2 }, (_, n) => meeting(n, n < 3));
  const left = shortened(many).map((each) => each.connection.km);
  assert.equal(left.length, MOST);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((n) => left.includes(n)), [true, true, true, false, false, true]);
  const hearts = shortened(many.map((each) => ({ ...each, heart: true })));
  assert.deepEqual([hearts.length, hearts.at(-1).connection.km], [MOST, 2]);
});

test("one step removes all, and nothing is kept again unasked", () => {
  const store = createStore();
  const shelf = createMeetings(store);
  shelf.add(connection(1), "from");
  shelf.keep();
  shelf.removeAll();
  shelf.add(connection(2), "from");
  assert.deepEqual([store.content, ids(shelf)], [{}, [connection(2).id]]);
});

test("what is stored but is no meeting is left out, and a browser that stores nothing is no obstacle", () => {
  const good = meeting(1, true);
  const bad = [null, {}, { ...good, heart: 1 }, { ...good, connection: connection(2, { id: "../x" }) }, { ...good, connection: connection(3, { track: {} }) }];
  assert.deepEqual(readShelf(createStore({ [KEY]: JSON.stringify({ keeps: true, meetings: [...bad, good] }) })), { keeps: true, meetings: [good] });
  for (const junk of ["{", "null", "5", "[]", '{"meetings":5}']) {
    assert.deepEqual(readShelf(createStore({ [KEY]: junk })), { keeps: false, meetings: [] }, junk);
  }
  const refuses = () => {
    throw new Error("denied");
  };
  for (const store of [null, { getItem: refuses, setItem: refuses, removeItem: refuses }]) {
    const shelf = createMeetings(store);
    shelf.setHeart(connection(1), true);
    shelf.setHeart(connection(2), true);
    assert.deepEqual([ids(shelf).length, shelf.hasHeart(connection(1).id)], [2, true]);
  }
});

test("two tabs do not overwrite each other", () => {
  const store = createStore();
  const [one, other] = [createMeetings(store), createMeetings(store)];
  one.setHeart(connection(1), true);
  other.setHeart(connection(2), true);
  assert.deepEqual(ids(one), [connection(2).id, connection(1).id]);
});

test("a file says what, when and where, and a link to each", () => {
  const made = exported([{ ...meeting(5, true), you: "to" }], { origin: "https://unison.example.org", nowMs: 0 });
  assert.equal(made.exported_at, "1970-01-01T00:00:00.000Z");
  const [{ page, at, title, from, you, heart }] = made.meetings;
  assert.deepEqual([page, at, title], [`https://unison.example.org/c/${connection(5).id}`, "1970-01-01T00:16:45.000Z", "Copper Sky"]);
  assert.deepEqual([from, you, heart], [{ city: "Osaka", region: null, country: "Japan", lon: 1, lat: 2 }, "to", true]);
});

test("sums count countries once and find the farthest", () => {
  const { count, countries, farthest } = sumsOf([meeting(3, false), meeting(9, false), meeting(4, true)]);
  assert.deepEqual([count, countries, farthest.km], [3, 2, 9]);
  assert.deepEqual(sumsOf([]), { count: 0, countries: 0, farthest: null });
});
