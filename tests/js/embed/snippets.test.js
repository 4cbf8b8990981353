import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, contrastOf, iframeOf, oembedOf, partsOf, scriptOf } from "../../../assets/embed/snippets.js";

const BASE = "https://unison.example.org";
const SIZE = { width: 640, height: 360 };

test("an address holds what was chosen, and nothing that is empty", () => {
  assert.equal(addressOf(BASE, {}), `${BASE}/embed`);
  assert.equal(addressOf(BASE, { theme: "light", artist: "", title: "A & B" }), `${BASE}/embed?theme=light&title=A+%26+B`);
});

test("what somebody typed stays text in a snippet", () => {
  const title = '"><script>alert(1)</script>';
  for (const snippet of [iframeOf(BASE, { title }, SIZE), scriptOf(BASE, { title }, SIZE)]) {
    assert.ok(!snippet.includes("<script>alert"), snippet);
    assert.ok(snippet.includes("&quot;&gt;&lt;script&gt;"), snippet);
  }
});

test("a moment's frame is called what the moment is, whatever its song is called, and is of the usual size", () => {
  const code = iframeOf(BASE, { moment: "06gvqh492ncemaiql7c4g70" }, undefined, `"><script>'&`);
  assert.match(code, /^<iframe src="https:\/\/unison\.example\.org\/embed\?moment=06gvqh492ncemaiql7c4g70"\n/);
  assert.ok(code.includes('title="&quot;&gt;&lt;script&gt;\'&amp;" width="640" height="360"'));
});

test("a transparent frame has the colour scheme that keeps it so", () => {
  assert.match(iframeOf(BASE, { background: "transparent" }, SIZE), /style="border: 0; max-width: 100%; color-scheme: light"/);
  assert.doesNotMatch(iframeOf(BASE, {}, SIZE), /color-scheme/);
});

test("a frame without a width is as wide as there is room", () => {
  assert.match(iframeOf(BASE, {}, { width: null, height: 420 }), /width="100%" height="420"/);
  assert.equal(
    scriptOf(BASE, { country: "BR" }, { width: null, height: 420 }),
    `<script async src="${BASE}/embed.js"></script>\n<div data-unison data-country="BR" data-height="420"></div>`,
  );
});

test("the oEmbed address names the frame's", () => {
  const url = new URL(oembedOf(BASE, { country: "BR" }));
  assert.equal(url.searchParams.get("url"), `${BASE}/embed?country=BR`);
});

test("contrast is WCAG's, of hex colours only", () => {
  assert.equal(contrastOf("#000", "ffffff"), 21);
  assert.ok(Math.abs((contrastOf("#777777", "#ffffff") ?? 0) - 4.48) < 0.01);
  assert.equal(contrastOf("red", "#fff"), null);
  assert.deepEqual(partsOf("#F00"), [1, 0, 0]);
  for (const wrong of ["", "#", "#ff", "#ff00g0", "#ff0000ff"]) assert.equal(partsOf(wrong), null);
});
