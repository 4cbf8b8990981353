"""An LRU cache that is bounded by the size of its values."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """An LRU cache: drops the least recently used values. Not thread-safe.

    Args:
        most: the largest sum of the sizes of all values.
        size: returns the size of a value.
    """

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most, self._size = most, size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._used = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep a value. A value that is too large by itself is not kept."""
        self.drop(key)
        self._values[key] = value
        self._used += self._size(value)
        while self._used > self._most:
            self.drop(next(iter(self._values)))

    def drop(self, key: K) -> None:
        """Drop the value of a key, if there is one."""
        if key in self._values:
            self._used -= self._size(self._values.pop(key))

    def clear(self) -> None:
        """Drop all values."""
        self._values.clear()
        self._used = 0
