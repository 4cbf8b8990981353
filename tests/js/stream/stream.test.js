import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createBackoff } from "../../../assets/stream/backoff.js";
import { createStream, filtersOf } from "../../../assets/stream/stream.js";

const ORIGIN = "http://unison.example";
let sockets, timers, states, frames, now, asked, reply, wake, seq;

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
  seq = 100;
  reply = { status: 200, json: async () => ({}) };
});

function begin(query = "", more = {}) {
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
    wakes: (run) => {
      wake = run;
      return () => (wake = null);
    },
    ...more,
  });
}

/** Let time pass, running what falls due; frames come each second, if so wished. */
function pass(ms, { speaks = null } = {}) {
  for (; speaks && ms > 1000; ms -= 1000) {
    pass(1000);
    speaks.say(frame(seq++));
  }
  const until = now + ms;
  for (;;) {
    const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
    if (!due) break;
    timers = timers.filter((timer) => timer !== due);
    now = Math.max(now, due.at);
    due.run();
  }
  now = until;
}

/** Let time pass in which nothing runs, as while a computer sleeps or a page is held up. */
const sleep = (ms) => (now += ms);

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

test("after a loss it resumes where it was, and away counts from the last frame", () => {
  begin();
  sockets[0].say(hello());
  sockets[0].say(frame(42));
  pass(2000);
  sockets[0].die();
  assert.deepEqual(states.at(-1), { name: "lost", sinceMs: 0, retryAtMs: 3000 });
  pass(1000);
  assert.equal(sockets[1].url, "ws://unison.example/stream?since=s%3A42");
  pass(9000);
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

test("silence is said after 3 s, and another connection opened after 6 s", () => {
  begin();
  sockets[0].say(hello());
  pass(30_000, { speaks: sockets[0] });
  assert.deepEqual([names(), sockets.length], [["connecting", "live"], 1]);
  sockets[0].say(frame(500));
  pass(2900);
  assert.equal(states.at(-1).name, "live");
  pass(600);
  assert.deepEqual(states.at(-1), { name: "stalled", sinceMs: 30_000 });
  pass(2400);
  assert.equal(sockets.length, 1);
  pass(1200);
  assert.equal(sockets.length, 2);
  assert.equal(new URL(sockets[1].url).searchParams.get("since"), "s:500");
  assert.ok(sockets[0].closed);
  sockets[0].say(frame(501));
  assert.equal(frames.includes(501), false, "what the old socket still says is not heard");
  sockets[1].say(hello({ seq: 500, gap: 0 }));
  assert.deepEqual(states.at(-1).back, { awayS: (now - 30_000) / 1000, missed: 0 });
});

test("a frame after a silence is shown, and the page is live again on the same connection", () => {
  begin();
  sockets[0].say(hello());
  pass(5000);
  assert.equal(states.at(-1).name, "stalled");
  sockets[0].say(frame(42));
  assert.deepEqual([states.at(-1), frames, sockets.length], [{ name: "live" }, [42], 1]);
});

test("a server that says that it has no news is stayed with, and the page says how long there was none", () => {
  begin();
  sockets[0].say(hello());
  pass(2000);
  for (let i = 0; i < 12; i++) {
    sockets[0].say({ type: "delayed", now: 1, seq: 41 });
    pass(1000);
  }
  assert.deepEqual([states.at(-1), sockets.length], [{ name: "stalled", sinceMs: 0 }, 1]);
  sockets[0].say(frame(42));
  assert.deepEqual([states.at(-1), frames, sockets.length], [{ name: "live" }, [42], 1]);
});

test("a page that was held up listens to what waits before it calls the connection dead", () => {
  begin();
  sockets[0].say(hello());
  sleep(20_000);
  pass(1); // the timer that was due comes before the messages
  sockets[0].say(frame(42));
  pass(3000);
  assert.equal(sockets.length, 1);
});

test("a tab whose timers run once a minute does not think a stream silent that speaks", () => {
  begin();
  sockets[0].say(hello());
  for (let minute = 0; minute < 5; minute++) {
    for (let second = 0; second < 60; second++) {
      sleep(1000);
      sockets[0].say(frame(seq++));
    }
    sleep(900);
    pass(0); // what is due
  }
  assert.deepEqual([names(), sockets.length], [["connecting", "live"], 1]);
});

test("after a sleep that only the wall clock shows, another connection is opened at once", () => {
  begin();
  sockets[0].say(hello());
  sleep(3_600_000);
  pass(800);
  assert.equal(sockets.length, 2);
  assert.equal(states.at(-1).sinceMs, 0);
});

test("a clock that is set costs one new connection at most", () => {
  for (const by of [-86_400_000, 86_400_000]) {
    [now, sockets] = [1e9, []];
    const stream = begin();
    sockets[0].say(hello());
    now += by;
    timers.forEach((timer) => (timer.at += by)); // these go by another clock
    pass(2000);
    sockets.at(-1).say(hello());
    pass(20_000, { speaks: sockets.at(-1) });
    assert.ok(sockets.length <= 2, `set by ${by} ms: ${sockets.length} connections`);
    assert.equal(states.at(-1).name, "live");
    stream.destroy();
  }
});

test("when the page wakes, a silent connection is left at once and one that speaks is kept", () => {
  begin();
  sockets[0].say(hello());
  wake();
  pass(900);
  sockets[0].say(frame(42));
  pass(900);
  assert.deepEqual([sockets.length, names()], [1, ["connecting", "live"]]);
  pass(3000);
  wake();
  wake();
  pass(300);
  assert.equal(sockets.length, 2);
});

test("a page that wakes on another network does not wait for six seconds of silence", () => {
  begin();
  sockets[0].say(hello());
  pass(500);
  wake();
  pass(1600);
  assert.equal(sockets.length, 2);
});

test("an attempt that hangs is given up, and on a wake at once", () => {
  begin();
  sockets[0].say(hello());
  sockets[0].die();
  pass(1000);
  assert.equal(sockets.length, 2);
  pass(2900);
  wake();
  pass(300);
  assert.equal(sockets.length, 2, "a slow network needs its time");
  wake();
  pass(300);
  assert.equal(sockets.length, 3);
  pass(9900);
  assert.equal(sockets.length, 3);
  pass(1700);
  assert.equal(sockets.length, 4);
});

test("however often a page wakes, it tries once a second at most", () => {
  begin();
  sockets[0].die();
  for (let i = 0; i < 100; i++) {
    wake();
    pass(100);
    sockets.at(-1).die();
  }
  assert.ok(sockets.length <= 12, `${sockets.length} attempts in 10 s`);
});

test("a server that greets and then falls silent is asked less and less often", () => {
  begin("", { backoff: createBackoff({ random: () => 1 }) });
  const openedS = [];
  for (let count = 0; now < 120_000; pass(100)) {
    if (sockets.length === count) continue;
    count = sockets.length;
    openedS.push(Math.round(now / 1000));
    sockets.at(-1).say(hello());
  }
  const waits = openedS.slice(1).map((at, i) => at - openedS[i]);
  assert.ok(waits[0] <= 8 && waits.at(-1) >= 20, `seconds between attempts: ${waits}`);
});

test("a filter that was refused is not asked for again on a wake", async () => {
  begin("?country=XX");
  reply = { status: 400, json: async () => ({ error: "no country 'XX'" }) };
  sockets[0].die();
  await settled();
  wake();
  pass(60_000);
  assert.equal(sockets.length, 1);
});

test("what is not well-formed is left out, and the rest is shown", () => {
  begin();
  sockets[0].say(hello());
  sockets[0].onmessage({ data: "{" });
  for (const odd of [null, 7, [], { type: "connections" }, { type: "hello" }]) sockets[0].say(odd);
  sockets[0].say({ type: "connections", seq: 42, connections: "none", counts: null });
  sockets[0].say(frame(43));
  assert.deepEqual(frames, [42, 43]);
});

test("a browser that allows no socket does not end the page", () => {
  let tries = 0;
  class Forbidden {
    constructor() {
      tries += 1;
      throw new Error("insecure");
    }
  }
  begin("", { WebSocket: Forbidden });
  pass(5000);
  assert.ok(tries > 1);
  assert.equal(states.at(-1).name, "lost");
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
  begin("", { backoff: { next: () => 20_000, reset() {} } });
  sockets[0].say(hello());
  pass(3000, { speaks: sockets[0] });
  sockets[0].die();
  wake();
  pass(1);
  assert.equal(sockets.length, 2);
});

test("nothing is left after destroy", () => {
  const stream = begin();
  sockets[0].say(hello());
  stream.destroy();
  sockets[0].die();
  pass(600_000);
  assert.deepEqual([sockets.length, timers.length, sockets[0].closed, wake], [1, 0, true, null]);
});

test("who left before the server had said why it refuses is not told", async () => {
  const stream = begin("?country=XX");
  reply = { status: 400, json: async () => ({ error: "no country 'XX'" }) };
  sockets[0].die();
  stream.destroy();
  await settled();
  assert.deepEqual(names(), ["connecting", "lost"]);
});
