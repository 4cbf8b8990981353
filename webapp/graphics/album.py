"""Pictures that were drawn lately, and the queue for those that are not: a short one, for drawing costs a processor."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

ROOM_BYTES = 32 << 20
WAITING_MOST = 8
"""Pictures asked for and not drawn yet; a second's work, about."""


class TooManyPictures(Exception):  # noqa: N818 - named for what is the case
    """So many pictures wait to be drawn that one more is to come again later."""


class Album:
    """Keeps pictures by what they show; those not asked for the longest make room. Call it from any greenlet or thread.

    Args:
        room: bytes of pictures that are kept.
        waiting: how many may wait to be drawn.

    Attributes:
        waiting: how many wait now.
        refused: how many were refused so far.
    """

    def __init__(self, room: int = ROOM_BYTES, waiting: int = WAITING_MOST) -> None:
        self._room, self._most = room, waiting
        self._used = self.waiting = self.refused = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
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
                    self._keep(key, found)
                return found
        finally:
            with self._lock:
                self.waiting -= 1

    def kept(self, key: str) -> bytes | None:
        """Return the picture of a key if it was drawn lately, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _queue(self) -> None:
        with self._lock:
            if self.waiting >= self._most:
                self.refused += 1
                raise TooManyPictures
            self.waiting += 1

    def _keep(self, key: str, picture: bytes) -> None:
        with self._lock:
            self._kept[key] = picture
            self._used += len(picture)
            while self._used > self._room:
                self._used -= len(self._kept.popitem(last=False)[1])
