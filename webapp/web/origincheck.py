"""The check of a request's origin: pages of other sites may not watch the stream, nor act for their visitors."""

from __future__ import annotations

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.hosts import host_name, is_listed


def check_own_page(request: Request, settings: Settings, deed: str) -> None:
    """Refuse what a browser sends for a page of another site; programs, which say nothing of that, may do it.

    Raises:
        Forbidden: it is for a page of another site; `deed` is what it may not do.
    """
    if is_for_another_site(request):
        raise Forbidden(f"pages of other sites may not {deed}")
    check_origin(request, settings, deed)


def check_origin(request: Request, settings: Settings, deed: str = "watch this stream") -> None:
    """Refuse what a page of another site asks for, such as a websocket; programs, which send no Origin, may do it.

    Ports are not compared: many a proxy leaves them out of the Host that it passes on.

    Raises:
        Forbidden: the page's host is neither the one that was asked for nor one of ours.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return
    host = host_name(origin.partition("://")[2])
    if not host or (host != host_name(request.headers.get("Host", "")) and not is_listed(host, settings)):
        known = "to allow them, set UNISON_PUBLIC_URL or UNISON_HOSTS"
        raise Forbidden(f"pages of {origin[:80]!r} may not {deed}; {known}")


def is_for_another_site(request: Request) -> bool:
    """Tell whether a browser says that a page of another site has it send this."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
