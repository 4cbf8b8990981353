"""Near misses of visitors' presses: the plays of the songs that they pressed, from the records of the last minutes.

A song is searched for in the ring once, for all who press it, and then in each record that comes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent

from webapp.core.matchlookup import Press
from webapp.core.nearplays import Closest, Searched, SongPlays, take_in
from webapp.core.records import SliceRecord
from webapp.engine.bus import Bus
from webapp.engine.resume import decode_record

SONGS_MOST = 250
"""Songs that are searched for at once; they take 50 MB at most. Presses of further ones are told of no near miss."""


@dataclass(slots=True)
class AwaitedSong:
    """A song that visitors pressed.

    Attributes:
        after: number of the newest record when it was first pressed. Later ones are searched as they come.
        plays: what was found.
        is_whole: whether the records before were searched, too.
    """

    after: int
    plays: SongPlays = field(default_factory=SongPlays)
    is_whole: bool = False


class NearMisses:
    """Finds the play that came closest to a press.

    Args:
        records: the bus of slice records.
        window_ms: the matching window.
    """

    def __init__(self, records: Bus, window_ms: int) -> None:
        self._records, self._window_ms = records, window_ms
        self._songs: dict[bytes, AwaitedSong] = {}
        self._walking = threading.Lock()
        self._newest_ms, self._since = 0, 1  # the end of the newest record, and the first since which time only went on

    def expect(self, press: Press) -> None:
        """Remember the plays of a press's song from the next record on."""
        name = press.track.encode()
        if name not in self._songs and len(self._songs) < SONGS_MOST:
            self._songs[name] = AwaitedSong(self._records.last)
        if song := self._songs.get(name):
            song.plays.own[press.at_ms].add(press.listener)

    def forget(self, press: Press) -> None:
        """Forget a press, and its song with the last one."""
        song = self._songs.get(press.track.encode())
        if song is None or press.listener not in song.plays.own.get(press.at_ms, ()):
            return
        song.plays.own[press.at_ms].discard(press.listener)
        if not song.plays.own[press.at_ms]:
            del song.plays.own[press.at_ms]
        if not song.plays.own:
            del self._songs[press.track.encode()]

    def take_in(self, number: int, message: bytes) -> None:
        """Search the next record."""
        end_ms = SliceRecord.end_of(message)
        if end_ms <= self._newest_ms:
            self._begin_anew(number)
        self._newest_ms = end_ms
        songs = {name: song.plays for name, song in list(self._songs.items()) if number > song.after}
        if songs:
            take_in(decode_record(message), songs)

    def closest(self, press: Press, hides: Callable[[bytes, int], bool]) -> tuple[Closest | None, Searched | None]:
        """Return the play closest to a press, and how far was searched; None if its song is not searched for.

        Args:
            press: the press.
            hides: tells whether a song, as wire JSON, is hidden in a city, a city index.
        """
        song = self._songs.get(press.track.encode())
        if song is None or press.listener not in song.plays.own.get(press.at_ms, ()):
            return None, None
        self._complete(song)
        plays = song.plays
        found = plays.closest(press, lambda city: hides(plays.track, city))
        return found, plays.searched(press, self._newest_ms, self._window_ms)

    def _begin_anew(self, number: int) -> None:
        """The clock was set back: the times of what came before this record say nothing of now."""
        self._since = number
        for song in list(self._songs.values()):
            song.plays.clear()

    def _complete(self, song: AwaitedSong) -> None:
        """Search the ring for a song, and for all others that wait for it, with a turn for others after each record."""
        if song.is_whole:
            return
        with self._walking:
            awaited = {name: each for name, each in list(self._songs.items()) if not each.is_whole}
            for number, message in self._records.read(self._since - 1):
                songs = {name: each.plays for name, each in awaited.items() if self._since <= number <= each.after}
                if number > max((each.after for each in awaited.values()), default=0):
                    break
                if songs:
                    take_in(SliceRecord.decode(message), songs)
                gevent.sleep(0)
            for each in awaited.values():
                each.is_whole = True
