"""Who may see how the server does, and say what it hides: /metrics, /status and /api/admin are its operator's."""

from __future__ import annotations

import socket
from base64 import b64decode
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.storage.secretfiles import SecretFile, SecretFileError, read_single_secret
from webapp.web.errors import error_answer
from webapp.web.hosts import PROBES, host_name, is_loopback
from webapp.web.ingestauth import authorization_of, is_one_of, why_not_local
from webapp.web.requestbodies import drain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OWN = frozenset({"/metrics", "/status", "/status.json", "/api/admin/moderation"})
"""What is the operator's."""
ASSETS = "/assets/"
"""What the page at /status is made of."""
_BEHIND_A_PROXY = " A proxy on this machine may let others in: set UNISON_ADMIN_PORT or UNISON_ADMIN_TOKEN."
_REALMS = [
    WWWAuthenticate("basic", {"realm": "unison", "charset": "UTF-8"}),
    WWWAuthenticate("bearer", {"realm": "unison"}),
]


class AdminAuth:
    """Tells who is an operator: whoever comes over the operators' listener, has the token, or is on this machine.

    Args:
        settings: the server's; `admin_port` is the port that the operators' listener is bound to, if there is one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, file = settings, settings.admin_token_file
        self._file = SecretFile(file, "UNISON_ADMIN_TOKEN_FILE", read_single_secret) if file else None

    def open(self) -> None:
        """Read the token's file for the first time.

        Raises:
            SecretFileError: the file of UNISON_ADMIN_TOKEN_FILE cannot be used, or senders have the same token.
        """
        if self._settings.admin_token and self._settings.admin_token in self._settings.tokens:
            raise SecretFileError("UNISON_ADMIN_TOKEN is also one of UNISON_TOKENS; set a different one for operators")
        if self._file:
            self._file.open()

    def reload(self) -> None:
        """Read the token's file again; call it off the event loop."""
        if self._file:
            self._file.reload()

    def check(self, request: Request) -> None:
        """Refuse what is not from an operator.

        Raises:
            NotFound: operators have a listener of their own, and this is another.
            Unauthorized: the token is missing or wrong.
            Forbidden: there is no token to give, and the request is from elsewhere.
        """
        apart = self._settings.admin_port is not None
        if apart and not is_their_listener(request.environ, self._settings):
            raise NotFound("this page is on the operators' port (UNISON_ADMIN_PORT)")
        if self._has_token:
            self._check_token(request)
        elif not apart:
            _check_local(request)

    @property
    def who(self) -> str:
        """Who passes the check, in words that name no person and no address."""
        if self._has_token:
            return "admin token"
        return "this machine" if self._settings.admin_port is None else "operators' port"

    @property
    def _has_token(self) -> bool:
        return bool(self._settings.admin_token or self._file)

    def _check_token(self, request: Request) -> None:
        tokens = (self._settings.admin_token, *(self._file.secrets if self._file else ()))
        if not is_one_of(_password(request), tuple(filter(None, tokens))):
            raise Unauthorized(
                "this page is for operators; send UNISON_ADMIN_TOKEN as a bearer token, or as the password of any user",
                www_authenticate=_REALMS,
            )

    def summary(self, url: str | None) -> str:
        """Return a sentence for the operator: for whom metrics and status are, and on which listener, if on one."""
        if self._has_token:
            whose = "available with UNISON_ADMIN_TOKEN"
        elif url:
            whose = "available without a token"
        elif self._settings.uds:
            return "Metrics and status are off: on a Unix socket, they need UNISON_ADMIN_TOKEN or UNISON_ADMIN_PORT."
        else:
            whose = "available from this machine"
        told = f"Metrics and status are {whose}" + (f", on {url} only." if url else ".")
        return told + ("" if url or self._has_token or not _is_reached(self._settings) else _BEHIND_A_PROXY)


def _is_reached(settings: Settings) -> bool:
    """Tell whether the settings say that other machines reach this server, most likely through a proxy."""
    return bool(settings.public_url or settings.hosts or settings.trusted_proxies)


def is_their_listener(environ: WSGIEnvironment, settings: Settings) -> bool:
    """Tell whether a request came over the operators' listener, whatever its Host header says."""
    if settings.admin_port is None:
        return False
    taken = environ.get("gunicorn.socket")
    if taken is None or taken.family == socket.AF_UNIX:
        return False
    return bool(taken.getsockname()[1] == settings.admin_port)


def init_app(app: Flask, settings: Settings) -> None:
    """Keep everything else off the operators' listener."""
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not is_their_listener(environ, settings) or path in OWN | PROBES or path.startswith(ASSETS):
            return answers(environ, start_response)
        elsewhere = NotFound(f"this port is for operators: {', '.join(sorted(OWN | PROBES))}")
        return drain(Request(environ, populate_request=False), error_answer(elsewhere))(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def _password(request: Request) -> str:
    """Return the bearer token, or the password of HTTP Basic authentication; "" where there is neither."""
    scheme, given = authorization_of(request)
    if scheme == "bearer":
        return given
    if scheme != "basic":
        return ""
    try:
        return b64decode(given, validate=True).partition(b":")[2].decode("latin-1")
    except ValueError:
        return ""


def _check_local(request: Request) -> None:
    """Refuse what is not from this machine, or names another: such a name may have come through a proxy."""
    why = why_not_local(request)
    if why is None and "Host" in request.headers and not is_loopback(host_name(request.headers["Host"])):
        why = "this request names another host, so it may come from a proxy"
    if why:
        raise Forbidden(
            f"this is for operators on the server's machine only, and {why};"
            " set UNISON_ADMIN_TOKEN, or UNISON_ADMIN_PORT for a separate port"
        )
