"""What a request that is refused or fails is answered with: one sentence, for programs as JSON, never a traceback."""

import logging

import msgspec
from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from webapp.storage.datadir import DataDirError

JSON, HTML = "application/json", "text/html"

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Have Flask answer errors like this."""
    app.register_error_handler(DataDirError, _answer_of_flask)
    app.register_error_handler(HTTPException, _answer_of_flask)


def error_answer(error: Exception) -> Response:
    """Return the answer, as JSON, to a request that raised this; what is no HTTP error and none of ours is logged."""
    sentence, status, headers = _told(error)
    return Response(msgspec.json.encode({"error": sentence}) + b"\n", status, headers, content_type=JSON)


def _told(error: Exception) -> tuple[str, int, list[tuple[str, str]]]:
    """Return the sentence, the status and the headers."""
    if isinstance(error, HTTPException):
        headers = [h for h in error.get_headers() if h[0] not in ("Content-Type", "Content-Length")]
        return error.description or error.name, error.code or 500, headers
    if isinstance(error, DataDirError):
        return str(error), 503, []
    log.error("a request failed", exc_info=error)
    return _told(InternalServerError())


def _answer_of_flask(error: Exception) -> Response:
    """Return the same, as a page where a browser asked for one."""
    answer = error_answer(error)
    answer.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"})
    if not request.path.startswith("/api/") and request.accept_mimetypes.best_match((JSON, HTML)) == HTML:
        sentence, status, _ = _told(error)
        answer.data = render_template("error.html", status=status, sentence=sentence)
        answer.content_type = f"{HTML}; charset=utf-8"
    return answer
