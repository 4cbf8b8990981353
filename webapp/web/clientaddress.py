"""Whose request it is: the client's address, by the proxies that are trusted, and a hash that stands for it."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network

from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.hosts import is_loopback

_HOP = re.compile(r"\s*(?:\[(?P<v6>[0-9a-fA-F:.]+)\](?::\d+)?|(?P<v4>\d[\d.]*)(?::\d+)?|(?P<bare>[0-9a-fA-F:.]+))\s*")
"""An address in X-Forwarded-For, as proxies write it: some with a port."""
HOPS_MOST = 10
"""Proxies in a row; the list may have thousands."""
_CACHED = 4_096
_THIS_MACHINE = "127.0.0.1"


def client_address(request: Request, settings: Settings) -> str:
    """Return whose request it is: the peer's address, or of whom a proxy in UNISON_TRUSTED_PROXIES says it is.

    Each proxy appends the address that it saw to X-Forwarded-For, so it is read from the end, as far as those who wrote
    it are trusted; what stands before may be anybody's invention. Over a Unix socket there is no peer's address: only
    what this machine lets to the socket can connect, which is a trusted proxy if it forwards an address.
    """
    address = request.remote_addr or _THIS_MACHINE
    trusted = not request.remote_addr
    forwarded = request.environ.get("HTTP_X_FORWARDED_FOR")
    for hop in reversed(forwarded.split(",")[-HOPS_MOST:] if forwarded else ()):
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


class AddressHashes:
    """Stand for addresses where one has to be told from others. The key is in memory only, so nothing reveals them."""

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._of = lru_cache(maxsize=_CACHED)(self._hash)

    def of(self, address: str) -> bytes | None:
        """Return the hash of an IPv4 address or of a /64 of IPv6; None on loopback, where proxies are."""
        return self._of(address)

    def _hash(self, address: str) -> bytes | None:
        if is_loopback(address):
            return None
        return blake2b(network_of(address).encode(), key=self._key, digest_size=16).digest()


def network_of(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or a /64 of IPv6."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)
