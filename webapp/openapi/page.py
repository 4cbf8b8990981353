"""The document as its page shows it: groups of operations, and schemas, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from webapp.openapi.operations import FORM, JSON, Json

CHOICES_MOST = 12
"""Of a list of values: so many are shown."""
_RANGES = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", ""))
"""Names of the least and the most, and their unit."""
_LINK = re.compile(r"\[([^\]]+)\]\((https://[^)]+)\)")
_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or a field of a schema. `kind` and `text` are HTML."""

    name: str
    where: str
    is_required: bool
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a body has: its media type, what it is (HTML), and an example or ""."""

    media: str
    kind: str
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, what that is called, what it means here (HTML), and its contents."""

    status: str
    called: str
    text: str
    contents: Sequence[Content]


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation. `text` is HTML, `needs` the schemes of which one is needed."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    needs: Sequence[str]
    docs: str
    parameters: Sequence[Row]
    body: Sequence[Content]
    answers: Sequence[Answer]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """Operations that belong together. `text` is HTML."""

    id: str
    name: str
    text: str
    operations: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its name, what it is (HTML), its kind (HTML) where it has no fields, its fields, and an example."""

    name: str
    text: str
    kind: str
    rows: Sequence[Row]
    example: str


class Page:
    """What the page shows of a document."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._found = [
            (path, method, told) for path, methods in document["paths"].items() for method, told in methods.items()
        ]
        self.text = prose(document["info"]["description"])

    def groups(self) -> list[Group]:
        """Return the groups that have operations, in the document's order."""
        return [self._group(tag) for tag in self._document["tags"]]

    def _group(self, tag: Json) -> Group:
        name = tag["name"]
        shown = [self._shown(*each) for each in self._found if each[2]["tags"] == [name]]
        return Group(f"group-{_slug(name)}", name, prose(tag["description"]), shown)

    def schemas(self) -> list[Schema]:
        """Return the schemas, by name."""
        found = self._document["components"]["schemas"]
        return [_schema(name, found[name]) for name in sorted(found)]

    def schemes(self) -> list[Row]:
        """Return how a request says who sends it."""
        found = self._document["components"]["securitySchemes"]
        return [Row(name, _scheme(each), False, "", prose(each["description"])) for name, each in found.items()]

    def _shown(self, path: str, method: str, told: Json) -> Shown:
        content = self._resolved(told.get("requestBody", {})).get("content", {})
        return Shown(
            id=told["operationId"],
            method=method.upper(),
            path=path,
            summary=told["summary"],
            text=prose(told.get("description", "")),
            needs=["".join(each) or "nothing" for each in told.get("security", [])],
            docs=told.get("externalDocs", {}).get("url", ""),
            parameters=[self._parameter(self._resolved(each)) for each in told.get("parameters", [])],
            body=list(_contents(content)),
            answers=[self._answer(status, each) for status, each in sorted(told["responses"].items())],
            curl=told["x-codeSamples"][0]["source"],
        )

    def _parameter(self, told: Json) -> Row:
        return Row(told["name"], told["in"], told["required"], kind_of(told["schema"]), prose(told["description"]))

    def _answer(self, status: str, told: Json) -> Answer:
        said = self._resolved(told)
        return Answer(
            status,
            HTTPStatus(int(status)).phrase,
            prose(said["description"]),
            list(_contents(said.get("content", {}), with_examples=False)),
        )

    def _resolved(self, told: Json) -> Json:
        """Return what a reference refers to."""
        if "$ref" not in told:
            return told
        found: Any = self._document
        for part in told["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)


def _contents(content: Mapping[str, Json], *, with_examples: bool = True) -> Iterator[Content]:
    for media, told in content.items():
        example = _example(told["example"], media) if with_examples and "example" in told else ""
        yield Content(media, kind_of(told["schema"]), example)


def _example(example: Any, media: str) -> str:
    """Return an example as a body of its type has it."""
    if media == JSON:
        return _written(example)
    if media == FORM:
        return urlencode(example, safe="$[]")
    return "\n".join(map(json.dumps, example)) if isinstance(example, list) else str(example)


def _schema(name: str, told: Json) -> Schema:
    required = told.get("required", [])
    rows = [
        Row(field, "", field in required, kind_of(each), prose(each.get("description", "")))
        for field, each in told.get("properties", {}).items()
    ]
    example = next(iter(told.get("examples", [])), None)
    kind = "" if rows else kind_of(told)
    return Schema(name, prose(told.get("description", "")), kind, rows, "" if example is None else _written(example))


def _written(example: object) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)


def _scheme(told: Json) -> str:
    return f"{told['name']} header" if told["type"] == "apiKey" else f"Authorization: {told['scheme'].title()} …"


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return what values a schema allows, in a few words, as HTML."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f'<a href="#schema-{name}">{name}</a>'
    for several, joint in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if several in schema:
            return joint.join(map(kind_of, schema[several]))
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return _choices(schema["enum"])
    return ", ".join([_type(schema), *_bounds(schema)])


def _choices(values: Sequence[object]) -> str:
    shown = [f"<code>{escape(str(value) if value is not None else 'null')}</code>" for value in values[:CHOICES_MOST]]
    return ", ".join(shown) + (f" … ({len(values)})" if len(values) > CHOICES_MOST else "")


def _type(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "anything")
    named = " or ".join(kinds) if isinstance(kinds, list) else kinds
    if named == "array":
        return f"array of {kind_of(schema.get('items', {}))}"
    if named == "object" and schema.get("properties"):
        return "object with " + ", ".join(f"<code>{escape(name)}</code>" for name in schema["properties"])
    return str(named)


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    for least, most, unit in _RANGES:
        if least in schema and most in schema:
            yield f"{_number(schema[least])} to {_number(schema[most])}{unit}"
        elif most in schema:
            yield f"at most {_number(schema[most])}{unit}"
        elif least in schema:
            yield "not empty" if least != "minimum" else f"at least {_number(schema[least])}"
    if "default" in schema and schema["default"] is not None:
        yield f"<code>{escape(str(schema['default']))}</code> if left out"


def _number(value: float) -> str:
    return f"{value:,}" if abs(value) < 10**7 else str(value)  # times have no separators


def prose(text: str) -> str:
    """Return paragraphs with `code` and [links](https://example.org) as HTML; a single one without its element."""
    made = [
        _CODE.sub(r"<code>\1</code>", _LINK.sub(r'<a href="\2">\1</a>', escape(part))) for part in text.split("\n\n")
    ]
    return made[0] if len(made) == 1 else "".join(f"<p>{each}</p>" for each in made)


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower())
