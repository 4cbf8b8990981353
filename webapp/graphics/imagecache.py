"""Pictures that were drawn lately, and the queue for those that are not: a short one, for drawing costs a processor."""

from __future__ import annotations

import threading
from collections.abc import Callable

from webapp.core.cache import Cache

ROOM_BYTES = 32 << 20
WAITING_MOST = 8
"""Pictures asked for and not drawn yet; a second's work, about."""


class TooManyImages(Exception):  # noqa: N818 - named for what is the case
    """So many pictures wait to be drawn that one more is to come again later."""


class ImageCache:
    """Keeps pictures by what they show; those not asked for the longest make room. Call it from any greenlet or thread.

    Args:
        room: bytes of pictures that are kept.
        waiting: how many may wait to be drawn.

    Attributes:
        waiting: how many wait now.
        refused: how many were refused so far.
    """

    def __init__(self, room: int = ROOM_BYTES, waiting: int = WAITING_MOST) -> None:
        self._most, self.waiting, self.refused = waiting, 0, 0
        self._kept: Cache[str, bytes] = Cache(room, len)
        self._lock, self._turn = threading.Lock(), threading.Lock()

    def picture(self, key: str, draw: Callable[[], bytes]) -> bytes:
        """Return the picture of a key; drawn now, one at a time, unless it is kept or was drawn while it waited.

        Raises:
            TooManyPictures: too many are waiting.
        """
        if (found := self.kept(key)) is not None:
            return found
        self._queue()
        try:
            with self._turn:
                if (found := self.kept(key)) is None:
                    found = draw()
                    with self._lock:
                        self._kept.keep(key, found)
                return found
        finally:
            with self._lock:
                self.waiting -= 1

    def kept(self, key: str) -> bytes | None:
        """Return the picture of a key if it was drawn lately, or None."""
        with self._lock:
            return self._kept.get(key)

    def _queue(self) -> None:
        with self._lock:
            if self.waiting >= self._most:
                self.refused += 1
                raise TooManyImages
            self.waiting += 1
