import assert from "node:assert/strict";
import { test } from "node:test";
import { createPreferences } from "../../../assets/common/preferences.js";
import { createAnnouncer, sentence } from "../../../assets/ui/announcer.js";
import { shortcutFor } from "../../../assets/ui/shortcuts.js";

const CONNECTION = {
  track: { title: "Night Bus Home", artist: "Marisol Vey" },
  from: { city: "Osaka", country: "Japan", lon: 135.5 },
  to: { city: "Recife", country: "Brazil", lon: -34.9 },
  apart_ms: 40,
  km: 16897,
};

/** A region that notes what it was told. */
function listener() {
  const heard = [];
  return { heard, set textContent(text) { heard.push(text); } };
}

test("a connection is announced in a sentence, with how many more came", () => {
  const alone = "Night Bus Home by Marisol Vey: Osaka, Japan and Recife, Brazil, 40 ms apart, 16,897 km.";
  assert.equal(sentence(CONNECTION, 0), alone);
  assert.equal(sentence(CONNECTION, 3), `${alone} And 3 more.`);
});

test("times that are not exact are not announced in milliseconds", () => {
  const said = sentence({ ...CONNECTION, apart_ms: null, within_s: 3 }, 0);
  assert.equal(said, "Night Bus Home by Marisol Vey: Osaka, Japan and Recife, Brazil, within about 3 s, 16,897 km.");
});

test("a flood is announced at most once in five seconds, and nothing is left out of the count", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const region = listener();
  const announcer = createAnnouncer(region);
  for (let i = 0; i < 240; i++) {
    announcer.addConnection({ ...CONNECTION, id: `${i}` }); // four a second for a minute
    t.mock.timers.tick(250);
  }
  assert.equal(region.heard.length, 13);
  const told = region.heard.map((text) => 1 + Number(/And (\d+) more/.exec(text)?.[1] ?? 0));
  assert.equal(told.reduce((a, b) => a + b), 240);
});

test("what the page has to say goes first, and is said with announcements off", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const region = listener();
  const announcer = createAnnouncer(region);
  announcer.addConnection({ ...CONNECTION, id: "a" });
  announcer.addConnection({ ...CONNECTION, id: "b" });
  announcer.addMessage("Paused");
  t.mock.timers.tick(5000);
  assert.equal(region.heard[1], "Paused");
  announcer.setOn(false);
  announcer.addConnection(CONNECTION);
  t.mock.timers.tick(60_000);
  announcer.addMessage("Resumed");
  assert.deepEqual(region.heard.slice(2), ["Resumed"]);
});

test("what touches the viewer's city is told in its own words, once, when its turn comes", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const region = listener();
  const announcer = createAnnouncer(region);
  const [first, mine, last] = ["a", "b", "c"].map((id) => ({ ...CONNECTION, id }));
  announcer.addConnection(first);
  announcer.addConnection(mine);
  announcer.addOwn(mine, "Osaka!");
  announcer.addConnection(mine); // the other stream brings it, too
  assert.equal(region.heard.length, 1);
  t.mock.timers.tick(5000);
  assert.deepEqual(region.heard.slice(1), ["Osaka!"]);
  t.mock.timers.tick(60_000);
  announcer.addConnection(last);
  announcer.addOwn(last, "Too late");
  announcer.setOn(false);
  announcer.addOwn(first, "Switched off");
  t.mock.timers.tick(60_000);
  assert.deepEqual(region.heard.slice(2), [sentence(CONNECTION, 0)]);
});

const KEY = { key: "", repeat: false, defaultPrevented: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false };
const inside = (...selectors) => ({ closest: (wanted) => selectors.some((s) => wanted.split(", ").includes(s)) });

test("keys act on the page, but not where somebody types or holds a modifier", () => {
  const done = [];
  const actions = Object.fromEntries(
    ["turn", "zoomBy", "pause", "search", "sound", "help"].map((name) => [name, (...by) => done.push([name, ...by])]),
  );
  const press = (key, more = {}, target = inside()) => shortcutFor({ ...KEY, key, ...more }, target, actions)?.();
  for (const key of ["ArrowLeft", "ArrowUp", "+", "-", " ", "/", "m", "?"]) press(key);
  assert.deepEqual(done.map(([name]) => name), ["turn", "turn", "zoomBy", "zoomBy", "pause", "search", "sound", "help"]);
  assert.deepEqual([done[0], done[1]], [["turn", -15, 0], ["turn", 0, 15]]);
  done.length = 0;
  for (const key of ["ArrowLeft", "/", " ", "?"]) press(key, {}, inside("input:not([type=range])"));
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }, { defaultPrevented: true }])
    press("-", more);
  press(" ", {}, inside("button"));
  press(" ", { repeat: true });
  press("constructor");
  press("a");
  assert.deepEqual(done, []);
  press("r");
  assert.deepEqual(done, [], "where nothing can be rewound, the browser has the key");
  press("ArrowRight", { repeat: true }, inside("button"));
  assert.deepEqual(done, [["turn", 15, 0]]);
  for (const key of ["ArrowLeft", "+", "?"]) press(key, {}, inside("input[type=range]"));
  assert.deepEqual(done.slice(1), [["help"]], "a slider has the arrows");
});

test("nothing is kept before a switch is moved, and what was kept is found again", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
  const prefs = createPreferences(storage);
  assert.equal(prefs.flag("sound", false), false);
  assert.equal(kept.size, 0);
  prefs.save("sound", true);
  assert.equal(createPreferences(storage).flag("sound", false), true);
});

test("choices hold without a storage, with a full one, and with nonsense in it", () => {
  const full = { getItem: () => "[1", setItem: () => { throw new Error("full"); } };
  for (const storage of [null, full, { ...full, getItem: () => "7" }]) {
    const prefs = createPreferences(storage);
    assert.equal(prefs.flag("motion", true), true);
    prefs.save("motion", false);
    assert.equal(prefs.flag("motion", true), false);
  }
});
