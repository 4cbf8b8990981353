"""Checks the URLs of plays: https, with a host on the public Internet, written as browsers look it up.

They become links on a public page. So none may lead to a viewer's own machine or network, or look like another site's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

_ADDRESS = re.compile(
    r"https://(?P<host>[^\s/?#@:\\\"<>\[\]%]+|\[[0-9a-f:.]+\])(?P<rest>(?::[0-9]{1,5})?(?:[/?#][^\s\\\"<>]*)?)",
    re.IGNORECASE,
)
"""Without a user name: "https://bank.example@evil.example" looks like the URL of another site."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_STOPS = str.maketrans("。．｡", "...")
"""The full stops that browsers treat as a dot (UTS 46)."""
_LETTERS = ("L", "M", "N")
_PRIVATE = frozenset({"localhost", "local", "localdomain", "internal", "intranet", "private", "lan", "home", "corp"})
"""Last labels of names that are private to a network: RFC 6761, RFC 6762, ICANN's .internal, and common use."""
_HOME = ".home.arpa"
_UNICAST = IPv6Network("2000::/3")
"""Global unicast of IPv6 (RFC 4291)."""
_NAT64 = IPv6Network("64:ff9b::/96")
_DOCUMENTATION = [*map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))]
"""For documentation (RFC 5737, RFC 3849): nobody's, so harmless, as .example is."""
_HOST_MOST = 253


class AddressError(ValueError):
    """An https URL whose host is not on the public Internet; the message says why."""


def https_address(text: str) -> str | None:
    """Return an https URL with its host in lower case and ASCII (punycode); None if the text is not an https URL.

    Raises:
        AddressError: its host is not on the public Internet.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return None
    host = found["host"]
    return f"https://{_ipv6(host) if host.startswith('[') else _name(host)}{found['rest']}"


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host[1:-1])
    except ValueError:
        raise AddressError(f"{host} is not an IPv6 address") from None
    _check_public(address)
    return f"[{address}]"


@lru_cache(maxsize=1024)  # the plays of one service have few hosts
def _name(host: str) -> str:
    """Return a host's name or IPv4 address as a browser looks it up."""
    mapped = unicodedata.normalize("NFKC", host.translate(_STOPS))
    name = ".".join(_ascii(label) for label in mapped.removesuffix(".").split("."))
    last = name.rpartition(".")[2]
    if len(name) > _HOST_MOST:
        raise AddressError(f"its host has more than {_HOST_MOST} characters")
    if _NUMERIC.fullmatch(last):  # browsers then read the whole name as an IPv4 address
        _check_public(_ipv4(name))
    elif "." not in name or last in _PRIVATE or name.endswith(_HOME):
        raise AddressError(f"{name!r} is the name of a machine on a private network")
    return name


def _ascii(label: str) -> str:
    """Return a label as it is looked up, in punycode (RFC 3492) if it is not ASCII."""
    lower = "".join(letter.lower() for letter in label)
    if not lower.isascii():
        if not all(unicodedata.category(letter).startswith(_LETTERS) or letter == "-" for letter in lower):
            raise AddressError(f"{label!r} has a character that host names cannot have")
        lower = "xn--" + unicodedata.normalize("NFC", lower).encode("punycode").decode("ascii")
    if not _LABEL.fullmatch(lower):
        raise AddressError(f"{label!r} cannot be part of a host name")
    return lower


def _ipv4(name: str) -> IPv4Address:
    """Read four decimal numbers. Other spellings, which browsers read too, hide where a URL leads."""
    try:
        return IPv4Address(name)
    except ValueError:
        raise AddressError(f"{name!r} is not an IPv4 address of four decimal numbers") from None


def _check_public(address: IPv4Address | IPv6Address) -> None:
    """Raise an AddressError for private, loopback, link-local and multicast addresses."""
    inner = _inner(address) or address
    if any(inner in network for network in _DOCUMENTATION):
        return
    is_unicast = inner in _UNICAST if isinstance(inner, IPv6Address) else not inner.is_multicast
    if not (inner.is_global and is_unicast):
        raise AddressError(f"{address} is not an address on the Internet")


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address in an IPv6 address: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
