"""What a request that is refused or fails is answered with: one sentence, for programs as JSON, never a traceback."""

import logging
import math

import msgspec
from flask import Flask, render_template, request
from werkzeug.exceptions import (
    BadRequest,
    Gone,
    HTTPException,
    InternalServerError,
    ServiceUnavailable,
    TooManyRequests,
)
from werkzeug.wrappers import Response

from webapp.core.filters import FilterError
from webapp.core.moderationlist import RuleError
from webapp.core.plays import Overloaded
from webapp.core.search import SearchError
from webapp.engine.ingest import EndingError
from webapp.engine.intake import NotTakenError
from webapp.storage.datadir import DataDirError

JSON, HTML = "application/json", "text/html"
AGAIN_S = 2
"""When to come again where the server is restarting."""

log = logging.getLogger(__name__)


class Hidden(Gone):
    """What was asked for is there, but the server's operator hides it."""


class QueryError(ValueError):
    """A parameter of the query is wrong; the message names the value and what would be right."""


OURS = (FilterError, SearchError, RuleError, QueryError, Overloaded, EndingError, NotTakenError, DataDirError)
"""Errors of our own that have an HTTP status."""


def init_app(app: Flask) -> None:
    """Have Flask answer errors like this."""
    for kind in (HTTPException, *OURS):
        app.register_error_handler(kind, _answer_of_flask)


def error_answer(error: Exception) -> Response:
    """Return the answer, as JSON, to a request that raised this; what is no HTTP error and none of ours is logged."""
    found = _logged(error)
    headers = [header for header in found.get_headers() if header[0] not in ("Content-Type", "Content-Length")]
    taken = {"taken": error.taken} if isinstance(error, NotTakenError) else {}
    body = msgspec.json.encode({"error": _sentence(found), **taken}) + b"\n"
    return Response(body, found.code or 500, headers, content_type=JSON)


def http_error(error: Exception) -> HTTPException | None:
    """Return the HTTP error that an error stands for; None where it is a failure of the server."""
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, Overloaded):
        return TooManyRequests(str(error), retry_after=math.ceil(error.retry_after_s))
    if isinstance(error, EndingError):
        return ServiceUnavailable(str(error), retry_after=AGAIN_S)
    if isinstance(error, NotTakenError):
        return ServiceUnavailable(str(error), retry_after=error.retry_after_s)
    if isinstance(error, DataDirError):
        return ServiceUnavailable(str(error))
    return BadRequest(str(error)) if isinstance(error, OURS) else None


def _logged(error: Exception) -> HTTPException:
    if found := http_error(error):
        return found
    log.error("a request failed", exc_info=error)
    return InternalServerError()


def _sentence(error: HTTPException) -> str:
    return error.description or error.name


def _answer_of_flask(error: Exception) -> Response:
    """Return the same, as a page where a browser asked for one."""
    answer = error_answer(error)
    answer.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"})
    if not request.path.startswith("/api/") and request.accept_mimetypes.best_match((JSON, HTML)) == HTML:
        sentence = _sentence(_logged(error))
        is_hidden = isinstance(error, Hidden)
        answer.data = render_template("error.html", status=answer.status_code, sentence=sentence, is_hidden=is_hidden)
        answer.content_type = f"{HTML}; charset=utf-8"
    return answer
