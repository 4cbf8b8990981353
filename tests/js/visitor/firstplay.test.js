import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { createFirstPlay } from "../../../assets/visitor/firstplay.js";
import { createPlayerTokens, TokenError } from "../../../assets/visitor/playertokens.js";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** Lets promises go on. */
const settle = async () => {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

function createPage() {
  const page = new EventTarget();
  return Object.assign(page, { hidden: false, show: (shown) => (Object.assign(page, { hidden: !shown }), page.dispatchEvent(new Event("visibilitychange"))) });
}

function watch(page, answers) {
  const seen = { asked: 0, told: [], gone: 0 };
  const ask = async () => {
    seen.asked += 1;
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const onStatus = (status) => seen.told.push(status);
  seen.poll = createFirstPlay({ ask, onStatus, onGone: () => (seen.gone += 1), page, everyMs: 2000 });
  return seen;
}

test("a page asks every two seconds while it is visible, and at once when it is again", async () => {
  const page = createPage();
  const seen = watch(page, ["waiting"]);
  await settle();
  assert.equal(seen.asked, 1);
  mock.timers.tick(2000);
  await settle();
  assert.equal(seen.asked, 2);
  page.show(false);
  mock.timers.tick(60_000);
  await settle();
  assert.equal(seen.asked, 2);
  page.show(true);
  await settle();
  assert.equal(seen.asked, 3);
  assert.deepEqual(seen.told, ["waiting", "waiting", "waiting"]);
});

test("a failure is tried again, and a token that is nobody's is not", async () => {
  const seen = watch(createPage(), [new TypeError("offline"), new TokenError(503, 0), new TokenError(401, 0)]);
  for (let i = 0; i < 5; i += 1) {
    await settle();
    mock.timers.tick(2000);
  }
  assert.deepEqual([seen.asked, seen.gone, seen.told.length], [3, 1, 0]);
});

test("after destroy nothing is asked or told", async () => {
  const page = createPage();
  const seen = watch(page, ["waiting"]);
  seen.poll.destroy();
  await settle();
  page.show(true);
  mock.timers.tick(10_000);
  await settle();
  assert.deepEqual([seen.asked, seen.told.length], [1, 0]);
});

test("the server is asked with the token in a header, and never in an address", async () => {
  const asked = [];
  const request = async (url, options) => {
    asked.push([options.method ?? "GET", url, options.headers ?? {}]);
    return { ok: true, json: async () => ({ token: "signed" }) };
  };
  const tokens = createPlayerTokens("https://unison.example.org", request);
  await tokens.make(1853909);
  await tokens.status("secret");
  await tokens.remove("secret");
  const [first, post, status, remove] = asked;
  assert.deepEqual(first.slice(0, 2), ["GET", "https://unison.example.org/connect/csrf"]);
  assert.deepEqual([post[0], post[2]["X-CSRF-Token"]], ["POST", "signed"]);
  assert.deepEqual([status[0], status[2].Authorization], ["GET", "Bearer secret"]);
  assert.deepEqual([remove[0], remove[2].Authorization], ["DELETE", "Bearer secret"]);
  assert.ok(asked.every(([, url]) => !url.includes("secret")));
});

test("a refusal says what it is", async () => {
  const answers = [[401, null], [429, "7"], [503, null]];
  const request = async () => {
    const [status, after] = answers.shift();
    return { ok: false, status, headers: new Headers(after ? { "Retry-After": after } : {}) };
  };
  const tokens = createPlayerTokens("", request);
  const found = [];
  for (let i = 0; i < 3; i += 1) await tokens.status("t").catch(({ invalid, waitS }) => found.push([invalid, waitS]));
  assert.deepEqual(found, [[true, 0], [false, 7], [false, 0]]);
});
