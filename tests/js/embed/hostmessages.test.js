import assert from "node:assert/strict";
import { test } from "node:test";

import { parseFilter, parsePlace } from "../../../assets/embed/arguments.js";
import { createHostMessages } from "../../../assets/embed/hostmessages.js";

const HOST = "https://host.example";

/** A window in a frame, and what its parent window is told. */
function framed() {
  const told = [];
  const parent = { postMessage: (message, target) => told.push([message, target]) };
  const listeners = new Set();
  const view = {
    parent,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
  const hear = (data, { source = parent, origin = HOST } = {}) =>
    listeners.forEach((listener) => listener({ data, source, origin }));
  return { view, told, hear, listeners };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

function greeted(methods = {}) {
  const frame = framed();
  const bridge = createHostMessages(frame.view, { methods });
  frame.hear({ unison: 1, type: "hello" });
  frame.told.length = 0;
  return { ...frame, bridge };
}

test("a frame says that it is there, and nothing more before its parent greets it", () => {
  const { view, told, hear } = framed();
  const bridge = createHostMessages(view, { methods: {} });
  bridge.emit("connection", { id: "secret" });
  assert.deepEqual(told, [[{ unison: 1, type: "here" }, "*"]]);
  hear({ unison: 1, type: "hello" });
  assert.deepEqual(told[1], [{ unison: 1, type: "ready" }, HOST]);
  bridge.emit("connection", { id: "a" });
  assert.deepEqual(told[2], [{ unison: 1, type: "event", name: "connection", detail: { id: "a" } }, HOST]);
});

test("whoever greets late hears how it is by now, and nothing else that was", () => {
  const { view, told, hear } = framed();
  const bridge = createHostMessages(view, { methods: {} });
  for (const globe of ["loading", "ready"]) bridge.emit("status", { globe });
  bridge.emit("connection", { id: "a" });
  hear({ unison: 1, type: "hello" });
  assert.deepEqual(told.slice(1), [
    [{ unison: 1, type: "ready" }, HOST],
    [{ unison: 1, type: "event", name: "status", detail: { globe: "ready" } }, HOST],
  ]);
});

test("a call is answered with its id, its value or its error", async () => {
  const { told, hear } = greeted({ add: (a, b) => a + b, fail: () => Promise.reject(new Error("no")) });
  hear({ unison: 1, type: "call", id: 7, method: "add", args: [1, 2] });
  hear({ unison: 1, type: "call", id: 8, method: "fail" });
  hear({ unison: 1, type: "call", id: 9, method: "constructor" });
  await settled();
  assert.deepEqual(told.map(([{ type, ...rest }]) => rest).sort((a, b) => a.id - b.id), [
    { unison: 1, id: 7, value: 3 },
    { unison: 1, id: 8, error: "no" },
    { unison: 1, id: 9, error: "an embed has no method constructor" },
  ]);
});

test("what comes from another window, another origin, another version, or of no known type is ignored", async () => {
  let called = 0;
  const { told, hear } = greeted({ pause: () => (called += 1) });
  const call = { unison: 1, type: "call", id: 1, method: "pause", args: [] };
  hear(call, { source: {} });
  hear(call, { origin: "https://elsewhere.example" });
  hear({ ...call, unison: 2 });
  hear({ ...call, type: "order" });
  for (const data of [null, undefined, "pause", 5, [], {}]) hear(data);
  hear({ unison: 1, type: "hello" }, { source: {}, origin: "https://elsewhere.example" });
  await settled();
  assert.deepEqual([called, told.length], [0, 0]);
});

test("a page that is in no frame hears nobody", () => {
  const frame = framed();
  frame.view.parent = frame.view;
  frame.view.postMessage = () => assert.fail("it spoke");
  createHostMessages(frame.view, { methods: {} }).emit("status", {});
  frame.hear({ unison: 1, type: "hello" }, { source: frame.view });
});

test("a host page without an origin of its own, such as one in a sandbox, is answered", () => {
  const { view, told, hear } = framed();
  createHostMessages(view, { methods: {} });
  hear({ unison: 1, type: "hello" }, { origin: "null" });
  assert.deepEqual(told[1], [{ unison: 1, type: "ready" }, "*"]);
});

test("after destroy it hears nothing", () => {
  const { bridge, listeners } = greeted();
  bridge.destroy();
  assert.equal(listeners.size, 0);
});

test("a filter is an object of known names", () => {
  assert.deepEqual(parseFilter({ country: "BR", city: 3390760, artist: null, track: "" }), { country: "BR", city: "3390760" });
  for (const everything of [null, undefined, {}]) assert.deepEqual(parseFilter(everything), {});
  assert.throws(() => parseFilter({ region: "BR" }), /no region; it may have artist/);
  assert.throws(() => parseFilter({ country: ["BR"] }), /country must be a string/);
  assert.throws(() => parseFilter("BR"), /an object such as/);
});

test("a place is in degrees on the Earth", () => {
  assert.deepEqual(parsePlace({ lon: -46.6, lat: -23.5, zoom: 3 }), { lon: -46.6, lat: -23.5 });
  for (const wrong of [null, undefined, {}, { lon: "1", lat: 2 }, { lon: 181, lat: 0 }, { lon: NaN, lat: 0 }, { lon: 0, lat: 91 }]) {
    assert.throws(() => parsePlace(wrong), RangeError);
  }
});
