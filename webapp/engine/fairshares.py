"""Places of which there are only so many, shared among those who want them.

Who has few can always have another; who has many can have another only while they have fewer than are free. So nobody
is kept from anything before half of the places are taken, and however many one takes, others find some.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class FairShares(Generic[K]):
    """Places, what they are taken for, and by whom; who is None, such as loopback, has no bound of its own.

    Args:
        whole: how many places there are.
    """

    def __init__(self, whole: int) -> None:
        self.whole = whole
        self._held: dict[bytes | None, dict[K, None]] = {}
        self._owner: dict[K, bytes | None] = {}

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return len(self._owner)

    def has_room_for(self, owner: bytes | None) -> bool:
        """Tell whether somebody can have a place, be it one that another has to leave."""
        if self.taken < self.whole:
            return owner is None or self._count(owner) < self.whole - self.taken
        return any(True for _ in self.givers(owner))

    def givers(self, owner: bytes | None) -> Iterator[K]:
        """Yield what may have to go for a place of somebody's: what those who have most took last.

        They have two more at least, so that nobody takes from another what that one could take back.
        """
        others = [name for name in self._held if name is not None and name != owner]
        most = max(others, key=self._count, default=None)
        if most is not None and self._count(most) > (0 if owner is None else self._count(owner)) + 1:
            yield from reversed(self._held[most])

    def claim(self, owner: bytes | None, place: K) -> None:
        """Note that somebody has a place."""
        self._owner[place] = owner
        self._held.setdefault(owner, {})[place] = None

    def release(self, place: K) -> None:
        """Note that a place is free; do nothing if it is."""
        if place not in self._owner:
            return
        owner = self._owner.pop(place)
        del self._held[owner][place]
        if not self._held[owner]:
            del self._held[owner]

    def _count(self, owner: bytes | None) -> int:
        return len(self._held.get(owner, ()))
