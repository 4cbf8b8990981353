import assert from "node:assert/strict";
import { test } from "node:test";
import { base, baseOf } from "../../../assets/common/baseurl.js";

test("addresses begin where the folder of the modules is, under whatever path that is", () => {
  assert.equal(baseOf("https://unison.example/assets/0123abcd/common/baseurl.js"), "https://unison.example");
  assert.equal(baseOf("https://host.example:8443/music/globe/assets/0123/common/baseurl.js"), "https://host.example:8443/music/globe");
  assert.equal(baseOf("https://host.example/assets/assets/0123/common/baseurl.js"), "https://host.example/assets");
  assert.equal(base, "");
});
