"""Requests of real clients, with the exact answers expected: one TOML file each in `tests/data/requests/`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from webapp.core import precision
from webapp.ingest.submissions import Request, Submission

FOLDER = Path(__file__).resolve().parent / "data" / "requests"
BASE = "https://globe.example:443"
NOW_S = 1_764_500_000.0
"""When the requests arrive; the times in them are shortly before."""
_FIELDS = {"client", "message", "source", "request", "answer", "plays"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of a client, what it means, and its answer.

    Attributes:
        name: of the file, with its folder: "listenbrainz/navidrome-now-playing".
        client: its name and version.
        message: what the client does with it.
        source: where its form comes from.
        method: in capitals.
        path: with the query, as the client sends it.
        headers: as the client sends them; those of every HTTP client, such as Host, are left out.
        body: as the client sends it.
        status: of the answer.
        answer: the answer's body.
        answer_headers: headers of the answer, among others.
        plays: the fields of each submission that it becomes, those that are None left out.
    """

    name: str
    client: str
    message: str
    source: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer: bytes
    answer_headers: dict[str, str] = field(default_factory=dict)
    plays: tuple[dict[str, Any], ...] = ()

    def filled(self, **values: str) -> Exchange:
        """Return a copy with each `{{name}}` in the request and in the answer replaced by the value of that name."""
        return replace(
            self,
            path=_filled(self.path, values),
            headers={name: _filled(value, values) for name, value in self.headers.items()},
            body=_filled(self.body.decode("latin-1"), values).encode("latin-1"),
            answer=_filled(self.answer.decode("latin-1"), values).encode("latin-1"),
        )

    def request(self) -> Request:
        """Return it as the front door hands it to a dialect."""
        path, _, query = self.path.partition("?")
        return Request(
            method=self.method,
            path=unquote(re.sub("/+", "/", path).removesuffix("/")),
            query=query.encode("latin-1"),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.body,
            base=BASE,
            now_s=NOW_S,
        )


def exchanges(folder: str) -> list[Exchange]:
    """Return the exchanges of a folder of `tests/data/requests/`, by name."""
    found = [_read(path, f"{folder}/{path.stem}") for path in sorted((FOLDER / folder).glob("*.toml"))]
    assert found, f"no requests in {FOLDER / folder}"
    return found


def described(submission: Submission) -> dict[str, Any]:
    """Return a submission as the `plays` of a file have it."""
    song = submission.song
    told = {name: getattr(song, name) for name in song.__slots__} | {
        "kind": submission.kind,
        "client_class": _class_name(submission.precision),
        "place": submission.place,
        "listened_s": submission.listened_s,
    }
    return {name: value for name, value in told.items() if value is not None}


def _class_name(code: int) -> str:
    if code == precision.UNMATCHED:
        return "not matched"
    return precision.CLASSES[code - precision.CLASSED].name


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def _read(path: Path, name: str) -> Exchange:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert table.keys() <= _FIELDS, f"{path}: {table.keys() - _FIELDS} is no field"
    request, answer = table["request"], table["answer"]
    return Exchange(
        name=name,
        client=table["client"],
        message=table["message"],
        source=table["source"],
        method=request["method"],
        path=request["path"],
        headers=request.get("headers", {}),
        body=_body(request),
        status=answer["status"],
        answer=_body(answer),
        answer_headers=answer.get("headers", {}),
        plays=tuple(table.get("plays", ())),
    )


def _body(table: dict[str, Any]) -> bytes:
    text: str = table.get("body", "")
    return text.encode(table.get("encoding", "utf-8"))
