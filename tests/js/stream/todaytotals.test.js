import assert from "node:assert/strict";
import { test } from "node:test";
import { createTally, createTodayTotals, dayStart, earliest } from "../../../assets/stream/todaytotals.js";

const AT = 1_790_000_100; // a quarter hour
const OSAKA = { geoname_id: 1853909, country_code: "JP" };
const RECIFE = { geoname_id: 3390760, country_code: "BR" };
const LAGOS = { geoname_id: 2332459, country_code: "NG" };
const connection = (id, from = OSAKA, to = RECIFE, more = {}) => ({ id, at: AT + 5, km: 100, from, to, ...more });
const frame = (seq, ...connections) => ({ seq, connections });
const hello = (seq, gap = null, stream = "s") => ({ stream, seq, gap });
const answer = (seq, more = {}) => ({
  since: AT, city: null, meetings: 10, countries: ["BR", "JP"], farthest: null, stream: "s", seq, ...more,
});
const meetings = (tally) => tally.totals()?.meetings;

test("frames that the answer counts are not counted twice, and later ones are added", () => {
  const tally = createTally();
  tally.begin(hello(4));
  tally.add(frame(5, connection("a")));
  tally.add(frame(6, connection("b")));
  assert.equal(tally.totals(), null);
  tally.set(answer(5));
  assert.equal(meetings(tally), 11);
  tally.set(answer(8, { meetings: 13 }));
  tally.add(frame(7, connection("c")));
  tally.add(frame(8, connection("d")));
  assert.equal(meetings(tally), 13);
  tally.add(frame(9, connection("e", LAGOS, OSAKA, { km: 7 })));
  const { countries, farthest } = tally.totals();
  assert.deepEqual([meetings(tally), countries, farthest.id, tally.isWhole()], [14, 3, "e", true]);
});

test("a total is whole only if nothing lies between the answer and the frames", () => {
  const tally = createTally();
  assert.equal(tally.isWhole(), true, "no frames come");
  tally.begin(hello(40));
  tally.set(answer(38));
  assert.equal(tally.isWhole(), false, "the frames 39 and 40");
  tally.set(answer(41));
  assert.equal(tally.isWhole(), true);
  tally.add(frame(42));
  tally.add(frame(44, connection("a")));
  assert.equal(tally.isWhole(), false, "frame 43 came while nobody counted");
  tally.set(answer(43));
  assert.deepEqual([tally.isWhole(), meetings(tally)], [true, 11]);
  tally.begin(hello(50, 6));
  assert.deepEqual([tally.isWhole(), meetings(tally)], [false, 11]);
  tally.set(answer(50));
  tally.begin(hello(50, 0));
  assert.equal(tally.isWhole(), true, "nothing was missed");
  tally.begin(hello(1, -1, "another"));
  assert.equal(tally.isWhole(), false);
  tally.add(frame(2, connection("b")));
  tally.set(answer(1, { stream: "another" }));
  assert.deepEqual([tally.isWhole(), meetings(tally)], [true, 11]);
});

test("an answer that was kept on its way does not take anything back", () => {
  const tally = createTally();
  tally.begin(hello(4));
  tally.add(frame(5, connection("a")));
  tally.set(answer(5, { meetings: 11 }));
  tally.set(answer(4));
  assert.equal(meetings(tally), 11);
  tally.set(answer(4, { since: AT + 900, meetings: 0 }));
  assert.deepEqual([meetings(tally), tally.isWhole()], [0, false], "another day: frame 5 is asked for again");
});

test("while the stream has a filter, its frames do not count", () => {
  const tally = createTally();
  tally.begin(hello(4));
  tally.set(answer(4));
  tally.add(frame(5, connection("a")));
  tally.suspend();
  tally.add(frame(6, connection("b")));
  assert.deepEqual([meetings(tally), tally.isWhole()], [11, true]);
  tally.begin(hello(9));
  assert.deepEqual([meetings(tally), tally.isWhole()], [11, false]);
});

test("only what touches a city counts for it, with the countries of the other ends", () => {
  const tally = createTally(OSAKA.geoname_id);
  tally.begin(hello(1));
  tally.set(answer(1, { meetings: 0, countries: [] }));
  tally.add(frame(2, connection("a", OSAKA, LAGOS), connection("b", RECIFE, LAGOS), connection("c", LAGOS, OSAKA)));
  const { countries, farthest } = tally.totals();
  assert.deepEqual([meetings(tally), countries, farthest.id], [2, 1, "c"], "of equally far ones the newer");
});

