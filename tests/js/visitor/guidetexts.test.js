import assert from "node:assert/strict";
import { test } from "node:test";

import { filled, fits, isPersonal, valuesOf } from "../../../assets/visitor/guidetexts.js";

test("an address is written as players want it", () => {
  const cases = [
    ["https://unison.example.org", "unison.example.org:80", "unison.example.org", "https://unison.example.org"],
    ["http://studio.lan:8000/", "studio.lan:8000", "studio.lan:8000", "http://studio.lan:8000"],
    ["http://studio.lan", "studio.lan:80", "studio.lan", "http://studio.lan"],
    ["https://example.org:8443/globe", "example.org:80", "example.org:8443/globe", "https://example.org:8443"],
    ["http://[::1]:8000", "[::1]:8000", "[::1]:8000", "http://[::1]:8000"],
  ];
  for (const [base, plain, address, origin] of cases) {
    const found = valuesOf(base, "t", "u");
    assert.deepEqual([found.plain, found.address, found.origin], [plain, address, origin]);
    assert.equal(found.base, base.replace(/\/$/, ""));
  }
});

test("what a player needs is compared with the address", () => {
  const unfit = (base) => ["http", "https", "no_path"].filter((need) => !fits(need, base));
  assert.deepEqual(unfit("https://unison.example.org"), ["http"]);
  assert.deepEqual(unfit("http://unison.example.org/"), ["https"]);
  assert.deepEqual(unfit("https://example.org/globe"), ["http", "no_path"]);
});

test("a text has its values, and other braces stay", () => {
  assert.equal(filled("{base}/1/ {other} {token}", { base: "b", token: "{base}" }), "b/1/ {other} {base}");
  assert.deepEqual(["{base}", "{token}", "u {user}"].map(isPersonal), [false, true, true]);
});
