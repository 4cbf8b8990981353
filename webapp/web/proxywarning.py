"""Notices a proxy that does not tell whose requests it forwards, or may not: then limits by address limit nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from webapp.config import Settings
from webapp.health import Health
from webapp.web.clientaddress import is_trusted
from webapp.web.hosts import is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")
OF_BROWSERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE")
"""Headers that browsers send; they cannot connect to a Unix socket by themselves."""


def init_app(app: Flask, settings: Settings, health: Health) -> None:
    """Look at an app's requests until one came through such a proxy; from then on the app's health says so."""
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not health.proxy_warning and (trouble := _trouble(settings, environ)):
            health.proxy_warning = trouble
            log.warning(trouble, extra={"event": "proxy_not_trusted"})
        return answers(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def _trouble(settings: Settings, environ: WSGIEnvironment) -> str:
    """Return a sentence for the operator, or an empty one."""
    peer = environ.get("REMOTE_ADDR") or ""
    is_forwarded = any(name in environ for name in FORWARDED)
    if is_forwarded and is_loopback(peer) and not is_trusted(peer, settings):
        return (
            "a proxy on this machine forwards requests, so visitors are not limited by address; set"
            f" UNISON_TRUSTED_PROXIES to its address ({peer}), and have the proxy send X-Forwarded-For"
        )
    if not peer and not is_forwarded and any(name in environ for name in OF_BROWSERS):
        return (
            "the proxy in front of the Unix socket does not send X-Forwarded-For, so visitors are not limited by"
            " address; have the proxy send X-Forwarded-For"
        )
    return ""