test("what was before the quarter hour does not count", () => {
  const tally = createTally();
  tally.begin(hello(1));
  tally.set(answer(1));
  tally.add(frame(2, connection("a", OSAKA, RECIFE, { at: AT - 0.1 })));
  assert.equal(meetings(tally), 10);
});

test("a day begins at the visitor's midnight, which is a quarter hour everywhere", () => {
  const before = process.env.TZ;
  const noon = Date.UTC(2026, 8, 21, 12) / 1000;
  for (const [zone, hours] of [["Asia/Kathmandu", 17.75], ["Asia/Kolkata", 17.5], ["America/St_Johns", 9.5], ["UTC", 12]]) {
    process.env.TZ = zone;
    assert.equal(dayStart(noon), noon - hours * 3600, zone);
    assert.equal(dayStart(noon) % 900, 0);
    assert.ok(dayStart(noon) >= earliest(noon));
  }
  process.env.TZ = "Europe/Berlin";
  const late = Date.UTC(2026, 9, 25, 22, 59, 59) / 1000;
  assert.equal(late - dayStart(late), 25 * 3600 - 1, "the day whose clocks are set back");
  assert.ok(dayStart(late) >= earliest(late));
  process.env.TZ = before;
});

test("it asks once the stream begins, again soon where frames are missing, and not while nobody looks", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const listeners = [];
  globalThis.document = {
    hidden: false,
    addEventListener: (_, listen) => listeners.push(listen),
    removeEventListener: () => listeners.pop(),
  };
  const [asked, shown] = [[], []];
  const answers = [answer(3), answer(5), answer(9)];
  const load = async (since, city) => (asked.push([since, city]), answers[asked.length - 1]);
  const onChange = ({ meetings }) => shown.push(meetings);
  const options = { nowS: () => AT, onChange, load, chance: () => 0 };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const totals = createTodayTotals(options);
  t.mock.timers.tick(1e6);
  assert.deepEqual(asked, []);
  totals.begin(hello(4));
  await settled();
  assert.deepEqual(asked, [[dayStart(AT), null]]);
  totals.add(frame(5, connection("a")));
  t.mock.timers.tick(12_000);
  await settled();
  assert.deepEqual([asked.length, shown], [2, [10, 11, 10]]);
  document.hidden = true;
  t.mock.timers.tick(300_000);
  await settled();
  assert.equal(asked.length, 2);
  document.hidden = false;
  listeners.forEach((listen) => listen());
  await settled();
  assert.equal(asked.length, 3);
  totals.destroy();
  t.mock.timers.tick(1e6);
  assert.deepEqual([asked.length, listeners.length], [3, 0]);
  delete globalThis.document;
});

test("a frame costs the same however many came before it, and only what is far is kept as it came", () => {
  const tally = createTally();
  tally.begin(hello(0));
  tally.set(answer(0));
  let looked = 0;
  const counted = (id, km) => ({ ...connection(id), km, get at() { return (looked += 1), AT + 5; } });
  for (let seq = 1; seq <= 100; seq++) {
    tally.add(frame(seq, counted(`c${seq}`, (seq * 37) % 100)));
    assert.equal(meetings(tally), 10 + seq);
  }
  assert.ok(looked < 300, `100 connections were looked at ${looked} times`);
  assert.equal(tally.totals().farthest.km, 99);
  tally.set(answer(90, { meetings: 100 }));
  const late = [91, 92, 93, 94, 95, 96, 97, 98, 99, 100].map((seq) => (seq * 37) % 100);
  assert.deepEqual([meetings(tally), tally.totals().farthest.km], [110, Math.max(...late)]);
});

test("without an answer for long it holds no more, and says that something is missing", () => {
  const tally = createTally();
  tally.begin(hello(0));
  tally.set(answer(0));
  for (let seq = 1; seq <= 30; seq++) tally.add(frame(seq, ...Array(1000).fill(connection(`c${seq}`))));
  assert.deepEqual([meetings(tally), tally.isWhole()], [21_010, false]);
  tally.set(answer(30, { meetings: 30_010 }));
  assert.deepEqual([meetings(tally), tally.isWhole()], [30_010, true]);
});
