"""Host names: which are ours, what absolute links begin with, and the 421 that a request for another name gets.

A page of a stranger's site can reach a server on the visitor's machine or network by a name that its owner points there
(DNS rebinding). The browser then takes both for one site, and only the Host header tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.errors import error_answer
from webapp.web.requestbodies import drain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROBES = frozenset({"/healthz", "/readyz"})
"""Load balancers ask for these by any name, and the answers hold nothing of anybody."""
LINKED = "unison.links_take_the_host"
"""Key of the WSGI environment that says: the answer has links with the Host of its request."""
_HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)


class UnknownHost(HTTPException):
    """The request is for a host name that is not this server's."""

    code = 421


def init_app(app: Flask, settings: Settings) -> None:
    """Answer 421 to names that are not ours; keep answers with links to the request's Host out of shared caches."""
    answers = app.wsgi_app
    is_known = lru_cache(maxsize=256)(lambda host: is_ip_literal(host) or is_own_host(host, settings))

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            return start_response(status, _private(headers) if LINKED in environ else headers, *exc_info)

        host = environ.get("HTTP_HOST", "")
        if is_known(host) or environ.get("PATH_INFO") in PROBES or not _is_guarded(environ, settings):
            return answers(environ, start)
        return drain(Request(environ, populate_request=False), error_answer(_unknown(host)))(environ, start)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def _unknown(host: str) -> UnknownHost:
    return UnknownHost(f"this server is not known as {host[:80]!r}; to allow that name, add it to UNISON_HOSTS")


def _is_guarded(environ: WSGIEnvironment, settings: Settings) -> bool:
    """Tell whether a request came to a server whose names are known: that of one machine, or of a public address."""
    over_a_unix_socket = not environ.get("REMOTE_ADDR")
    return bool(settings.public_url) or over_a_unix_socket or is_loopback(environ["SERVER_NAME"])


def _private(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers that let no shared cache keep the answer: it would give one visitor's links to another."""
    given = ",".join(value for name, value in headers if name.lower() == "cache-control").split(",")
    shared = ("public", "private", "s-maxage", "")
    kept = [each.strip() for each in given if each.partition("=")[0].strip().lower() not in shared]
    others = [header for header in headers if header[0].lower() != "cache-control"]
    return [*others, ("Cache-Control", ", ".join(["private", *kept]))]


def public_base(request: Request, settings: Settings) -> str | None:
    """Return what absolute links begin with, without a slash at its end; None where that cannot be known.

    It is UNISON_PUBLIC_URL; without it a loopback Host as it was asked for, or the entry of UNISON_HOSTS with the name
    that was asked for. Any other Host could put links to elsewhere into our pages.
    """
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = request.headers.get("Host", "")
    if is_loopback(host_name(host)):
        request.environ[LINKED] = True
        return f"{request.scheme}://{host}"
    entry = _entry(host, settings)
    return f"{request.scheme}://{entry}" if entry else None


def _entry(host: str, settings: Settings) -> str | None:
    """Return the entry of UNISON_HOSTS that a Host means: with its port if one has it, else the first with its name."""
    name = host_name(host)
    entries = [entry for entry in settings.hosts if name and host_name(entry) == name]
    return next((entry for entry in entries if entry.lower() == host.lower()), entries[0] if entries else None)


def is_own_host(host: str, settings: Settings) -> bool:
    """Tell whether a Host header names this server: loopback, UNISON_HOSTS, or the host of UNISON_PUBLIC_URL.

    Old clients that send no Host name nothing wrong.
    """
    return not host or is_loopback(host_name(host)) or is_listed(host, settings)


def is_listed(host: str, settings: Settings) -> bool:
    """Tell whether a host is one of UNISON_HOSTS or that of UNISON_PUBLIC_URL, whatever its port."""
    name = host_name(host)
    ours = {host_name(known) for known in (*settings.hosts, urlsplit(settings.public_url).netloc) if known}
    return name != "" and name in ours


def is_ip_literal(host: str) -> bool:
    """Tell whether a Host header is an IP address, with a port or without."""
    return _ip(host_name(host)) is not None


def is_loopback(address: str) -> bool:
    """Tell whether an IP address or a host name, without a port, is this machine's own."""
    name = address.strip("[]").lower().rstrip(".")
    if name in ("127.0.0.1", "localhost") or name.endswith(".localhost"):
        return True
    ip = _ip(name.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return ip is not None and (mapped or ip).is_loopback


def _ip(text: str) -> Any:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None


def host_name(host: str) -> str:
    """Return the name in a Host header; "" if it is malformed, as with a user name before it."""
    found = _HOST.fullmatch(host)
    return found["name"].lower().rstrip(".") if found else ""
