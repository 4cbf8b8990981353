import assert from "node:assert/strict";
import { test } from "node:test";
import { saveHome, otherEnd, readHome } from "../../../assets/visitor/homecity.js";
import { createStore } from "./store.js";

const OSAKA = { id: 1853909, label: "Osaka", detail: "Japan", country_code: "JP" };

test("a city is kept and read again, and nothing is left of one that was forgotten", () => {
  const store = createStore();
  assert.equal(readHome(store), null);
  saveHome(store, OSAKA);
  assert.deepEqual(readHome(store), OSAKA);
  saveHome(store, null);
  assert.deepEqual(store.content, {});
});

test("what is kept but is no city of ours is none, and a browser that keeps nothing is no obstacle", () => {
  for (const junk of ["{", "null", "5", '"x"', "[]", '{"id":"1","label":"a","detail":"b"}', '{"id":1}']) {
    assert.equal(readHome(createStore({ "unison.city": junk })), null, junk);
  }
  const refuses = () => {
    throw new Error("denied");
  };
  const denied = { getItem: refuses, setItem: refuses, removeItem: refuses };
  for (const store of [null, denied]) {
    saveHome(store, OSAKA);
    saveHome(store, null);
    assert.equal(readHome(store), null);
  }
});

test("the other end is told from one's own", () => {
  const [here, there] = [{ geoname_id: 1 }, { geoname_id: 2 }];
  assert.equal(otherEnd(1, { from: here, to: there }), there);
  assert.equal(otherEnd(2, { from: here, to: there }), here);
  assert.equal(otherEnd(3, { from: here, to: there }), null);
});
