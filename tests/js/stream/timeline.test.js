import assert from "node:assert/strict";
import { test } from "node:test";
import { createTimeline } from "../../../assets/stream/timeline.js";

const AT = 1_790_000_000;
const settled = () => new Promise((resolve) => setImmediate(resolve));
const LISBON = { geoname_id: 2267057, city: "Lisbon", country: "Portugal", country_code: "PT", lon: -9, lat: 38 };
const TRACK = { id: "t", title: "A", artist: "B" };
const facts = { source: "live", apart_ms: 4, km: 9, track: TRACK, from: LISBON, to: LISBON };
const connection = (id, at = AT) => ({ id, at, ...facts });
const frame = (seq, connections = []) => ({ type: "connections", seq, now: AT, connections, pulses: [], counts: {} });
const hello = (recent = []) => ({ type: "hello", stream: "s", seq: 41, now: AT, recent, gap: null });

/** A browser's page, in the foreground; sockets that a test speaks for; and fetches that it answers. */
function world(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: AT * 1000 });
  const [sockets, asked, came, arcs, states, told, sparks, leads] = [[], [], [], [], [], [], [], []];
  const before = ["document", "window", "location", "WebSocket", "fetch"].map((name) => [name, globalThis[name]]);
  const page = {
    hidden: false,
    heard: [],
    addEventListener: (_, hear) => page.heard.push(hear),
    removeEventListener: (_, hear) => page.heard.splice(page.heard.indexOf(hear), 1),
  };
  class Socket {
    constructor(url) {
      this.url = url;
      sockets.push(this);
    }
    say(message) {
      this.onmessage({ data: JSON.stringify(message) });
    }
    close() {
      this.closed = true;
    }
  }
  const reply = (json, status) => ({ ok: status < 400, status, json: async () => json });
  const fetched = (url) =>
    new Promise((resolve) => asked.push({ url, answer: (json, status = 200) => resolve(reply(json, status)) }));
  Object.assign(globalThis, {
    document: page,
    window: { addEventListener() {}, removeEventListener() {} },
    location: { origin: "http://unison.example" },
    WebSocket: Socket,
    fetch: fetched,
  });
  t.after(() => before.forEach(([name, value]) => (globalThis[name] = value)));
  let filters = "";
  const timeline = createTimeline({
    filters: () => new URLSearchParams(filters),
    onState: ({ name }) => states.push(name),
    onHello: (_, unknown, fresh) => told.push(["hello", unknown.map(({ id }) => id), fresh.map(({ id }) => id)]),
    onConnection: ({ id }, fresh) => void came.push([id, fresh]),
    onArc: ({ id }) => arcs.push(id),
    onPulse() {},
    onSpark: ({ at }) => sparks.push(at),
    onFrame() {},
    onLead: (lead) => leads.push(lead?.id ?? null),
    onTime() {},
    onClear: () => told.push(["leave"]),
    onLive: () => told.push(["live"]),
    onFuture: (atS) => told.push(["ahead", atS]),
  });
  return {
    timeline,
    page,
    sockets,
    asked,
    came,
    arcs,
    sparks,
    leads,
    states,
    told,
    /** The tab goes to the background, or comes back. */
    turn(hidden) {
      page.hidden = hidden;
      page.heard.forEach((hear) => hear());
    },
    filter: (query) => (filters = query),
    pass: async (ms) => {
      t.mock.timers.tick(ms);
      await settled();
    },
  };
}

test("now goes on from what the page came with: nothing is taken down, and what is recent is told once", (t) => {
  const { timeline, sockets, told, came } = world(t);
  timeline.begin(null);
  assert.deepEqual(told, [["live"]]);
  sockets[0].say(hello([connection("new", AT - 1), connection("old", AT - 60)]));
  assert.deepEqual(told.at(-1), ["hello", ["new", "old"], ["new"]]);
  sockets[0].say(frame(42, [connection("new", AT - 1), connection("newer")]));
  assert.deepEqual(came, [["newer", true]]);
});

