"""Who may send plays, and what every answer tells a browser about what the page may do."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.hosts import is_loopback, is_own_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
PARTS = ("text/javascript", "text/css", "application/octet-stream")
"""What is never a document: most of a document's headers do nothing for it, and a page has eighty of them."""
_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")
_REALM = WWWAuthenticate("bearer", {"realm": "unison"})


def init_app(app: Flask) -> None:
    """Give every answer of this app its security headers; one that has set a header of its own keeps it.

    Flask's own server, which logs every request, is kept from logging addresses.
    """
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            own = {name.lower(): value for name, value in headers}
            always = _OF_PARTS if own.get("content-type", "").startswith(PARTS) else _ALWAYS
            headers += [header for name, header in always if name not in own]
            if environ["REQUEST_METHOD"] in ("GET", "HEAD") and environ.get("PATH_INFO", "").startswith("/api/"):
                headers.append(("Access-Control-Allow-Origin", "*"))
            return start_response(status, headers, *exc_info)

        return answers(environ, start)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it
    logging.getLogger("werkzeug").addFilter(_without_address)


def _without_address(line: logging.LogRecord) -> bool:
    """Take the client's address and the query, which may be anything, out of what Flask's own server logs."""
    line.msg = re.sub(r"^\S+ - - ", "", str(line.msg))
    line.args = tuple(a.partition("?")[0] if isinstance(a, str) else a for a in line.args or ())
    return True


def policy(directives: dict[str, str]) -> str:
    """Return a Content-Security-Policy header's value."""
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _by_name(headers: dict[str, str]) -> list[tuple[str, tuple[str, str]]]:
    return [(name.lower(), (name, value)) for name, value in headers.items()]


_ALWAYS = _by_name({"Content-Security-Policy": policy(CONTENT_SECURITY_POLICY), **HEADERS})
_OF_PARTS = _by_name({"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff"})


def check_sender(request: Request, settings: Settings) -> None:
    """Refuse a request that may not send plays.

    With tokens set, one of them is needed, always. With none, plays come from this machine only: the server is bound
    to loopback, the peer is loopback, no proxy passed the request on, and no page of another site made a browser
    send it. `open_ingest` lifts the latter.

    Raises:
        Unauthorized: the token is missing or wrong, or there is none to give and the request is from elsewhere.
        Forbidden: a page of another site sent it, or one that calls this machine by a name of its own.
    """
    if settings.tokens:
        _check_token(request.headers.get("Authorization", ""), settings.tokens)
    elif not settings.open_ingest:
        _check_local(request, settings)
        _check_site(request, settings)


def who_may_send(settings: Settings) -> str:
    """Return a sentence for the operator: from whom this server takes plays."""
    if settings.tokens:
        return "Plays are taken with a token of UNISON_TOKENS."
    if settings.open_ingest:
        return "Plays are taken from anyone, without a token (UNISON_OPEN_INGEST=1)."
    if is_loopback(settings.host):
        return "Plays are taken from this machine only; set UNISON_TOKENS to take them from elsewhere."
    return f"Plays are refused: {settings.host} is reached from elsewhere and UNISON_TOKENS is not set."


def _check_token(authorization: str, tokens: tuple[str, ...]) -> None:
    scheme, _, given = authorization.strip().partition(" ")
    # Hashes are of one length, and all are compared: the time tells neither which token was near nor how long it is.
    digest = sha256(given.strip().encode("latin-1", "replace")).digest()
    equal = [hmac.compare_digest(digest, sha256(token.encode()).digest()) for token in tokens]
    if scheme.lower() != "bearer":
        raise Unauthorized("a token is needed to send plays: Authorization: Bearer <token>", www_authenticate=_REALM)
    if not any(equal):
        raise Unauthorized("this token is not one of the server's UNISON_TOKENS", www_authenticate=_REALM)


def _check_local(request: Request, settings: Settings) -> None:
    forwarded = [name for name in request.environ if name in _PROXY_HEADERS or name.startswith("HTTP_X_FORWARDED_")]
    if not is_loopback(settings.host):
        why = f"it is bound to {settings.host}"
    elif not is_loopback(request.remote_addr or ""):
        why = "this request is from elsewhere"
    elif forwarded:
        why = f"this request came through a proxy ({forwarded[0].removeprefix('HTTP_').replace('_', '-').title()})"
    else:
        return
    raise Unauthorized(
        f"without UNISON_TOKENS this server takes plays from its own machine only, and {why};"
        " set UNISON_TOKENS, or UNISON_OPEN_INGEST=1 to take plays from anyone",
        www_authenticate=_REALM,
    )


def _check_site(request: Request, settings: Settings) -> None:
    """Refuse what a browser sends for a page of another site: it reaches loopback where its author does not."""
    origin = request.headers.get("Origin")
    if is_for_another_site(request):
        raise Forbidden("without UNISON_TOKENS plays are not taken from pages of other sites")
    if origin is not None and origin.partition("://")[2].lower() != request.headers.get("Host", "").lower():
        raise Forbidden(f"without UNISON_TOKENS plays are not taken from pages of other sites ({origin[:80]!r})")
    # Of a name that its owner points at loopback (DNS rebinding) the browser thinks it is one site with us.
    if not is_own_host(request.headers.get("Host", ""), settings):
        raise Forbidden(f"this server is not known as {request.headers['Host'][:80]!r}; set UNISON_HOSTS if it is")


def is_for_another_site(request: Request) -> bool:
    """Tell whether a browser says that a page of another site has it send this."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
