"""Who may come in as a viewer: from whose page, and how many from one address."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.hosts import host_name, is_listed, is_loopback
from webapp.web.security import is_for_another_site

_HOP = re.compile(r"\s*(?:\[(?P<v6>[0-9a-fA-F:.]+)\](?::\d+)?|(?P<v4>\d[\d.]*)(?::\d+)?|(?P<bare>[0-9a-fA-F:.]+))\s*")
"""An address in X-Forwarded-For, as proxies write it: some with a port."""
HOPS_MOST = 10
"""Proxies in a row; the list may have thousands."""


_THIS_MACHINE = "127.0.0.1"


class TooManyViewers(Exception):  # noqa: N818 - it says what is so, not that something is wrong
    """As many viewers as the settings allow are open already, of all or of one address."""


class Addresses:
    """How many viewers each address has open: an IPv4 address, or a /64 of IPv6; loopback counts for nothing.

    An address is known by a hash whose key is in memory only, and only while it has viewers.

    Args:
        most: viewers of one address; 0 is no bound.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._key = os.urandom(16)
        self._viewers: Counter[bytes] = Counter()

    def __len__(self) -> int:
        return len(self._viewers)

    def has_room_for(self, address: str) -> bool:
        """Tell whether one more may come in from an address."""
        return not self._most or is_loopback(address) or self._viewers[self._name(address)] < self._most

    def enter(self, address: str) -> Callable[[], None]:
        """Count one in, and return what to call once when it is gone.

        Raises:
            TooManyViewers: there is no room.
        """
        if not self.has_room_for(address):
            raise TooManyViewers
        if not self._most or is_loopback(address):
            return _nothing
        name = self._name(address)
        self._viewers[name] += 1
        return lambda: self._leave(name)

    def _leave(self, name: bytes) -> None:
        self._viewers[name] -= 1
        if not self._viewers[name]:
            del self._viewers[name]

    def _name(self, address: str) -> bytes:
        return name_of(address, self._key)


def _nothing() -> None:
    pass


def name_of(address: str, key: bytes) -> bytes:
    """Return what an address is known by while it has to be told from others: a hash that only the key can repeat."""
    return blake2b(_network(address).encode(), key=key, digest_size=16).digest()


def _network(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or a /64 of IPv6."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)


def client_address(request: Request, settings: Settings) -> str:
    """Return whose request it is: the peer's address, or of whom a proxy in UNISON_TRUSTED_PROXIES says it is.

    Each proxy appends the address that it saw to X-Forwarded-For, so it is read from the end, as far as those who wrote
    it are trusted; what stands before may be anybody's invention. Over a Unix socket there is no peer's address: only
    what this machine lets to the socket can connect, which is a trusted proxy if it forwards an address.
    """
    address = request.remote_addr or _THIS_MACHINE
    trusted = not request.remote_addr
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")[-HOPS_MOST:]):
        found = _HOP.fullmatch(hop)
        if not found or not (trusted or is_trusted(address, settings)):
            break
        trusted = False
        address = found["v6"] or found["v4"] or found["bare"]
    return address


def is_trusted(address: str, settings: Settings) -> bool:
    """Tell whether an address is in UNISON_TRUSTED_PROXIES."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    ip = (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
    return any(ip in ip_network(network, strict=False) for network in settings.trusted_proxies)


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
        known = "set UNISON_PUBLIC_URL to where this server is reached, or UNISON_HOSTS, if they may"
        raise Forbidden(f"pages of {origin[:80]!r} may not {deed}; {known}")