test("once destroyed it has no socket and no listener, and arcs that were to come do not", async (t) => {
  const { timeline, page, sockets, arcs, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  sockets[0].say(frame(42, [connection("a"), connection("b")]));
  timeline.destroy();
  await pass(60_000);
  assert.deepEqual([arcs, page.heard, sockets.map(({ closed }) => closed)], [[], [], [true]]);
});

test("arcs of one frame begin one after the other", async (t) => {
  const { timeline, sockets, arcs, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  sockets[0].say(frame(42, ["a", "b", "c"].map((id) => connection(id))));
  await pass(0);
  assert.deepEqual(arcs, ["a"]);
  await pass(150);
  assert.deepEqual(arcs, ["a", "b"]);
});

test("no arc begins of what is no longer shown, such as once another filter is asked for", async (t) => {
  const { timeline, sockets, arcs, filter, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  sockets[0].say(frame(42, ["a", "b", "c"].map((id) => connection(id))));
  await pass(0);
  filter("country=BR");
  timeline.restart();
  await pass(1000);
  assert.deepEqual(arcs, ["a"]);
  assert.equal(sockets[1].url, "/stream?country=BR");
  sockets[1].say(hello());
  sockets[1].say(frame(42, [connection("b")]));
  await pass(1000);
  assert.deepEqual(arcs, ["a", "b"], "what passes the filter is shown by its own stream");
});

test("in a tab in the background what comes is listed, and no arc begins, not even once it is back", async (t) => {
  const { timeline, sockets, arcs, came, turn, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  turn(true);
  sockets[0].say(frame(42, [connection("meanwhile")]));
  await pass(1000);
  turn(false);
  sockets[0].say(frame(43, [connection("late"), connection("fresh", AT + 1.5)]));
  await pass(1000);
  assert.deepEqual(came, [["meanwhile", false], ["late", false], ["fresh", true]]);
  assert.deepEqual(arcs, ["fresh"]);
});

test("where the server's clock is set, back or forward, what comes is fresh", async (t) => {
  const { timeline, sockets, came, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  let seq = 42;
  for (const setS of [0, -60, 0, 3_456_000, -5]) {
    await pass(1000);
    const now = AT + setS + (seq - 41);
    sockets[0].say({ ...frame(seq, [connection(`at ${setS}, ${seq}`, now - 0.5)]), now });
    assert.ok(Math.abs(timeline.liveS() - now) < 1.1, `${timeline.liveS()} is not ${now}`);
    seq += 1;
  }
  assert.deepEqual(came.map(([, fresh]) => fresh), [true, true, true, true, true]);
});

test("after a hello that came late, a frame that comes sooner sets the clock", async (t) => {
  const { timeline, sockets, came, turn, pass } = world(t);
  timeline.begin(null);
  await pass(900);
  sockets[0].say(hello());
  sockets[0].say({ ...frame(42), now: AT + 0.9 });
  assert.equal(timeline.liveS(), AT + 0.9);
  turn(true);
  await pass(300);
  turn(false);
  sockets[0].say({ ...frame(43, [connection("unseen", AT + 1.1)]), now: AT + 1.2 });
  assert.deepEqual(came, [["unseen", false]]);
});

test("frames that come late do not move the clock", async (t) => {
  const { timeline, sockets, came, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  await pass(30_000);
  for (const second of [1, 2, 29]) sockets[0].say({ ...frame(42 + second, [connection(`${second}`, AT + second)]), now: AT + second });
  assert.deepEqual(came.map(([, fresh]) => fresh), [false, false, true]);
  assert.equal(timeline.liveS(), AT + 30);
});

test("a filter that is put on while looking back narrows that time, and a later answer of before changes nothing", async (t) => {
  const { timeline, sockets, asked, told, filter, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  timeline.rewind(AT - 60, 4);
  filter("artist=A");
  timeline.restart();
  assert.ok(asked[1].url.includes("artist=A") && asked[1].url.includes(`from=${AT - 60}`), asked[1].url);
  assert.equal(sockets[0].closed, true);
  asked[0].answer({ error: "no such filter" }, 400);
  await pass(0);
  assert.equal(timeline.isPast(), true);
  assert.equal(sockets.length, 1);
  timeline.live();
  assert.deepEqual(told.slice(-2), [["leave"], ["live"]]);
});

test("a stream that was lost, then the past, then now again: each says how it is, and one socket is open", async (t) => {
  const { timeline, sockets, asked, states, pass } = world(t);
  timeline.begin(null);
  sockets[0].say(hello());
  sockets[0].onclose();
  timeline.rewind(AT - 60);
  await pass(60_000);
  assert.equal(sockets.length, 1, "the lost one does not come back");
  timeline.live();
  sockets[1].say(hello());
  assert.deepEqual(states, ["connecting", "live", "lost", "past", "connecting", "live"]);
  assert.ok(asked.length >= 1);
});

test("a time that is yet to come is said to be, and now is shown", async (t) => {
  const { timeline, sockets, asked, told, pass } = world(t);
  timeline.begin(AT + 600);
  asked[0].answer({ now: AT, oldest: AT - 600, frames: [] });
  await settled();
  await pass(200);
  assert.deepEqual(told.slice(-3), [["ahead", AT + 600], ["leave"], ["live"]]);
  assert.equal(sockets.length, 1);
});

test("a spark of the second in which the page was opened is shown, for its time is a whole second", (t) => {
  const { timeline, sockets, sparks, pass } = world(t);
  pass(900);
  timeline.begin(null);
  sockets[0].say({ ...hello(), now: AT + 0.9 });
  sockets[0].say({ ...frame(42), now: AT + 1, sparks: [{ at: AT, city: LISBON }] });
  sockets[0].say({ ...frame(43), now: AT + 9, sparks: [{ at: AT - 9, city: LISBON }] });
  assert.deepEqual(sparks, [AT]);
});

test("the lead story comes as it is told, once it is well-formed, and none comes while the past is shown", async (t) => {
  const { timeline, sockets, leads, pass } = world(t);
  timeline.begin(null);
  sockets[0].say({ type: "lead", connection: connection("early") });
  sockets[0].say(hello());
  sockets[0].say({ type: "lead", connection: connection("a") });
  sockets[0].say({ type: "lead", connection: { id: "broken" } });
  sockets[0].say({ type: "lead", connection: null });
  assert.deepEqual(leads, ["early", "a", null, null]);
  timeline.rewind(AT - 600);
  await pass(0);
  sockets[0].say({ type: "lead", connection: connection("b") });
  assert.equal(leads.length, 4);
  timeline.destroy();
});
