import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionLabels, createLabels } from "../../../assets/globe/labels.js";

/** As much of a document as labels need: elements with a size, classes and styles. */
class Element {
  constructor() {
    Object.assign(this, { children: [], style: { setProperty() {} }, dataset: {}, offsetWidth: 120, offsetHeight: 48 });
    const names = new Set();
    this.classList = {
      toggle: (name, on) => (on ? names.add(name) : names.delete(name)),
      remove: (name) => names.delete(name),
      contains: (name) => names.has(name),
    };
  }
  append(...children) {
    for (const child of children) Object.assign(child, { parent: this });
    this.children.push(...children);
  }
  remove() {
    this.parent.children = this.parent.children.filter((child) => child !== this);
  }
}

globalThis.document = { createElement: () => new Element() };

function makeStage(width, height) {
  return Object.assign(new Element(), { clientWidth: width, clientHeight: height });
}

const here = ([x, y]) => [x, y];
const label = (more) => ({ id: "a", point: [300, 200, 0], lines: ["Title", "Artist"], colours: [], from: 0, until: 5, ...more });

test("a label is made when its time comes and its point is in view, and goes when it is over", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const stage = makeStage(900, 600);
  const labels = createLabels(stage);
  labels.add("song", label({ from: 1, until: 5 }));
  labels.update(0, here);
  labels.update(2, () => null);
  assert.equal(stage.children.length, 0);
  labels.update(2, here);
  assert.ok(stage.children[0].classList.contains("shown"));
  labels.update(3, () => null);
  assert.equal(stage.children[0].classList.contains("shown"), false, "it went to the far side");
  labels.update(5.1, here);
  context.mock.timers.tick(1000);
  assert.deepEqual([stage.children.length, labels.count()], [0, 0]);
});

test("what is shown can be read: under heavy traffic a label stays until it is over", () => {
  const stage = makeStage(500, 400);
  const labels = createLabels(stage);
  const seenFor = new Map();
  for (let i = 0; i < 120; i++) {
    const point = [60 + ((i * 97) % 400), 60 + ((i * 61) % 300), i];
    labels.add("song", label({ id: `${i}`, lines: [`song ${i}`, ""], point, from: i / 4 + 1, until: i / 4 + 4.5 }));
    for (const now of [i / 4, i / 4 + 0.125]) {
      labels.update(now, here);
      for (const element of stage.children) {
        const key = element.children[0].children[0].textContent;
        if (element.classList.contains("shown")) seenFor.set(key, (seenFor.get(key) ?? 0) + 0.125);
      }
    }
  }
  const times = [...seenFor.values()].slice(0, -4).sort((a, b) => a - b);
  assert.ok(times.length > 10, "many get their turn");
  assert.ok(times[0] >= 1, `one was seen for ${times[0]} s only`);
  assert.ok(times[Math.floor(times.length / 2)] >= 2.5, "half of them are seen for long");
});

test("a city that two arcs share is named once", () => {
  const stage = makeStage(900, 600);
  const labels = createLabels(stage);
  labels.add("city", label({ lines: ["Osaka", "Japan"] }));
  labels.add("city", label({ lines: ["Osaka", "Japan"], id: "b" }));
  assert.equal(labels.count(), 1);
});

test("the visitor's own is told, song and both ends, however much else stands there", () => {
  const stage = makeStage(500, 400);
  const labels = createLabels(stage);
  for (let i = 0; i < 300; i++) {
    const point = [60 + ((i * 97) % 400), 60 + ((i * 61) % 300), i];
    for (const kind of ["song", "city"]) labels.add(kind, label({ id: `${i}`, lines: [`${kind} ${i}`, ""], point }));
  }
  labels.update(0, here);
  const own = { id: "own", own: true };
  labels.add("song", label({ ...own, lines: ["Copper Sky", ""], point: [250, 120, 0] }));
  labels.add("city", label({ ...own, lines: ["You", "Osaka"], point: [100, 200, 0] }));
  labels.add("city", label({ ...own, lines: ["Recife", "Brazil"], point: [300, 300, 0] }));
  labels.update(0.1, here);
  const shown = stage.children.filter(({ classList }) => classList.contains("shown"));
  const told = shown.map(({ children }) => children[0].children[0].textContent);
  assert.deepEqual(told.filter((line) => ["Copper Sky", "You", "Recife"].includes(line)).sort(), ["Copper Sky", "Recife", "You"]);
});

test("however much comes in, the number of labels is bounded", () => {
  const labels = createLabels(makeStage(900, 600));
  for (let i = 0; i < 2000; i++) labels.add("song", label({ lines: [`${i}`] }));
  assert.ok(labels.count() <= 240);
});

test("a slow device is given fewer labels, those that stand first", () => {
  const stage = makeStage(900, 600);
  const labels = createLabels(stage);
  for (let i = 0; i < 8; i++) {
    labels.add("song", label({ id: `${i}`, lines: [`song ${i}`], point: [100 + 200 * (i % 4), 150 + 250 * (i >> 2), i] }));
  }
  const standing = () => stage.children.filter((element) => element.classList.contains("shown"));
  labels.update(1, here, 1);
  const all = standing();
  labels.update(1.1, here, 0.65);
  const fewer = standing();
  assert.deepEqual([all.length, fewer.length], [4, 2]);
  assert.ok(fewer.every((element) => all.includes(element)));
});

