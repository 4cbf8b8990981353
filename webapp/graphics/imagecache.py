"""A cache of pictures, and a short queue for drawing new ones: drawing keeps a processor busy."""

from __future__ import annotations

import threading
from collections.abc import Callable

from webapp.core.cache import Cache

MAX_BYTES = 32 << 20
MAX_WAITING = 8
"""Requests that may wait for a picture; about a second's work."""


class TooManyImages(Exception):  # noqa: N818 - names the state
    """The queue is full; try again later."""


class ImageCache:
    """A cache of the most recently used pictures, drawn one at a time. Thread-safe.

    Args:
        max_bytes: most bytes of pictures kept.
        max_waiting: most requests that may wait for a picture.

    Attributes:
        waiting: requests waiting now.
        refused: requests refused so far.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting, self.waiting, self.refused = max_waiting, 0, 0
        self._cache: Cache[str, bytes] = Cache(max_bytes, len)
        self._lock, self._drawing = threading.Lock(), threading.Lock()

    def get_or_draw(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """Return the picture of a key; draw it if it is not cached.

        Raises:
            TooManyImages: too many requests are waiting.
        """
        if (picture := self.get(key)) is not None:
            return picture
        self._enqueue()
        try:
            with self._drawing:
                if (picture := self.get(key)) is None:
                    picture = draw()
                    with self._lock:
                        self._cache.keep(key, picture)
                return picture
        finally:
            with self._lock:
                self.waiting -= 1

    def get(self, key: str) -> bytes | None:
        """Return the picture of a key if it is cached, or None."""
        with self._lock:
            return self._cache.get(key)

    def _enqueue(self) -> None:
        with self._lock:
            if self.waiting >= self._max_waiting:
                self.refused += 1
                raise TooManyImages
            self.waiting += 1
