"""The songs that listeners wait to see: those who set their player up watch for its first play.

A title is kept in memory alone, and only for a token whose own page asks for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from webapp.ingest.submissions import Song

WATCH_S = 900.0
"""How long a page may be away, as while its listener is in the player, and still see the song of a play."""
TOKENS_MOST = 10_000


class Heard(NamedTuple):
    """A song that a token's client announced."""

    title: str
    artist: str


class HeardSongs:
    """The last song of each token that is watched. Thread-safe.

    Args:
        clock: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._watched: OrderedDict[str, tuple[float, Heard | None]] = OrderedDict()  # who asked longest ago is first
        self._lock = threading.Lock()

    def watch(self, id: str) -> Heard | None:
        """Have a token watched from now on; return its last song since it is."""
        now_s = self._clock()
        with self._lock:
            self._forget_old(now_s)
            _, heard = self._watched.pop(id, (now_s, None))
            self._watched[id] = now_s, heard
            if len(self._watched) > TOKENS_MOST:
                self._watched.popitem(last=False)
        return heard

    def note(self, id: str, song: Song) -> None:
        """Note the song of a play, if its token is watched."""
        with self._lock:
            if id in self._watched:
                self._watched[id] = self._watched[id][0], Heard(song.title, song.artist)

    def forget_old(self) -> None:
        """Watch tokens no longer that nobody asked about for so long. Call it now and then."""
        with self._lock:
            self._forget_old(self._clock())

    def _forget_old(self, now_s: float) -> None:
        while self._watched and next(iter(self._watched.values()))[0] < now_s - WATCH_S:
            self._watched.popitem(last=False)

    def forget(self, id: str) -> None:
        """Watch a token no longer."""
        with self._lock:
            self._watched.pop(id, None)
