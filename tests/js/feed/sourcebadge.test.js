import assert from "node:assert/strict";
import { test } from "node:test";

const { createSourceBadge } = await import("../../../assets/feed/sourcebadge.js");

const hello = (live, sources = []) => ({
  now: 1000,
  plays_by_source: { live, synthetic: 0, replay: 0 },
  recent: sources.map((source) => ({ source })),
});
const frame = (now, live, connections = 0) => ({
  now,
  counts: { plays_by_source: { live, synthetic: 0, replay: 0 } },
  connections: Array.from({ length: connections }, () => ({ source: "live" })),
});

test("the badge names the sources of what is listed, too, until that has gone", () => {
  const badge = { textContent: "", dataset: {}, title: "" };
  const sources = createSourceBadge(badge);
  sources.begin(hello(0, ["synthetic"]));
  assert.equal(badge.dataset.sources, "synthetic");
  sources.add(frame(1001, 2, 59));
  assert.equal(badge.dataset.sources, "live synthetic");
  sources.add(frame(1002, 2, 1));
  assert.equal(badge.dataset.sources, "live");
});

test("the badge says when nothing was played for a minute", () => {
  const badge = { textContent: "", dataset: {}, title: "" };
  const sources = createSourceBadge(badge);
  sources.begin(hello(1));
  assert.equal(badge.dataset.sources, "live");
  sources.add(frame(1100, 0));
  assert.equal(badge.dataset.sources, "");
});
