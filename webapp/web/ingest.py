"""POST /api/plays: the way in."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, request
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    UnsupportedMediaType,
)
from werkzeug.wrappers import Request, Response

from webapp.core import validation
from webapp.core.decoding import BodyError, TooManyPlaysError
from webapp.core.playparser import ParsedPlays
from webapp.core.plays import Overloaded, Source
from webapp.core.validation import FieldError
from webapp.engine.parseworkers import ParseWorkersLost
from webapp.web.errors import JSON, error_answer
from webapp.web.requestbodies import drain, read_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from webapp.app import Unison

LINES = "application/x-ndjson"
_ALSO_LINES = ("application/ndjson", "application/jsonl")
_SOURCE_HEADER = "X-Unison-Source"

PATH = "/api/plays"
LOST_AGAIN_S = 5


def init_app(app: Flask) -> None:
    """Answer the request before Flask's dispatch, which costs as much as all else that a single play takes."""
    unison: Unison = app.extensions["unison"]
    others = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ours = environ.get("PATH_INFO") == PATH and environ["REQUEST_METHOD"] == "POST"
        return (answer(unison, Request(environ)) if ours else others)(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it
    # Flask knows of it too, for what it says to other methods, and to whoever lists its routes.
    app.add_url_rule(PATH, "plays", lambda: answer(unison, request), methods=["POST"])


def answer(app: Unison, request: Request) -> Response:
    """Take plays: 202 and what became of them, or an error and none is taken."""
    try:
        app.start()
        response = _plays(app, request)
    except Exception as error:
        response = error_answer(error)
    return drain(request, response)


def _plays(app: Unison, request: Request) -> Response:
    app.senders.check(request)
    lines, source = _are_lines(request), _source(request)
    with overload_told(), app.bodies.account() as hold:
        app.check_room()
        body = read_body(request, hold)
        began = time.perf_counter()
        taken = _take(app, body, source, lines)
        late = app.submit_plays(taken.batch, taken.accepted) if taken.accepted else 0
    app.metrics.ingested(taken.by_source, taken.rejected, time.perf_counter() - began)
    told = {"accepted": taken.accepted, "late": late, "rejected": taken.rejected, "errors": taken.errors}
    return Response(msgspec.json.encode(told) + b"\n", 202, content_type=JSON)


def _are_lines(request: Request) -> bool:
    """Tell whether the body is a play a line, by its type."""
    if request.content_type in (JSON, LINES):
        return bool(request.content_type == LINES)
    given = request.mimetype
    if given not in (JSON, LINES, *_ALSO_LINES):
        got = repr(given[:80]) if given else "none"
        raise UnsupportedMediaType(f"expected Content-Type {JSON}, or {LINES} for a play a line; got {got}")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(f"expected UTF-8, got charset {charset[:40]!r}")
    return given != JSON


def _source(request: Request) -> Source:
    try:
        return validation.source(request.headers.get(_SOURCE_HEADER, "live").strip())
    except FieldError as error:
        raise BadRequest(f"{_SOURCE_HEADER}: {error}") from None


def _take(app: Unison, body: bytes, source: Source, lines: bool) -> ParsedPlays:
    try:
        return app.readers.parse(body, source, lines=lines)
    except BodyError as error:
        raise BadRequest(str(error)) from None
    except TooManyPlaysError as error:
        raise RequestEntityTooLarge(str(error)) from None
    except ParseWorkersLost as error:
        raise ServiceUnavailable(str(error), retry_after=LOST_AGAIN_S) from None


@contextmanager
def overload_told() -> Iterator[None]:
    """Answer 429 where too many plays are waiting, and say when to come again."""
    try:
        yield
    except Overloaded as error:
        raise TooManyRequests(str(error), retry_after=math.ceil(error.retry_after_s)) from None
