"""What a request that is refused or fails is answered with: one sentence, for programs as JSON, never a traceback."""

import logging

import msgspec
from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from webapp.datadir import DataDirError

JSON, HTML = "application/json", "text/html"

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Have Flask answer errors like this."""
    app.register_error_handler(DataDirError, _answer_of_flask)
    app.register_error_handler(HTTPException, _answer_of_flask)


def error_answer(error: Exception) -> Response:
    """Return the answer, as JSON, to a request that raised this; what is no HTTP error and none of ours is logged."""
    if isinstance(error, HTTPException):
        headers = [h for h in error.get_headers() if h[0] not in ("Content-Type", "Content-Length")]
        return _answer(error.description or error.name, error.code or 500, headers)
    if isinstance(error, DataDirError):
        return _answer(str(error), 503, [])
    log.error("a request failed", exc_info=error)
    return error_answer(InternalServerError())


def _answer(sentence: str, status: int, headers: list[tuple[str, str]]) -> Response:
    return Response(msgspec.json.encode({"error": sentence}) + b"\n", status, headers, content_type=JSON)


def _answer_of_flask(error: Exception) -> Response:
    """Return the same, as a page where a browser asked for one."""
    answer = error_answer(error)
    answer.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"})
    if not request.path.startswith("/api/") and request.accept_mimetypes.best_match((JSON, HTML)) == HTML:
        sentence = msgspec.json.decode(answer.data)["error"]
        answer.data = render_template("error.html", status=answer.status_code, sentence=sentence)
        answer.content_type = f"{HTML}; charset=utf-8"
    return answer
