import assert from "node:assert/strict";
import { test } from "node:test";

import { exactMatch, momentIdIn, nameOf, literalValue } from "../../../assets/search/namefield.js";

const RECIFE = { kind: "city", label: "Recife", detail: "Brazil", filter: { city: "3390760" } };

test("who knows an id gives it, and a name of anything but an artist is looked for", () => {
  const plain = { artist: "Tim Maia", country: "br", city: "3390760", track: "0123456789abcdef" };
  for (const [kind, text] of Object.entries(plain)) assert.equal(literalValue(kind, text), text);
  for (const kind of ["country", "city", "track"]) assert.equal(literalValue(kind, "Brazil"), "");
});

test("a moment is given by its id or by a link to it", () => {
  const id = "065dqbqj40000000000000g";
  for (const text of [id, `/c/${id}`, `https://unison.example.org/c/${id}?lang=de`]) assert.equal(momentIdIn(text), id);
  assert.equal(momentIdIn("something else"), "something else");
});

test("a name typed in full means what it names", () => {
  assert.equal(exactMatch([RECIFE], "recife"), RECIFE);
  assert.equal(exactMatch([RECIFE], "Recife, brazil"), RECIFE);
  assert.equal(exactMatch([RECIFE], "reci"), undefined);
  const country = { kind: "country", label: "Turkey", detail: "TR", filter: { country: "TR" } };
  assert.equal(nameOf(country), "Türkiye");
  assert.equal(exactMatch([country], "türkiye"), country);
});
