"""How many viewers each address may have."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

from webapp.web.clientaddress import hash_of
from webapp.web.hosts import is_loopback


class TooManyViewers(Exception):  # noqa: N818 - it says what is so, not that something is wrong
    """As many viewers as the settings allow are open already, of all or of one address."""


class ViewersPerAddress:
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
        return hash_of(address, self._key)


def _nothing() -> None:
    pass
