"""Requests and answers of dialects, from and to WSGI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.ingest import submissions
from webapp.ingest.submissions import Dialect, Reply
from webapp.web.hosts import is_ip_literal, is_own_host, public_base
from webapp.web.requestbodies import BODY_MOST, Hold, read_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SMALL = 1 << 16
"""Bytes of a body that is read also where bodies have no memory left: single messages are never refused."""
_BASES_MOST = _NAMES_MOST = 256
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")
"""Headers that WSGI names so."""
_SLASHES = re.compile("//+")
_PORTS = {"http": 80, "https": 443}
_PORT = re.compile(r":[0-9]{1,5}$")


def normal_path(path: str) -> str:
    """Return a path with double slashes collapsed and without a slash at its end: "" is the root."""
    return (_SLASHES.sub("/", path) if "//" in path else path).removesuffix("/")


def to_dialect(request: Request, dialect: Dialect, base: str, hold: Hold, now_s: float) -> submissions.Request:
    """Return a request as its dialect reads it.

    Raises:
        HTTPException: its body is too large, too slow, cut short, or of a coding that is not known.
    """
    return _request(request, _body(request, min(dialect.body_most, BODY_MOST), hold), base, now_s)


def without_body(request: Request, base: str, now_s: float) -> submissions.Request:
    """Return a request whose body is not read."""
    return _request(request, b"", base, now_s)


def _request(request: Request, body: bytes, base: str, now_s: float) -> submissions.Request:
    return submissions.Request(
        method=request.method,
        path=_decoded(normal_path(request.environ.get("PATH_INFO", ""))),
        query=request.query_string,
        headers=_Headers(request.environ),
        body=body,
        base=base,
        now_s=now_s,
    )


def _decoded(path: str) -> str:
    """Return a path whose UTF-8 WSGI gives as latin-1."""
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")


class _Headers(Mapping[str, str]):
    """The headers of a request, by name in lower case. Most are never asked for, so they are not copied."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ[_environ_key(name)]
        return value

    def __iter__(self) -> Iterator[str]:
        keys = (key.removeprefix("HTTP_") for key in self._environ if key.startswith("HTTP_") or key in _WITHOUT_PREFIX)
        return (key.replace("_", "-").lower() for key in keys)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=_NAMES_MOST)
def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


def _body(request: Request, most: int, hold: Hold) -> bytes:
    # Some clients send a body that means nothing with GET.
    return read_body(request, hold, most) if request.method == "POST" else b""


class Bases:
    """Tells what absolute addresses begin with.

    Args:
        settings: say which names are the server's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._of_known = lru_cache(maxsize=_BASES_MOST)(self._known)

    def of(self, request: Request) -> str:
        """Return it for a request: the scheme and Host that was asked by, with explicit port.

        A Host that is neither ours nor an IP address could lead a client anywhere, so the server's own address replaces
        it; "" where that is not known.
        """
        asked = request.environ.get("HTTP_HOST", "")
        known = self._of_known(request.scheme, asked, request.environ.get("SCRIPT_NAME", ""))
        return known or _with_port(public_base(request, self._settings) or "")

    def _known(self, scheme: str, asked: str, path: str) -> str:
        is_ours = asked and (is_ip_literal(asked) or is_own_host(asked, self._settings))
        return _with_port(f"{scheme}://{asked}{path}") if is_ours else ""


def _with_port(base: str) -> str:
    """Return an address with the port that its scheme has if it names none."""
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}:{_PORTS[scheme]}{slash}{path}" if host and not _PORT.search(host) else base


class Answer:
    """A dialect's answer for WSGI. No cache keeps it, unless the dialect says otherwise.

    Werkzeug's own takes as long as all else that a message costs.
    """

    def __init__(self, reply: Reply) -> None:
        self.status_code, self._body = reply.status, reply.body
        about = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        self._headers = [*(() if reply.status == HTTPStatus.NO_CONTENT else about), *reply.headers]
        if not any(name.lower() == "cache-control" for name, _ in reply.headers):
            self._headers.append(("Cache-Control", "no-store"))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it."""
        start_response(f"{self.status_code} {HTTP_STATUS_CODES.get(self.status_code, 'Unknown')}", self._headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self._body]
