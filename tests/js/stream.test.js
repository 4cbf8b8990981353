import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createStream, filtersOf } from "../../assets/stream.js";

const ORIGIN = "http://unison.example";
let sockets, timers, states, frames, now, asked, reply;

class Socket {
  constructor(url) {
    this.url = url;
    this.closed = false;
    sockets.push(this);
  }
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
  die() {
    this.onclose?.({});
  }
  close() {
    this.closed = true;
  }
}

beforeEach(() => {
  [sockets, timers, states, frames, now, asked] = [[], [], [], [], 0, []];
  reply = { status: 200, json: async () => ({}) };
});

function begin(query = "") {
  return createStream({
    origin: ORIGIN,
    filters: filtersOf(query),
    onHello() {},
    onFrame: (frame) => frames.push(frame.seq),
    onState: (state) => states.push(state),
    WebSocket: Socket,
    fetch: async (url) => {
      asked.push(url);
      return reply;
    },
    now: () => now,
    setTimeout: (run, ms) => {
      const timer = { run, at: now + ms };
      timers.push(timer);
      return timer;
    },
    clearTimeout: (timer) => (timers = timers.filter((other) => other !== timer)),
    backoff: { next: () => 1000, reset() {} },
  });
}

/** Let time pass, running what falls due. */
function pass(ms) {
  const until = now + ms;
  for (;;) {
    const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
    if (!due) break;
    timers = timers.filter((timer) => timer !== due);
    now = due.at;
    due.run();
  }
  now = until;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const hello = (more = {}) => ({ type: "hello", stream: "s", seq: 41, now: 0, recent: [], gap: null, ...more });
const frame = (seq) => ({ type: "connections", seq, connections: [] });
const names = () => states.map(({ name }) => name);

test("it connects without since and is live after hello", () => {
  begin();
  assert.equal(sockets[0].url, "ws://unison.example/stream");
  sockets[0].say(hello());
  sockets[0].say(frame(42));
  assert.deepEqual([names(), frames], [["connecting", "live"], [42]]);
});

test("only the page's filters go to the stream, each as often as given", () => {
  begin("?artist=Björk & co&t=5&country=IS&country=GL");
  assert.equal(new URL(sockets[0].url).search, "?artist=Bj%C3%B6rk+&country=IS&country=GL");
});

test("after a loss it resumes where it was, and says how long it was away and what it missed", () => {
  begin();
  sockets[0].say(hello());
  sockets[0].say(frame(42));
  now = 5000;
  sockets[0].die();
  assert.deepEqual(states.at(-1), { name: "lost", sinceMs: 5000, retryAtMs: 6000 });
  pass(1000);
  assert.equal(sockets[1].url, "ws://unison.example/stream?since=s%3A42");
  now = 17_000;
  sockets[1].say(hello({ seq: 73, gap: 31 }));
  assert.deepEqual(states.at(-1), { name: "live", back: { awayS: 12, missed: 31 } });
});

test("who comes in only at the second attempt has missed nothing", () => {
  begin();
  sockets[0].die();
  pass(1000);
  sockets[1].say(hello());
  assert.deepEqual(states.at(-1), { name: "live" });
});

test("a frame that was seen is not shown again", () => {
  begin();
  sockets[0].say(hello());
  for (const seq of [42, 43, 43, 42, 44]) sockets[0].say(frame(seq));
  assert.deepEqual(frames, [42, 43, 44]);
});

test("a server that says bye is asked again after the time it names", () => {
  begin();
  sockets[0].say(hello());
  sockets[0].say({ type: "bye", retry_ms: 3200 });
  sockets[0].die();
  pass(3199);
  assert.equal(sockets.length, 1);
  pass(1);
  assert.equal(sockets.length, 2);
});

test("a connection that falls silent is left and made again", () => {
  begin();
  sockets[0].say(hello());
  for (let second = 0; second < 30; second++) {
    pass(1000);
    sockets[0].say(frame(42 + second));
  }
  assert.equal(sockets.length, 1);
  pass(17_000);
  assert.equal(sockets.length, 2);
  assert.ok(sockets[0].closed);
  sockets[0].say(frame(500));
  assert.equal(frames.includes(500), false, "what the old socket still says is not heard");
});

test("a page that was held up listens to what waits before it calls the connection dead", () => {
  begin();
  sockets[0].say(hello());
  pass(15_500);
  sockets[0].say(frame(42));
  pass(14_000);
  assert.equal(sockets.length, 1);
});

test("a filter that the server does not know is reported, and not asked for again", async () => {
  begin("?country=XX");
  reply = { status: 400, json: async () => ({ error: "no country 'XX'" }) };
  sockets[0].die();
  await settled();
  assert.deepEqual(asked, [`${ORIGIN}/api/connections?country=XX&limit=1`]);
  assert.deepEqual(states.at(-1), { name: "refused", reason: "no country 'XX'" });
  pass(600_000);
  assert.equal(sockets.length, 1);
});

test("a server that is away or full is asked again and again", async () => {
  begin();
  reply = { status: 503, json: async () => ({}) };
  for (let attempt = 1; attempt < 6; attempt++) {
    sockets.at(-1).die();
    await settled();
    pass(1000);
    assert.equal(sockets.length, attempt + 1);
  }
  assert.equal(states.at(-1).sinceMs, 0, "the loss is counted from its beginning");
});

test("a message of a kind that came later is ignored", () => {
  begin();
  sockets[0].say(hello());
  sockets[0].say({ type: "weather", seq: 99 });
  sockets[0].say(frame(42));
  assert.deepEqual(frames, [42]);
});

test("when the network is back it does not wait", () => {
  const stream = begin();
  sockets[0].say(hello());
  stream.hurry();
  assert.equal(sockets.length, 1, "a connection that stands is left alone");
  sockets[0].die();
  stream.hurry();
  pass(5000);
  assert.equal(sockets.length, 2);
});

test("nothing is left after destroy", () => {
  const stream = begin();
  sockets[0].say(hello());
  stream.destroy();
  sockets[0].die();
  pass(600_000);
  assert.deepEqual([sockets.length, timers.length, sockets[0].closed], [1, 0, true]);
});

test("who left before the server had said why it refuses is not told", async () => {
  const stream = begin("?country=XX");
  reply = { status: 400, json: async () => ({ error: "no country 'XX'" }) };
  sockets[0].die();
  stream.destroy();
  await settled();
  assert.deepEqual(names(), ["connecting", "lost"]);
});
