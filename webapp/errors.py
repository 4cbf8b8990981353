"""What a request that is refused or fails is answered with: JSON with one sentence, never a traceback."""

import logging

import msgspec
from flask import Flask
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from webapp.datadir import DataDirError

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Have Flask answer errors like this."""
    app.register_error_handler(DataDirError, error_answer)
    app.register_error_handler(HTTPException, error_answer)


def error_answer(error: Exception) -> Response:
    """Return the answer to a request that raised this; what is no HTTP error and none of ours is logged."""
    if isinstance(error, HTTPException):
        headers = [h for h in error.get_headers() if h[0] not in ("Content-Type", "Content-Length")]
        return _answer(error.description or error.name, error.code or 500, headers)
    if isinstance(error, DataDirError):
        return _answer(str(error), 503, [])
    log.error("a request failed", exc_info=error)
    return error_answer(InternalServerError())


def _answer(sentence: str, status: int, headers: list[tuple[str, str]]) -> Response:
    body = msgspec.json.encode({"error": sentence}) + b"\n"
    return Response(body, status, headers, content_type="application/json")
