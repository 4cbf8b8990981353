"""Counts every HTTP request by route and status, and logs it where UNISON_LOG_REQUESTS says so.

A log line has no address, no query and no header: those may tell who asked, and for what. Nor has it a path that may
hold a token: that of a music client's request, and what looks like one wherever it was sent.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Flask, request

from webapp.config import Settings
from webapp.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BEFORE_FLASK = ("/api/plays", "/stream")
"""Paths that are answered before Flask could say which route they belong to."""
SECRET_PATH = "unison.path_is_secret"
"""Key of the WSGI environment: the path may hold a token, so the route is logged instead."""
_LIKE_SECRET = re.compile(r"webhook|[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
"""In a path that may hold a token: one sent to a foreign host or to a mistyped address, too, where it is a 404."""
NO_ROUTE = "none"
SWITCHING_PROTOCOLS = 101
PATH_MAX = 200
ROUTE = "unison.route"
"""Key of the WSGI environment: what stands for the path in metrics."""

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings, metrics: Metrics) -> None:
    """Observe each request of an app. Call it after all other layers, so that what those refuse counts too."""
    answers = app.wsgi_app

    def observed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began, status = time.perf_counter(), 500

        def start(line: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            nonlocal status
            status = int(line[:3])
            return start_response(line, headers, *exc_info)

        try:
            return answers(environ, start)
        except StopIteration:  # how a websocket's handshake ends under gunicorn
            status = SWITCHING_PROTOCOLS
            raise
        finally:
            seconds = time.perf_counter() - began
            metrics.answered(_route(environ), status, seconds)
            if settings.log_requests:
                _log(environ, status, seconds)

    app.wsgi_app = observed  # type: ignore[method-assign]  # as Flask's documentation has it
    app.before_request(_note_route)


def _note_route() -> None:
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule


def _route(environ: WSGIEnvironment) -> str:
    """Return the pattern of the path: paths themselves are without number."""
    path = environ.get("PATH_INFO", "")
    return path if path in BEFORE_FLASK else str(environ.get(ROUTE, NO_ROUTE))


def _log(environ: WSGIEnvironment, status: int, seconds: float) -> None:
    asked = environ.get("PATH_INFO", "")
    asked = _route(environ) if SECRET_PATH in environ or _LIKE_SECRET.search(asked) else asked
    method, path = environ["REQUEST_METHOD"][:PATH_MAX], quote(asked, encoding="latin-1")[:PATH_MAX]
    took_ms = round(1000 * seconds, 1)
    fields = {"event": "request", "method": method, "path": path, "route": _route(environ), "status": status}
    log.info("%s %s %d %g ms", method, path, status, took_ms, extra=fields | {"took_ms": took_ms})
