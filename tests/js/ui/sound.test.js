import assert from "node:assert/strict";
import { test } from "node:test";
import { chordOf, motifOf, pitch, PULSE_S } from "../../../assets/ui/motif.js";
import { createSound, side } from "../../../assets/ui/sound.js";
import { createVoices } from "../../../assets/ui/voices.js";

const IDS = Array.from({ length: 500 }, (_, i) => `track-${i}`);
const connection = (id) => ({ track: { id }, to: { lon: 90 } });

test("a song's motif has four notes, and is always the same", () => {
  for (const id of IDS) {
    const motif = motifOf(id);
    assert.deepEqual(motif, motifOf(id));
    assert.equal(motif.length, 4);
    assert.equal(motif[0].afterS, 0);
    assert.ok(motif.every(({ afterS }, i) => i === 0 || afterS > motif[i - 1].afterS));
    assert.ok(motif.at(-1).afterS <= 1);
  }
});

test("songs differ, and share one scale within three octaves", () => {
  const motifs = new Set(IDS.map((id) => JSON.stringify(motifOf(id))));
  assert.ok(motifs.size > 250, `${motifs.size} of 500 songs`);
  const notes = IDS.flatMap((id) => [...motifOf(id), ...chordOf(id)]).map(({ hz }) => hz);
  assert.ok(Math.min(...notes) >= 164 && Math.max(...notes) <= 1320);
  const degrees = new Set(notes.map((hz) => (Math.round(12 * Math.log2(hz / 220)) + 12) % 12));
  assert.deepEqual([...degrees].sort((a, b) => a - b), [0, 2, 4, 7, 9]);
  assert.deepEqual([pitch(0), pitch(5), pitch(-5)], [220, 440, 110]);
});

test("a chord has its song's notes over a bass, nearly at once", () => {
  for (const id of IDS) {
    const [bass, ...others] = chordOf(id);
    const motif = new Set(motifOf(id).map(({ hz }) => hz));
    assert.deepEqual(new Set(others.map(({ hz }) => hz)), motif);
    assert.ok(others.every(({ hz, afterS }) => hz > bass.hz && afterS <= 0.2));
  }
});

test("whatever the traffic, few motifs sound at once, on one pulse, and no song soon again", () => {
  const voices = createVoices();
  const begun = [];
  for (let i = 0; i < 6000; i++) {
    const [now, id] = [i / 100, `song ${i % 7}`];
    const at = voices.take(id, now, 3);
    if (at !== null) begun.push({ at, id });
  }
  assert.ok(begun.length >= 5 && begun.length <= 60 / 0.8, `${begun.length} in a minute`);
  for (const { at, id } of begun) {
    assert.ok(begun.filter((other) => other.at <= at && at < other.at + 3).length <= 3);
    assert.ok(begun.filter((other) => other.id === id && Math.abs(other.at - at) < 9.5).length === 1);
    assert.ok(Math.abs(at / PULSE_S - Math.round(at / PULSE_S)) < 1e-9);
  }
});

test("the visitor's own has a place of its own, and is bounded, too", () => {
  const voices = createVoices();
  [0, 1, 2].forEach((now) => assert.notEqual(voices.take(`${now}`, now, 9), null));
  assert.equal(voices.take("other", 3, 9), null);
  assert.notEqual(voices.take("0", 3, 9, true), null, "its song was heard just now");
  assert.equal(voices.take("1", 3, 9, true), null);
  assert.notEqual(voices.take("1", 30, 9, true), null);
});

test("the east is on the right", () => {
  assert.deepEqual([side(-180), side(0), side(180)], [-0.8, 0, 0.8]);
});

