"""Security headers: what every answer tells a browser that the page may do."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",  # what is left is the manifest: WebKitGTK reports a manifest-src as an error
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'none'",
    "media-src": "'none'",
    "object-src": "'none'",
    "worker-src": "'none'",
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
"""What is never a document: a document's headers do nothing for it, and a page has more than a hundred of them."""
_TOKEN = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def init_app(app: Flask) -> None:
    """Give every answer of this app its security headers; one that has set a header of its own keeps it.

    Flask's own server, which logs every request, is kept from logging addresses.
    """
    answers = app.wsgi_app

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            own = {name.lower(): value for name, value in headers}
            always = _OF_PARTS if own.get("content-type", "").startswith(PARTS) else _OF_DOCUMENTS
            headers += [header for name, header in always if name not in own]
            if environ["REQUEST_METHOD"] in ("GET", "HEAD") and _is_public(environ.get("PATH_INFO", "")):
                headers.append(("Access-Control-Allow-Origin", "*"))
            return start_response(status, headers, *exc_info)

        return answers(environ, start)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it
    logging.getLogger("werkzeug").addFilter(_without_address)


def _is_public(path: str) -> bool:
    """Tell whether pages of other sites may read what is at a path."""
    return path.startswith("/api/") and not path.startswith("/api/admin/")


def _without_address(line: logging.LogRecord) -> bool:
    """Take the client's address, the query and tokens in the path out of what Flask's own server logs."""
    line.msg = re.sub(r"^\S+ - - ", "", str(line.msg))
    line.args = tuple(_TOKEN.sub("...", a.partition("?")[0]) if isinstance(a, str) else a for a in line.args or ())
    return True


def policy(directives: dict[str, str]) -> str:
    """Return a Content-Security-Policy header's value."""
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _by_name(headers: dict[str, str]) -> list[tuple[str, tuple[str, str]]]:
    return [(name.lower(), (name, value)) for name, value in headers.items()]


ALWAYS = {"Content-Security-Policy": policy(CONTENT_SECURITY_POLICY), **HEADERS}
"""The headers of every document."""
_OF_DOCUMENTS = _by_name(ALWAYS)
_OF_PARTS = _by_name({"X-Content-Type-Options": "nosniff"})
