import assert from "node:assert/strict";
import { test } from "node:test";
import { createPause } from "../../../assets/ui/pause.js";

/** An element that has listeners, a text and attributes. */
class FakeElement extends EventTarget {
  dataset = {};
  hidden = false;
  textContent = "";
  attributes = new Set();
  setAttribute(name) {
    this.attributes.add(name);
  }
  removeAttribute(name) {
    this.attributes.delete(name);
  }
  toggleAttribute(name, now) {
    this[now ? "setAttribute" : "removeAttribute"](name);
  }
}

test("a pause that is removed while it lasts lets everything go on", () => {
  const [button, note, root, changes] = [new FakeElement(), new FakeElement(), new FakeElement(), []];
  globalThis.document = { documentElement: root };
  const pause = createPause(button, { note, onChange: (now) => changes.push(now), announce: () => {} });
  button.dispatchEvent(new Event("click"));
  pause.countMissed();
  assert.deepEqual([changes, note.hidden, [...root.attributes]], [[true], false, ["data-paused"]]);
  pause.destroy();
  assert.deepEqual([changes, note.hidden, [...root.attributes]], [[true, false], true, []]);
  button.dispatchEvent(new Event("click"));
  assert.deepEqual(changes, [true, false]);
});
