"""One at a time for each address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

L = TypeVar("L")


class AddressTurns(Generic[L]):
    """A lock for each address, which is there while somebody holds it or waits for it.

    Args:
        lock: makes one.
    """

    def __init__(self, lock: Callable[[], L]) -> None:
        self._lock = lock
        self._locks: WeakValueDictionary[bytes, L] = WeakValueDictionary()

    def of(self, owner: bytes) -> L:
        """Return the lock of an address, given its hash."""
        return self._locks.setdefault(owner, self._lock())
