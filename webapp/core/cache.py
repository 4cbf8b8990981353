"""A cache that is bounded by the size of what it holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Values by key; those that were not used for the longest make room. For one thread at a time.

    Args:
        most: what the sizes of all values may add up to.
        size: returns the size of a value.
    """

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most, self._size = most, size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._used = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, if it is here."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep a value; it may be the one that is too large, and is gone then."""
        self.drop(key)
        self._values[key] = value
        self._used += self._size(value)
        while self._used > self._most:
            self.drop(next(iter(self._values)))

    def drop(self, key: K) -> None:
        """Let go of the value of a key, if it is here."""
        if key in self._values:
            self._used -= self._size(self._values.pop(key))

    def clear(self) -> None:
        """Let go of all values."""
        self._values.clear()
        self._used = 0
