"""How many viewers each address may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from webapp.web.clientaddress import AddressHashes


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
        self._hashes = AddressHashes()
        self._viewers: Counter[bytes] = Counter()

    def __len__(self) -> int:
        return len(self._viewers)

    def has_room_for(self, address: str) -> bool:
        """Tell whether one more may come in from an address."""
        owner = self._owner_of(address)
        return owner is None or self._viewers[owner] < self._most

    def enter(self, address: str) -> Callable[[], None]:
        """Count one in, and return what to call once when it is gone.

        Raises:
            TooManyViewers: there is no room.
        """
        if not self.has_room_for(address):
            raise TooManyViewers
        owner = self._owner_of(address)
        if owner is None:
            return _nothing
        self._viewers[owner] += 1
        return lambda: self._leave(owner)

    def _owner_of(self, address: str) -> bytes | None:
        """Return whose viewers are counted; None where nobody's are."""
        return self._hashes.of(address) if self._most else None

    def _leave(self, owner: bytes) -> None:
        self._viewers[owner] -= 1
        if not self._viewers[owner]:
            del self._viewers[owner]


def _nothing() -> None:
    pass
