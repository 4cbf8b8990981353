"""Notices a proxy on this machine that nobody said to trust: behind it all visitors have one address, loopback's."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from webapp.web.admission import is_trusted
from webapp.web.hosts import is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from webapp.app import Unison

log = logging.getLogger(__name__)

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")


def init_app(app: Flask) -> None:
    """Look at an app's requests until one came through such a proxy; from then on the app's health says so."""
    unison: Unison = app.extensions["unison"]
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not unison.health.proxy_warning and any(name in environ for name in FORWARDED):
            _notice(unison, environ)
        return answers(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def _notice(unison: Unison, environ: WSGIEnvironment) -> None:
    peer = environ.get("REMOTE_ADDR") or ""
    if is_loopback(peer) and not is_trusted(peer, unison.settings):
        unison.health.proxy_warning = (
            "a proxy on this machine forwards the requests of visitors, who are not limited by address; set"
            f" UNISON_TRUSTED_PROXIES to its address ({peer}), and have it send X-Forwarded-For"
        )
        log.warning(unison.health.proxy_warning, extra={"event": "proxy_not_trusted"})
