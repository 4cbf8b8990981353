import assert from "node:assert/strict";
import { test } from "node:test";
import { createFormat, inMiles, localeFor, tagsIn } from "../../../assets/common/format.js";
import { createParts } from "../../../assets/common/parts.js";
import { isConnection, parseMessage } from "../../../assets/stream/messages.js";
import { createSound } from "../../../assets/ui/sound.js";

const LISBON = { geoname_id: 2267057, city: "Lisbon", country: "Portugal", country_code: "PT", lon: -9, lat: 38 };
const CONNECTION = {
  id: "a", source: "live", at: 1_790_000_000, apart_ms: 4, km: 9, from: LISBON, to: LISBON,
  track: { id: "t", title: "A", artist: "B" },
};

function world(t) {
  t.mock.method(console, "warn", () => {});
  const note = { hidden: true, textContent: "" };
  const failed = [];
  const onFail = { globe: () => failed.push("globe") };
  const names = { sound: "Sound", city: "Your city" };
  return { note, failed, parts: createParts({ note, names, notes: { all: "Only the list works." }, onFail }) };
}

test("a part that does not load is named, and the others go on", async (t) => {
  const { note, parts } = world(t);
  await Promise.all([
    parts.start("sound", () => Promise.reject(new Error("404")), () => ({})),
    parts.start("city", async () => ({ name: "Lisbon" }), (module) => module),
  ]);
  assert.equal(parts.use("city", ({ name }) => name), "Lisbon");
  assert.equal(parts.use("sound", () => 1), undefined);
  assert.deepEqual(note, { hidden: false, textContent: "Not working: Sound" });
});

test("a part that throws is taken down, and named once", async (t) => {
  const { note, failed, parts } = world(t);
  let destroyed = 0;
  await parts.start("city", async () => {}, () => ({ destroy: () => (destroyed += 1) }));
  await parts.start("globe", async () => {}, () => ({
    destroy() {
      throw new Error("this, too");
    },
  }));
  for (let i = 0; i < 3; i++) {
    for (const name of ["city", "globe"])
      parts.use(name, () => {
        throw new Error("a frame");
      });
  }
  assert.deepEqual([destroyed, failed], [1, ["globe"]]);
  assert.equal(note.textContent, "Not working: Your city", "the globe has a notice of its own");
});

test("a part that carries the others has a note of its own", async (t) => {
  const { note, parts } = world(t);
  parts.fail("sound", new Error("no sound"));
  parts.fail("all", new Error("404"));
  assert.deepEqual(note, { hidden: false, textContent: "Only the list works." });
  parts.fail("city", new Error("404"));
  assert.equal(note.textContent, "Only the list works.");
});

test("a connection is shown whether its times are exact or not, but not without saying which", () => {
  assert.equal(isConnection({ ...CONNECTION, apart_ms: null, within_s: 3 }), true);
  for (const apart of [{ apart_ms: null }, { apart_ms: undefined, within_s: 3 }, { apart_ms: null, within_s: "3" }]) {
    assert.equal(isConnection({ ...CONNECTION, ...apart }), false);
  }
});

test("languages that are none are left out, and whatever else a browser gives", () => {
  assert.deepEqual(tagsIn(["C", "en-GB", "", "en_US.UTF-8", 7, null]), ["en-GB"]);
  assert.deepEqual([tagsIn(undefined), tagsIn("de"), tagsIn({})], [[], [], []]);
  assert.equal(inMiles(["C", "en-GB"]), true);
  assert.equal(localeFor("en", tagsIn(["C"])), "en");
});

test("numbers and times are written plainly where the browser cannot write them", (t) => {
  for (const name of ["NumberFormat", "DateTimeFormat", "RelativeTimeFormat", "ListFormat"]) {
    t.mock.method(Intl, name, function () {
      throw new RangeError(name);
    });
  }
  const format = createFormat("en");
  const facts = [format.distance(9.4), format.apart({ apart_ms: 40 }), format.count(3.25), format.listed(["a", "b"]), format.ago(70)];
  assert.deepEqual(facts, ["9 km", "40 ms apart", "3.3", "a, b", "1 minutes ago"]);
  assert.match(format.time(0), /1970/);
  assert.equal(createFormat("not a locale").distance(9), "9 km");
});

test("a connection is whole, or none", () => {
  assert.ok(isConnection(CONNECTION));
  const odd = [
    { at: Infinity }, { at: 1e300 }, { id: 7 }, { km: "9" }, { from: null }, { to: { ...LISBON, lon: NaN } },
    { track: { id: "t", title: null, artist: "B" } },
  ];
  for (const change of odd) assert.equal(isConnection({ ...CONNECTION, ...change }), false, JSON.stringify(change));
  const frame = parseMessage(JSON.stringify({ type: "connections", seq: 4, connections: [CONNECTION, null, { id: "b" }] }));
  assert.deepEqual(frame.connections.map(({ id }) => id), ["a"]);
  assert.equal(frame.counts.plays, 0);
});

test("a browser that makes no sound is said to, and touched no more", (t) => {
  const heard = {};
  Object.assign(globalThis, {
    addEventListener: (name, run) => (heard[name] = run),
    removeEventListener: (name) => delete heard[name],
  });
  t.after(() => ["addEventListener", "removeEventListener"].forEach((name) => delete globalThis[name]));
  const errors = [];
  const sound = createSound({
    button: Object.assign(new EventTarget(), { setAttribute() {} }),
    flip() {},
    page: Object.assign(new EventTarget(), { hidden: false }),
    context() {
      throw new Error("no device");
    },
    onFail: (error) => errors.push(error.message),
  });
  sound.setOn(true, false);
  heard.pointerup();
  assert.deepEqual([errors, Object.keys(heard)], [["no device"], []]);
});
