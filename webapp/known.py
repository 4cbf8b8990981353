"""A memory of what raw bytes mean, bounded by the bytes it holds. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from webapp.checks import FieldError

MOST_BYTES = 48 << 20
_RAW_MOST = 8 << 10
_ENTRY_BYTES = 250  # what a dictionary's entry and two small objects take beside their contents

V = TypeVar("V", bytes, int)


class Known(dict[bytes, V]):
    """What raw bytes mean, worked out when first met. Forgets all when it grew over its bound; never keeps errors."""

    def __init__(self, find: Callable[[bytes], V], most_bytes: int = MOST_BYTES) -> None:
        """Start empty.

        Args:
            find: gives what raw bytes mean, or raises a FieldError.
            most_bytes: about how much memory this may take.
        """
        super().__init__()
        self._find: Callable[[bytes], V] = find
        self._most = most_bytes
        self._bytes = 0

    def find(self, raws: Sequence[bytes]) -> Sequence[V | FieldError]:
        """Return for each of raws what it means, or the error that it is."""
        try:
            return list(map(self.__getitem__, raws))
        except FieldError:
            return [self._find_or_error(raw) for raw in raws]

    def _find_or_error(self, raw: bytes) -> V | FieldError:
        try:
            return self[raw]
        except FieldError as error:
            return error.bare()

    def __missing__(self, raw: bytes) -> V:
        value = self._find(raw)
        if len(raw) <= _RAW_MOST:
            self._keep(raw, value)
        return value

    def _keep(self, raw: bytes, value: V) -> None:
        self._bytes += _ENTRY_BYTES + len(raw) + (len(value) if isinstance(value, bytes) else 0)
        if self._bytes > self._most:
            self.clear()
            self._bytes = 0
        self[raw] = value
