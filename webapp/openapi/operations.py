"""What the parts of the document are made of: operations, parameters, bodies and answers.

The form is that of OpenAPI 3.1.1, https://spec.openapis.org/oas/v3.1.1.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

Json = dict[str, Any]

JSON, TEXT, HTML = "application/json", "text/plain", "text/html"
FORM = "application/x-www-form-urlencoded"
EXAMPLE_ID = "06gvqh492ncemaiql7c4g70"
"""Of a connection."""
WRITES = ("400", "408", "413", "415", "429")
"""What can be wrong with any body."""

REASONS = {
    "400": "A parameter or the body is wrong. The sentence names the value and what would be right.",
    "401": "The token is missing or wrong.",
    "403": "Not allowed: a page of another site sent the request, or a token of another kind.",
    "404": "There is no such thing, or the operator has switched this off.",
    "405": "This address does not take this method.",
    "408": "The body did not arrive within 30 s.",
    "410": "It was there. It has been deleted, or the operator hides it.",
    "413": "The body is too large.",
    "415": "The body has a type or a coding that is not supported.",
    "421": "The server is not known by the requested host name.",
    "426": "The request does not ask for a websocket.",
    "429": "Too many requests. Wait for `Retry-After`.",
    "500": "The server failed.",
    "501": "The format is not supported.",
    "503": "Not possible right now. Wait for `Retry-After` if the answer has it.",
}
"""What a status means, unless an operation says more."""
RETRIED = ("429", "503")


@dataclass(frozen=True, slots=True)
class Sample:
    """What an example with curl sends: the query, headers, and the body."""

    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A request that the server takes.

    Attributes:
        id: its name, also on the page.
        method: in lower case.
        path: with `{names}` of parameters.
        tag: the group that it is in.
        summary: what it does, in a few words.
        answers: by status; see `answer` and `errors`.
        text: more about it: paragraphs with `code` and [links](https://example.org).
        parameters: see `query`.
        body: see `body`.
        security: the schemes of which one is needed; None in it: or none.
        docs: the address of documentation elsewhere.
        sample: for the example with curl.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    answers: Mapping[str, Json]
    text: str = ""
    parameters: Sequence[Json] = ()
    body: Json | None = None
    security: Sequence[str | None] = ()
    docs: str = ""
    sample: Sample = Sample()

    def described(self, base: str) -> Json:
        """Return it as the document has it; `base` is the server's address."""
        told: Json = {"operationId": self.id, "tags": [self.tag], "summary": self.summary}
        told |= {"description": self.text} if self.text else {}
        told |= {"externalDocs": {"url": self.docs}} if self.docs else {}
        told |= {"parameters": list(self.parameters)} if self.parameters else {}
        told |= {"requestBody": self.body} if self.body else {}
        told |= {"security": [{name: []} if name else {} for name in self.security]} if self.security else {}
        example = {"lang": "Shell", "label": "curl", "source": self.curl(base)}
        return told | {"responses": dict(sorted(self.answers.items())), "x-codeSamples": [example]}

    def curl(self, base: str) -> str:
        """Return the request as a command; `base` is the server's address."""
        path = self.path
        for each in self.parameters:
            if each.get("in") == "path":
                path = path.replace(f"{{{each['name']}}}", quote(str(each["example"]), safe="$"))
        query = f"?{urlencode(self.sample.query, safe='$')}" if self.sample.query else ""
        method = {"get": "", "post": "" if self.sample.body else " -X POST"}.get(
            self.method, f" -X {self.method.upper()}"
        )
        words = [f"curl{method} {_quoted(base + path + query)}"]
        words += [f"-H {_quoted(f'{name}: {value}')}" for name, value in self.sample.headers.items()]
        words += [f"-d {_quoted(self.sample.body)}"] if self.sample.body else []
        return " \\\n  ".join(words)


def _quoted(word: str) -> str:
    """Return a word for a shell; in double quotes where the shell is to fill in a variable."""
    if "$" in word:
        return '"' + word.replace('"', '\\"') + '"'
    return "'" + word.replace("'", "'\\''") + "'"


def ref(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(name: str) -> Json:
    """Return a reference to a parameter of the document."""
    return {"$ref": f"#/components/parameters/{name}"}


def query(name: str, text: str, schema: Json, *, required: bool = False, example: object = None) -> Json:
    """Return a parameter in the query."""
    told: Json = {"name": name, "in": "query", "description": text, "required": required, "schema": schema}
    return told if example is None else told | {"example": example}


def in_path(name: str, text: str, schema: Json, example: str) -> Json:
    """Return a parameter in the path."""
    return {"name": name, "in": "path", "description": text, "required": True, "schema": schema, "example": example}


def header(name: str, text: str, schema: Json, *, required: bool = False) -> Json:
    """Return a parameter in the headers."""
    return {"name": name, "in": "header", "description": text, "required": required, "schema": schema}


def body(text: str, content: Mapping[str, Json]) -> Json:
    """Return a body that must be sent; `content` has what `media` returned, by type."""
    return {"description": text, "required": True, "content": dict(content)}


def media(schema: Json, example: object = None) -> Json:
    """Return what a body has."""
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def answer(text: str, content: Mapping[str, Json] | None = None, headers: Mapping[str, Json] | None = None) -> Json:
    """Return an answer; `content` has what `media` returned, by type."""
    told: Json = {"description": text}
    told |= {"headers": dict(headers)} if headers else {}
    return told | ({"content": dict(content)} if content else {})


def of_json(text: str, name: str) -> Json:
    """Return an answer with JSON of a schema of the document."""
    return answer(text, {JSON: media(ref(name))})


def errors(*statuses: str, **said: str) -> dict[str, Json]:
    """Return the answers to what is refused, by status; `_400="..."` says more than REASONS."""
    told = {status: {"$ref": f"#/components/responses/Error{status}"} for status in statuses}
    return told | {status[1:]: error(status[1:], text) for status, text in said.items()}


def error(status: str, text: str) -> Json:
    """Return the answer to what is refused."""
    waits = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}}
    return answer(text, {JSON: media(ref("Error"))}, waits if status in RETRIED else None)


SAME = {"304": answer("The answer is the one that `If-None-Match` names.")}
