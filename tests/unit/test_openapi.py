"""The OpenAPI document: it covers the application, and what it shows is as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.schemas import closed
from tests.serving import ROOT
from webapp.ingest.submissions import Request
from webapp.openapi.dialects import METHODS, TAG
from webapp.openapi.document import Server, document, operations
from webapp.openapi.operations import Json, Operation, Sample
from webapp.openapi.page import Page, kind_of, prose
from webapp.web.frontdoor import DIALECTS
from webapp.web.requestmetrics import BEFORE_FLASK

DOCUMENT = document(Server(base="https://unison.example.org"))
SCHEMAS = DOCUMENT["components"]["schemas"]
PAGES = {
    "/": "a page; as a handshake it is described",
    "/c/{id}": "a page",
    "/docs/api": "a page",
    "/embed": "a page, for frames; docs/embed.md has its parameters",
    "/embed/builder": "a page",
    "/playlist": "a page",
    "/privacy": "a page",
    "/stats": "a page",
    "/status": "a page",
    "/assets/{version}/{name}": "an asset: its address changes with it",
    "/embed.d.ts": "an asset",
    "/embed.js": "an asset",
    "/embed/look.css": "an asset",
    "/favicon.ico": "an asset",
    "/robots.txt": "for crawlers",
}
"""The paths whose GET the document leaves out, and why."""
TWICE = {"/api/auth/": "the same as without the slash"}
"""The paths that the document leaves out, and why."""
METHOD_NAMES = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def validator(schema: Json) -> Any:
    return jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}, validate_formats=True)


def is_valid(value: Any, name: str) -> bool:
    """Tell whether a value is what a schema of the document says, and has nothing else."""
    components = closed({"schemas": SCHEMAS})
    found = {"$ref": f"#/components/schemas/{name}", "components": components}
    return bool(jsonschema_rs.validator_for(found, validate_formats=True).is_valid(value))


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield the path and the method of each of the application's routes, as the document writes them."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:(?!any)[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)
        choices = re.search(r"<any\((.*)\):\w+>", path)
        paths = [path.replace(choices[0], each.strip()) for each in choices[1].split(",")] if choices else [path]
        yield from product(paths, sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def test_every_route_is_described_or_left_out_for_a_reason(app: Flask) -> None:
    found = set(routes(app))
    described = {(path, method.upper()) for path, told in DOCUMENT["paths"].items() for method in told}
    assert len(found) > 30
    left_out = {(path, "GET") for path in PAGES} | {(path, method) for path, method in found if path in TWICE}
    assert found - described - left_out == set()
    assert set(PAGES) - {path for path, _ in found} == set()


def test_everything_that_is_described_is_answered_by_the_application_or_before_it(app: Flask) -> None:
    of_dialects = {(each.path, each.method.upper()) for each in operations(Server()) if is_of_a_dialect(each)}
    described = {(path, method.upper()) for path, told in DOCUMENT["paths"].items() for method in told}
    assert described - set(routes(app)) - of_dialects == set()
    assert set(BEFORE_FLASK) <= DOCUMENT["paths"].keys()


def is_of_a_dialect(each: Operation) -> bool:
    return any(handles(dialect, each) for dialect in DIALECTS)


def handles(dialect: Any, each: Operation) -> bool:
    query = "&".join(f"{name}={value}" for name, value in each.sample.query.items())
    path = each.path.replace("{user}", "someone").replace("{token}", "some-token").removesuffix("/")
    return bool(dialect.handles(each.method.upper(), path, query.encode()))


def test_every_dialect_has_its_endpoints_with_links_to_its_own_documentation() -> None:
    told = [each for each in operations(Server()) if each.tag == TAG]
    for dialect in DIALECTS:
        found = [each for each in told if handles(dialect, each)]
        assert found, dialect.name
        assert all(each.docs.startswith("https://") for each in found), dialect.name


def test_last_fm_knows_every_method_that_is_described() -> None:
    (lastfm,) = (each for each in DIALECTS if each.name == "lastfm")
    for name in METHODS:
        query = f"method={name}&api_key=0".encode()
        answer = lastfm.read(Request("POST", "/2.0", query, {}, b"", "", 0.0))
        assert b"Invalid Method" not in getattr(answer, "body", b""), name


def test_the_document_has_the_form_of_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert all(set(told) <= METHOD_NAMES for told in DOCUMENT["paths"].values())
    ids = [each.id for each in operations(Server())]
    assert len(set(ids)) == len(ids)
    tags = [tag["name"] for tag in DOCUMENT["tags"]]
    assert {each.tag for each in operations(Server())} == set(tags)


@pytest.mark.parametrize("each", operations(Server()), ids=lambda each: each.id)
def test_an_operation_describes_the_parameters_of_its_path_and_what_is_refused(each: Operation) -> None:
    told = DOCUMENT["paths"][each.path][each.method]
    named = {parameter["name"] for parameter in each.parameters if parameter.get("in") == "path"}
    assert set(re.findall(r"\{(\w+)\}", each.path)) == named
    assert ("421" in told["responses"]) == (each.path not in ("/healthz", "/readyz"))
    assert "{" not in told["x-codeSamples"][0]["source"].split("\n")[0]
    if each.body and not each.path.startswith("/audioscrobbler/"):
        assert {"413", "415"} <= told["responses"].keys()


def references(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        yield from ([told["$ref"]] if "$ref" in told else [])
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from references(each)


def test_every_reference_leads_to_something() -> None:
    for reference in set(references(DOCUMENT)):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_example_of_a_schema_is_what_the_schema_says(name: str) -> None:
    jsonschema_rs.meta.validate({**SCHEMAS[name], "$schema": "https://json-schema.org/draft/2020-12/schema"})
    for example in SCHEMAS[name].get("examples", []):
        assert is_valid(example, name), example


def contents() -> Iterator[tuple[str, Json]]:
    """Yield what each body has, by the operation's id."""
    for each in operations(Server()):
        for media in (each.body or {}).get("content", {}).values():
            yield each.id, media


