"""POST /api/plays: the way in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, ServiceUnavailable, UnsupportedMediaType
from werkzeug.wrappers import Request, Response

from webapp.core import validation
from webapp.core.decoding import BodyError, TooManyPlaysError
from webapp.core.frames import place_json
from webapp.core.gazetteer import Gazetteer
from webapp.core.playparser import ParsedPlays
from webapp.core.plays import Source
from webapp.core.validation import FieldError
from webapp.engine.ingest import Ingest
from webapp.engine.parseworkers import ParseWorkersLost
from webapp.web.errors import JSON, error_answer
from webapp.web.ingestauth import IngestAuth
from webapp.web.requestbodies import MemoryBudget, drain, read_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LINES = "application/x-ndjson"
_ALSO_LINES = ("application/ndjson", "application/jsonl")
_SOURCE_HEADER = "X-Unison-Source"

PATH = "/api/plays"
LOST_AGAIN_S = 5


def init_app(
    app: Flask,
    ingest: Ingest,
    gazetteer: Gazetteer,
    senders: IngestAuth,
    bodies: MemoryBudget,
    start: Callable[[], None] = lambda: None,
) -> None:
    """Answer the request before Flask's dispatch, which costs as much as all else that a single play takes.

    Args:
        app: the application.
        ingest: takes the plays.
        gazetteer: says which city a place is.
        senders: who may send them.
        bodies: bounds the memory of their bodies.
        start: starts the application unless it has started; Flask, which else does it, never sees these requests.
    """
    others = app.wsgi_app

    def answer(request: Request) -> Response:
        """Return 202 and what became of the plays, or an error and none is taken."""
        try:
            start()
            senders.check(request)
            response = _plays(request, ingest, gazetteer, bodies)
        except Exception as error:
            response = error_answer(error)
        return drain(request, response)

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ours = environ.get("PATH_INFO") == PATH and environ["REQUEST_METHOD"] == "POST"
        return (answer(Request(environ)) if ours else others)(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it
    # Flask knows of it too, for what it says to other methods, and to whoever lists its routes.
    app.add_url_rule(PATH, "plays", lambda: answer(request), methods=["POST"])


def _plays(request: Request, ingest: Ingest, gazetteer: Gazetteer, bodies: MemoryBudget) -> Response:
    lines, source = _are_lines(request), _source(request)
    with bodies.account() as hold:
        ingest.check_room()
        body = read_body(request, hold)
        began_s = time.perf_counter()
        taken = _parsed(ingest, body, source, lines)
        late = ingest.submit(taken, began_s)
    notes = [{"index": note.index, "city": place_json(gazetteer[note.city])} for note in taken.notes]
    told = {
        "accepted": taken.accepted, "late": late, "rejected": taken.rejected, "errors": taken.errors, "notes": notes,
    }  # fmt: skip
    return Response(msgspec.json.encode(told) + b"\n", 202, content_type=JSON)


def _are_lines(request: Request) -> bool:
    """Tell whether the body is a play a line, by its type."""
    if request.content_type in (JSON, LINES):
        return bool(request.content_type == LINES)
    given = request.mimetype
    if given not in (JSON, LINES, *_ALSO_LINES):
        got = repr(given[:80]) if given else "none"
        raise UnsupportedMediaType(f"got {got}; expected Content-Type {JSON}, or {LINES} for one play per line")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(f"got charset {charset[:40]!r}; expected UTF-8")
    return given != JSON


def _source(request: Request) -> Source:
    try:
        return validation.source(request.headers.get(_SOURCE_HEADER, "live").strip())
    except FieldError as error:
        raise BadRequest(f"{_SOURCE_HEADER}: {error}") from None


def _parsed(ingest: Ingest, body: bytes, source: Source, lines: bool) -> ParsedPlays:
    try:
        return ingest.parse(body, source, lines=lines)
    except BodyError as error:
        raise BadRequest(str(error)) from None
    except TooManyPlaysError as error:
        raise RequestEntityTooLarge(str(error)) from None
    except ParseWorkersLost as error:
        raise ServiceUnavailable(str(error), retry_after=LOST_AGAIN_S) from None
