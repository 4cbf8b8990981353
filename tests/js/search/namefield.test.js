import assert from "node:assert/strict";
import { test } from "node:test";

import { meantBy, momentOf, nameOf, plainOf } from "../../../assets/search/namefield.js";

const RECIFE = { kind: "city", label: "Recife", detail: "Brazil", filter: { city: "3390760" } };

test("who knows an id gives it, and a name of anything but an artist is looked for", () => {
  const plain = { artist: "Tim Maia", country: "br", city: "3390760", track: "0123456789abcdef" };
  for (const [kind, text] of Object.entries(plain)) assert.equal(plainOf(kind, text), text);
  for (const kind of ["country", "city", "track"]) assert.equal(plainOf(kind, "Brazil"), "");
});

test("a moment is given by its id or by a link to it", () => {
  const id = "065dqbqj40000000000000g";
  for (const text of [id, `/c/${id}`, `https://unison.example.org/c/${id}?lang=de`]) assert.equal(momentOf(text), id);
  assert.equal(momentOf("something else"), "something else");
});

test("a name typed in full means what it names", () => {
  assert.equal(meantBy([RECIFE], "recife"), RECIFE);
  assert.equal(meantBy([RECIFE], "Recife, brazil"), RECIFE);
  assert.equal(meantBy([RECIFE], "reci"), undefined);
  assert.equal(nameOf({ ...RECIFE, kind: "country", detail: "BR" }), "Recife");
});
