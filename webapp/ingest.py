"""POST /api/plays: the way in."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, TooManyRequests, UnsupportedMediaType

from webapp import checks
from webapp.bodies import drain, read_body
from webapp.checks import FieldError
from webapp.decoding import BodyError, TooManyPlaysError
from webapp.plays import Overloaded, Source, late_in
from webapp.reading import Taken
from webapp.runtime import unison
from webapp.security import check_sender

if TYPE_CHECKING:
    from webapp.app import Unison

JSON = "application/json"
LINES = "application/x-ndjson"
_ALSO_LINES = ("application/ndjson", "application/jsonl")
_SOURCE_HEADER = "X-Unison-Source"

blueprint = Blueprint("ingest", __name__)
blueprint.after_app_request(drain)


@blueprint.post("/api/plays")
def plays() -> Response:
    """Take plays: 202 and what became of them, or an error and none is taken."""
    app = unison()
    check_sender(request, app.settings)
    lines, source = _are_lines(), _source()
    with _overload_told(), app.bodies.account() as hold:
        app.check_room()
        body = read_body(request, hold)
        began = time.perf_counter()
        taken = _take(app, body, source, lines)
        if taken.accepted:
            app.take_plays(taken.batch, taken.accepted)
    app.metrics.ingested(taken.by_source, taken.rejected, time.perf_counter() - began)
    late = late_in(taken.batch, round(app.now() * 1000), round(app.settings.lateness_s * 1000))
    answer = {"accepted": taken.accepted, "late": late, "rejected": taken.rejected, "errors": taken.errors}
    return Response(msgspec.json.encode(answer) + b"\n", 202, content_type=JSON)


def _are_lines() -> bool:
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


def _source() -> Source:
    try:
        return checks.source(request.headers.get(_SOURCE_HEADER, "live").strip())
    except FieldError as error:
        raise BadRequest(f"{_SOURCE_HEADER}: {error}") from None


def _take(app: Unison, body: bytes, source: Source, lines: bool) -> Taken:
    try:
        return app.readers.take(body, source, lines=lines)
    except BodyError as error:
        raise BadRequest(str(error)) from None
    except TooManyPlaysError as error:
        raise RequestEntityTooLarge(str(error)) from None


@contextmanager
def _overload_told() -> Iterator[None]:
    try:
        yield
    except Overloaded as error:
        raise TooManyRequests(str(error), retry_after=math.ceil(error.retry_after_s)) from None