test("a label is found by a point that it covers while it stands there", () => {
  const labels = createLabels(makeStage(900, 600));
  labels.add("song", label({}));
  assert.equal(labels.at([300, 170]), null, "not made yet");
  labels.update(1, here);
  assert.equal(labels.at([300, 170]), "a"); // 120 by 48, over its point at 300, 200
  assert.deepEqual([[300, 205], [300, 140], [235, 170]].map((at) => labels.at(at)), [null, null, null]);
  labels.update(2, () => null);
  assert.equal(labels.at([300, 170]), null, "it went to the far side");
});

test("a label follows its point, but is not touched for less than half a pixel", () => {
  const stage = makeStage(900, 600);
  const labels = createLabels(stage);
  labels.add("song", label());
  const shift = (px) => labels.update(1, ([x, y]) => [x + px, y]);
  const left = () => stage.children[0].style.transform;
  shift(0);
  shift(0.4);
  assert.equal(left(), "translate(300.0px, 200.0px)");
  shift(0.6);
  assert.equal(left(), "translate(300.6px, 200.0px)");
});

test("what stands over the stage is asked for four times a second, whatever the page's clock does", (t) => {
  let [asked, real] = [0, 0];
  t.mock.method(performance, "now", () => 1000 * real);
  const labels = createLabels(makeStage(900, 600), { obstacles: () => ((asked += 1), []) });
  for (; real < 2; real += 1 / 60) labels.update(1, here);
  assert.ok(asked >= 7 && asked <= 8, `${asked} times`);
});

test("a connection has a label for its song and one for each city, which come and go with its arc", () => {
  const connection = {
    id: "a",
    track: { title: "Slow Lighthouse", artist: "Marisol Vey" },
    from: { city: "Portland", label: "Portland, Maine", country: "United States" },
    to: { city: "Singapore", country: "Singapore" },
  };
  const times = { born: 10, lands: 12, until: 16, fadeS: 2 };
  const points = [[1, 0, 0], [0, 1.2, 0], [0, 1, 0]];
  const made = connectionLabels(connection, { points, colours: ["red", "blue"], you: "from", times });
  assert.deepEqual(made.map(([kind, { lines }]) => [kind, ...lines]), [
    ["song", "Slow Lighthouse", "Marisol Vey"],
    ["city", "You", "Portland, Maine"],
    ["city", "Singapore"],
  ]);
  assert.deepEqual(made.map(([, { from, until }]) => [from, until]), [[11, 14], [10, 14], [11.8, 15]]);
  assert.ok(made.every(([, { own, id }]) => own && id === "a"));
});

test("a city and its country are stacked where they do not fit one line, a song never", () => {
  /** A stage on which a card's second line stands that far below the first. */
  const stageWith = (below) => {
    const stage = makeStage(900, 600);
    const append = stage.append.bind(stage);
    stage.append = (element) => {
      element.children[0].children.forEach((line, i) => Object.assign(line, { offsetTop: i * below }));
      append(element);
    };
    return stage;
  };
  const isStacked = (kind, below) => {
    const stage = stageWith(below);
    const labels = createLabels(stage);
    labels.add(kind, label({ lines: ["Washington, District of Columbia", "United States"] }));
    labels.update(1, here);
    return stage.children[0].classList.contains("stacked");
  };
  assert.deepEqual([isStacked("city", 16), isStacked("city", 0), isStacked("song", 16)], [true, false, false]);
});

test("in the spotlight all three labels stand, at the rim if need be, until it ends", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const stage = makeStage(500, 400);
  const labels = createLabels(stage);
  labels.add("city", label({ id: "other", lines: ["Recife", "Brazil"], until: 99 }));
  for (let i = 0; i < 300; i++) labels.add("song", label({ id: `${i}`, lines: [`song ${i}`], point: [60 + i, 60 + i, i] }));
  labels.update(0, here);
  const spot = { id: "spot", spot: true, until: Infinity };
  labels.add("song", label({ ...spot, lines: ["Copper Sky", ""], point: [250, 120, 0] }));
  labels.add("city", label({ ...spot, lines: ["Osaka", "Japan"], point: [100, 200, 0] }));
  labels.add("city", label({ ...spot, lines: ["Recife", "Brazil"], point: [300, 300, 9] }));
  const atRim = ([x, y, behind], toRim) => (behind === 9 && !toRim ? null : [x, y]);
  const told = () =>
    stage.children
      .filter(({ classList, className }) => classList.contains("shown") && className.includes("spot"))
      .map(({ children }) => children[0].children[0].textContent)
      .sort();
  labels.update(1000, atRim, 0.3);
  assert.deepEqual(told(), ["Copper Sky", "Osaka", "Recife"]);
  labels.unspot(1003);
  labels.update(1001, atRim);
  assert.ok(!told().includes("Recife"), "it is behind the globe");
  labels.update(1004, atRim);
  assert.deepEqual(told(), []);
});