/** A page with an audio context that counts its notes; they end when told to. */
function stage(t) {
  const made = { notes: [], states: [], contexts: 0, open: 0 };
  const param = { setValueAtTime() {}, linearRampToValueAtTime() {}, setTargetAtTime() {} };
  class Node {
    gain = param;
    constructor() { made.open += 1; }
    connect(next) { return next; }
    disconnect() { made.open -= 1; }
    start() { made.notes.push(this); }
    stop() {}
  }
  const names = ["Oscillator", "Gain", "StereoPanner", "DynamicsCompressor", "Delay", "BiquadFilter"].map((name) => `${name}Node`);
  for (const name of names) globalThis[name] = Node;
  const listeners = new EventTarget();
  globalThis.addEventListener = listeners.addEventListener.bind(listeners);
  globalThis.removeEventListener = listeners.removeEventListener.bind(listeners);
  t.after(() => [...names, "addEventListener", "removeEventListener"].forEach((name) => delete globalThis[name]));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const context = () => {
    made.contexts += 1;
    const becomes = (state) => async () => void made.states.push((context.state = state));
    const context = { state: "running", currentTime: 0, createPeriodicWave() {} };
    return Object.assign(context, { resume: becomes("running"), suspend: becomes("suspended"), close: becomes("closed") });
  };
  const page = Object.assign(new EventTarget(), { hidden: false });
  const button = Object.assign(new EventTarget(), { setAttribute(_, value) { made.pressed = value; } });
  const sound = createSound({ button, flip: () => (made.flipped = true), context, page });
  return { made, page, button, sound, touch: () => listeners.dispatchEvent(new Event("pointerup")) };
}

test("sound is off at first, and begins when the visitor asks for it", (t) => {
  const { made, button, sound, touch } = stage(t);
  sound.setOn(false, false);
  touch();
  sound.play(connection("a"));
  assert.deepEqual([made.contexts, made.notes.length, made.pressed], [0, 0, "false"]);
  button.dispatchEvent(new Event("click"));
  assert.ok(made.flipped);
  sound.setOn(true, true);
  sound.play(connection("a"));
  assert.deepEqual([made.contexts, made.notes.length, made.pressed], [1, 4, "true"]);
  sound.setOn(false, true);
  sound.play(connection("b"));
  assert.deepEqual([made.states.at(-1), made.notes.length, made.pressed], ["closed", 4, "false"]);
});

test("a remembered sound waits for the visitor's first touch", (t) => {
  const { made, page, sound, touch } = stage(t);
  sound.setOn(true, false);
  page.dispatchEvent(new Event("visibilitychange"));
  sound.pause(false);
  assert.equal(made.contexts, 0);
  touch();
  sound.play(connection("a"));
  assert.deepEqual([made.contexts, made.notes.length], [1, 4]);
});

test("a meeting of the visitor's own is a chord, though its motif was heard just now", (t) => {
  const { made, sound } = stage(t);
  sound.setOn(true, true);
  sound.play(connection("a"));
  sound.play(connection("a"));
  assert.equal(made.notes.length, 4, "its motif is not soon heard again");
  sound.playChord(connection("a"));
  assert.equal(made.notes.length, 4 + chordOf("a").length);
  sound.pause(true);
  sound.playChord(connection("b"));
  assert.equal(made.notes.length, 4 + chordOf("a").length);
});

test("it is silent under Pause and in a hidden tab, and begins again", (t) => {
  const { made, page, sound } = stage(t);
  sound.setOn(true, true);
  sound.pause(true);
  t.mock.timers.tick(1000);
  sound.play(connection("a"));
  assert.deepEqual([made.states.at(-1), made.notes.length], ["suspended", 0]);
  page.hidden = true;
  sound.pause(false);
  t.mock.timers.tick(1000);
  assert.equal(made.states.at(-1), "suspended");
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  t.mock.timers.tick(1000);
  assert.equal(made.states.at(-1), "running");
  sound.play(connection("a"));
  assert.equal(made.notes.length, 4);
});

test("turned on under Pause, it begins with the end of the pause", (t) => {
  const { made, sound } = stage(t);
  sound.pause(true);
  sound.setOn(true, true);
  assert.equal(made.contexts, 0);
  sound.pause(false);
  assert.equal(made.contexts, 1);
});

test("notes that have faded leave no nodes behind", (t) => {
  const { made, sound } = stage(t);
  sound.setOn(true, true);
  const own = made.open;
  sound.play(connection("a"));
  sound.playChord(connection("b"));
  const fade = made.notes.filter((note) => note.onended);
  assert.ok(made.open > own && made.open <= own + 2 * (9 + 11));
  fade.forEach((note) => note.onended());
  const left = made.open - own - fade.length; // oscillators need no disconnect
  assert.equal(left, 0);
});
