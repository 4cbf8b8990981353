"""POST /api/plays: the way in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, ServiceUnavailable, UnsupportedMediaType
from werkzeug.wrappers import Request, Response

from webapp.core.decoding import BodyError, TooManyPlaysError
from webapp.core.gazetteer import Gazetteer
from webapp.core.playparser import ParsedPlays
from webapp.core.plays import Source
from webapp.engine.ingest import Ingest
from webapp.engine.parseworkers import ParseWorkersLost
from webapp.ingest import native
from webapp.web.errors import error_answer
from webapp.web.ingestauth import IngestAuth
from webapp.web.requestbodies import MemoryBudget, drain, read_body
from webapp.web.servicetokens import PlaySenders

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = native.PATH
LOST_AGAIN_S = 5


def init_app(
    app: Flask,
    ingest: Ingest,
    gazetteer: Gazetteer,
    senders: IngestAuth | PlaySenders,
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
        return (answer(Request(environ, populate_request=False)) if ours else others)(environ, start_response)

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
    return Response(native.receipt(taken, late, gazetteer), native.TAKEN, content_type=native.JSON)


def _are_lines(request: Request) -> bool:
    """Tell whether the body is a play a line, by its type."""
    given = request.content_type
    if given in (native.JSON, native.LINES):  # as most clients write it
        return given == native.LINES
    try:
        return native.are_lines(request.mimetype, request.mimetype_params)
    except native.ContentTypeError as error:
        raise UnsupportedMediaType(str(error)) from None


def _source(request: Request) -> Source:
    try:
        return native.source_of(request.headers.get(native.SOURCE_HEADER))
    except native.SourceError as error:
        raise BadRequest(str(error)) from None


def _parsed(ingest: Ingest, body: bytes, source: Source, lines: bool) -> ParsedPlays:
    try:
        return ingest.parse(body, source, lines=lines)
    except BodyError as error:
        raise BadRequest(str(error)) from None
    except TooManyPlaysError as error:
        raise RequestEntityTooLarge(str(error)) from None
    except ParseWorkersLost as error:
        raise ServiceUnavailable(str(error), retry_after=LOST_AGAIN_S) from None
