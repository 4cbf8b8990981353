"""POST /api/plays: the way in."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, TooManyRequests, UnsupportedMediaType

from webapp import checks
from webapp.bodies import drain, read_body
from webapp.checks import FieldError
from webapp.decoding import BodyError, TooManyPlaysError
from webapp.plays import SOURCES, Overloaded, PlayBatch, Source, late
from webapp.reading import PlayReader, Reading
from webapp.runtime import unison
from webapp.security import check_sender

if TYPE_CHECKING:
    from webapp.app import Unison

JSON = "application/json"
LINES = "application/x-ndjson"
_ALSO_LINES = ("application/ndjson", "application/jsonl")
_SOURCE_HEADER = "X-Unison-Source"
_READER = "unison-play-reader"

blueprint = Blueprint("ingest", __name__)
blueprint.after_app_request(drain)


@blueprint.post("/api/plays")
def plays() -> Response:
    """Take plays: 202 and what became of them, or an error and none is taken."""
    app = unison()
    check_sender(request, app.settings)
    lines, source = _are_lines(), _source()
    body = read_body(request)
    began = time.perf_counter()
    now_ms = round(app.now() * 1000)
    reading = _read(body, now_ms, source, lines)
    _hand_over(app, reading.plays)
    app.metrics.ingested(_by_source(reading.plays), reading.rejected, time.perf_counter() - began)
    return Response(msgspec.json.encode(_answer(reading, now_ms)) + b"\n", 202, content_type=JSON)


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


def _read(body: bytes, now_ms: int, source: Source, lines: bool) -> Reading:
    try:
        return _reader().read(body, now_ms, source, lines=lines)
    except BodyError as error:
        raise BadRequest(str(error)) from None
    except TooManyPlaysError as error:
        raise RequestEntityTooLarge(str(error)) from None


def _reader() -> PlayReader:
    extensions = current_app.extensions
    if _READER not in extensions:  # the secret is known only once the server has started
        extensions[_READER] = PlayReader(unison().gazetteer, unison().secret)
    reader: PlayReader = extensions[_READER]
    return reader


def _hand_over(app: Unison, batch: PlayBatch) -> None:
    try:
        if len(batch):
            app.take_plays(batch.encode(), len(batch))
    except Overloaded as error:
        raise TooManyRequests(str(error), retry_after=math.ceil(error.retry_after_s)) from None


def _by_source(batch: PlayBatch) -> dict[str, int]:
    counts = np.bincount(batch.source, minlength=len(SOURCES)).tolist()
    return {source: count for source, count in zip(SOURCES, counts, strict=True) if count}


def _answer(reading: Reading, now_ms: int) -> dict[str, Any]:
    settings = unison().settings
    return {
        "accepted": len(reading.plays),
        "late": int(late(reading.plays.at, now_ms, round(settings.lateness_s * 1000)).sum()),
        "rejected": reading.rejected,
        "errors": reading.errors,
    }