@pytest.mark.parametrize(("id", "media"), list(contents()))
def test_every_example_of_a_body_is_what_its_schema_says(id: str, media: Json) -> None:
    if "example" in media:
        validator(media["schema"]).validate(media["example"])


def test_every_example_of_a_parameter_is_what_its_schema_says() -> None:
    shown = [each for told in operations(Server()) for each in told.parameters if "example" in each]
    shown += [each for each in DOCUMENT["components"]["parameters"].values() if "example" in each]
    assert len(shown) > 10
    for each in shown:
        validator(each["schema"]).validate(each["example"])


def documented(page: str) -> list[Any]:
    """Return the examples of JSON in a page of the docs."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [json.loads(each) for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_the_connection_in_the_docs_is_what_its_schema_says() -> None:
    (connection,) = documented("api.md")
    assert is_valid(connection, "Connection")
    assert not is_valid({**connection, "apart": 1}, "Connection")
    assert not is_valid({**connection, "within_s": 3}, "Connection")


def test_the_receipt_in_the_docs_is_what_its_schema_says() -> None:
    (receipt,) = documented("ingest.md")
    assert is_valid(receipt, "Receipt")


def test_errors_have_their_own_schema() -> None:
    answers = DOCUMENT["components"]["responses"]
    assert all(
        each["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
        for each in answers.values()
    )
    assert is_valid({"error": "there is no such moment"}, "Error")
    assert not is_valid({"message": "there is no such moment"}, "Error")


def test_a_server_without_tokens_says_so() -> None:
    def needed(server: Server, id: str) -> list[Json]:
        told = document(server)["paths"].values()
        return next(each["security"] for methods in told for each in methods.values() if each["operationId"] == id)

    assert needed(Server(), "sendPlays") == [{"sender": []}]
    assert {} in needed(Server(wants_tokens=False), "sendPlays")
    assert {} in needed(Server(), "getMetrics")
    assert {} not in needed(Server(has_operators_token=True), "getMetrics")


def test_an_example_with_curl_can_be_pasted() -> None:
    operation = Operation(
        id="x",
        method="put",
        path="/a/{id}",
        tag="x",
        summary="x",
        answers={},
        parameters=[{"name": "id", "in": "path", "example": "b c"}],
        sample=Sample({"q": "x y"}, {"Authorization": "Bearer $TOKEN"}, "it's"),
    )
    assert operation.curl("https://unison.example.org") == (
        "curl -X PUT 'https://unison.example.org/a/b%20c?q=x+y' \\\n"
        '  -H "Authorization: Bearer $TOKEN" \\\n'
        "  -d 'it'\\''s'"
    )


def test_the_page_has_every_operation_and_schema_by_its_name(client: FlaskClient) -> None:
    html = client.get("/docs/api").text
    for each in operations(Server()):
        assert f'<article id="{each.id}"' in html
    for name in SCHEMAS:
        assert f'<article id="schema-{name}"' in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(set(ids)) == len(ids)
    assert {link for link in re.findall(r'href="#([^"]+)"', html) if link not in ids} == set()


def test_the_document_is_served_with_a_tag_and_to_other_sites(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.json is not None
    assert answer.json["paths"].keys() == DOCUMENT["paths"].keys()
    assert answer.json["servers"] == [{"url": "http://localhost"}]
    assert (answer.content_type, answer.headers["Access-Control-Allow-Origin"]) == ("application/json", "*")
    assert "max-age=300" in answer.headers["Cache-Control"]
    again = client.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/City"}, '<a href="#schema-City">City</a>'),
        ({"type": ["integer", "null"], "minimum": 1}, "integer or null, at least 1"),
        ({"type": "string", "minLength": 1, "maxLength": 2000}, "string, 1 to 2,000 characters"),
        ({"type": "string", "minLength": 1}, "string, not empty"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 20}, "array of string, at most 20"),
        ({"enum": ["<a>", None]}, "<code>&lt;a&gt;</code>, <code>null</code>"),
        ({"const": "ok"}, "<code>&quot;ok&quot;</code>"),
        ({"type": "integer", "default": 20}, "integer, <code>20</code> if left out"),
        ({}, "anything"),
    ],
)
def test_a_schema_is_told_in_words(schema: Json, words: str) -> None:
    assert kind_of(schema) == words


def test_texts_become_html_and_nothing_else_does() -> None:
    assert prose("`a<b>` and [x](https://example.org/?a&b)") == (
        '<code>a&lt;b&gt;</code> and <a href="https://example.org/?a&amp;b">x</a>'
    )
    assert prose("one\n\ntwo") == "<p>one</p><p>two</p>"


def test_a_body_of_lines_is_shown_as_lines() -> None:
    groups = Page(DOCUMENT).groups()
    (plays,) = (each for group in groups for each in group.operations if each.id == "sendPlays")
    lines = next(each.example for each in plays.body if "ndjson" in each.media)
    assert [json.loads(line)["listener"] for line in lines.splitlines()] == ["7f3a9c", "b09d11"]
