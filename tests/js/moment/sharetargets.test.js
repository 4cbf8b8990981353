import assert from "node:assert/strict";
import { test } from "node:test";
import { createPreferences } from "../../../assets/common/preferences.js";
import { sentence } from "../../../assets/moment/sharedialog.js";
import { mastodonHost, mastodonAddress, shareTargets } from "../../../assets/moment/sharetargets.js";

const URL_OF_IT = "https://unison.example.org/c/06gvqh492ncemaiql7c4g70";
const TEXT = "喝采 by A & B: Osaka + Lyon, 40 ms apart.";

test("what is posted says seconds where the times are not exact", () => {
  const [from, to] = [{ city: "Osaka", country: "Japan" }, { city: "Lyon", country: "France" }];
  const said = sentence({ track: { title: "Tide", artist: "Ana" }, from, to, apart_ms: null, within_s: 2 });
  assert.equal(said, "Tide by Ana: Osaka, Japan and Lyon, France pressed play together, within about 2 s.");
});

test("each network is given the link, and the words where it takes them", () => {
  const ways = shareTargets(TEXT, URL_OF_IT);
  assert.deepEqual(Object.keys(ways), ["Facebook", "X", "WhatsApp", "Bluesky"]);
  const query = (/** @type {string} */ name) => Object.fromEntries(new URL(ways[name]).searchParams);
  assert.deepEqual(query("Facebook"), { u: URL_OF_IT });
  assert.deepEqual(query("X"), { text: TEXT, url: URL_OF_IT });
  assert.deepEqual(query("WhatsApp"), { text: `${TEXT} ${URL_OF_IT}` });
  assert.deepEqual(query("Bluesky"), { text: `${TEXT} ${URL_OF_IT}` });
  assert.ok(Object.values(ways).every((href) => href.startsWith("https://") && !href.includes("+"))); // some show a + as it is
});

test("what is said is cut where a network takes no more, and whole where it does", () => {
  const posted = (/** @type {string} */ text, /** @type {string} */ name) => new URL(shareTargets(text, URL_OF_IT)[name]).searchParams.get("text") ?? "";
  const long = "x".repeat(700);
  assert.equal(posted(long, "X"), `${"x".repeat(254)}…`); // an ellipsis is as wide as two
  assert.equal(posted("愛".repeat(200), "X"), `${"愛".repeat(127)}…`);
  assert.equal(posted("x".repeat(256), "X"), "x".repeat(256));
  assert.equal(posted(long, "Bluesky").length, 300);
  assert.ok(posted(long, "Bluesky").endsWith(`x… ${URL_OF_IT}`));
  assert.equal(posted("🦄".repeat(300), "Bluesky"), `${"🦄".repeat(300 - URL_OF_IT.length - 2)}… ${URL_OF_IT}`);
  assert.equal(posted(long, "WhatsApp"), `${long} ${URL_OF_IT}`);
  const tooted = new URL(mastodonAddress("mastodon.social", long, URL_OF_IT)).searchParams.get("text");
  assert.equal(tooted, `${"x".repeat(475)}… ${URL_OF_IT}`);
});

test("a Mastodon server is known however it is written, and what is none is not", () => {
  for (const written of ["mastodon.social", " https://Mastodon.social/@somebody ", "@somebody@mastodon.social"]) {
    assert.equal(mastodonHost(written), "mastodon.social");
  }
  assert.equal(mastodonHost("social.example.co.uk:8443"), "social.example.co.uk:8443");
  for (const written of ["", "mastodon", "javascript:alert(1)", "a b.c", "x.y?z", "-a.b", "a..b", "evil.com#@mastodon.social/"]) {
    const host = mastodonHost(written);
    assert.ok(host === "" || new URL(mastodonAddress(host, "", "")).host === host, written);
  }
  assert.equal(mastodonHost("javascript:alert(1)"), "");
  assert.equal(mastodonHost("mastodon"), "");
  const address = new URL(mastodonAddress("mastodon.social", TEXT, URL_OF_IT));
  assert.equal(`${address.origin}${address.pathname}`, "https://mastodon.social/share");
  assert.equal(address.searchParams.get("text"), `${TEXT} ${URL_OF_IT}`);
});

test("what was written is kept, and only text is given as text", () => {
  /** @type {Map<string, string>} */
  const kept = new Map([["unison", '{"mastodon": 7}']]);
  const storage = { getItem: (/** @type {string} */ k) => kept.get(k) ?? null, setItem: (/** @type {string} */ k, /** @type {string} */ v) => void kept.set(k, v) };
  assert.equal(createPreferences(storage).text("mastodon"), "");
  createPreferences(storage).save("mastodon", "mastodon.social");
  assert.equal(createPreferences(storage).text("mastodon"), "mastodon.social");
});
