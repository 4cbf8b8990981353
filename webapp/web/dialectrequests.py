"""Requests and answers of dialects, from and to WSGI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from webapp.config import Settings
from webapp.ingest import submissions
from webapp.ingest.submissions import Dialect, Reply
from webapp.web.hosts import is_ip_literal, is_own_host, public_base
from webapp.web.requestbodies import BODY_MOST, MemoryBudget, read_body

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SMALL = 1 << 16
"""Bytes of a body that is read also where bodies have no memory left: single messages are never refused."""
_SLASHES = re.compile("//+")
_PORTS = {"http": 80, "https": 443}
_PORT = re.compile(r":[0-9]{1,5}$")


def normal_path(path: str) -> str:
    """Return a path with double slashes collapsed and without a slash at its end: "" is the root."""
    return (_SLASHES.sub("/", path) if "//" in path else path).removesuffix("/")


def to_dialect(
    request: Request, dialect: Dialect, settings: Settings, bodies: MemoryBudget, now_s: float
) -> submissions.Request:
    """Return a request as its dialect reads it.

    Raises:
        HTTPException: its body is too large, too slow, cut short, or of a coding that is not known.
    """
    return submissions.Request(
        method=request.method,
        path=normal_path(request.environ.get("PATH_INFO", "")),
        query=request.query_string,
        headers=_headers(request.environ),
        body=_body(request, min(dialect.body_most, BODY_MOST), bodies),
        base=base_of(request, settings),
        now_s=now_s,
    )


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    names = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
    names |= {name: environ[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {name.replace("_", "-").lower(): value for name, value in names.items()}


def _body(request: Request, most: int, bodies: MemoryBudget) -> bytes:
    if request.method != "POST":  # some clients send a body that means nothing with GET
        return b""
    if (request.content_length or SMALL + 1) <= SMALL and "Content-Encoding" not in request.headers:
        return read_body(request, lambda _: None, most)
    with bodies.account() as hold:
        return read_body(request, hold, most)


def base_of(request: Request, settings: Settings) -> str:
    """Return what absolute addresses begin with: the scheme and Host that was asked by, with explicit port.

    A Host that is neither ours nor an IP address could lead a client anywhere, so the server's own address replaces it;
    "" where that is not known.
    """
    asked = request.environ.get("HTTP_HOST", "")
    if asked and (is_ip_literal(asked) or is_own_host(asked, settings)):
        return _with_port(f"{request.scheme}://{asked}{request.environ.get('SCRIPT_NAME', '')}")
    return _with_port(public_base(request, settings) or "")


def _with_port(base: str) -> str:
    """Return an address with the port that its scheme has if it names none."""
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}:{_PORTS[scheme]}{slash}{path}" if host and not _PORT.search(host) else base


def from_dialect(reply: Reply) -> Response:
    """Return an answer; none is kept by caches."""
    response = Response(reply.body, reply.status, list(reply.headers), content_type=reply.content_type)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
