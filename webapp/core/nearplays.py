"""Near misses: which play of a song came closest to a press that met nobody. Sans-I/O.

It tells only what records hold for everyone: the ends of pairs, pulses and sparks, with the cities that a record has
for them, in whole seconds of the clock, as a spark's time is told.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from webapp.core.matchlookup import Press
from webapp.core.plays import SLICE_MS
from webapp.core.records import Rows, SliceRecord, wire_track_id

NEAR_S = 60
"""How far from a press a play may be, in seconds of the clock."""
PLAYS_A_SECOND = 8
"""Plays of a song that are remembered of one second. Some may be the visitor's own, or in hidden cities."""
SECONDS_MOST = 150
"""Seconds with plays that are remembered of a song: NEAR_S before a press that one can ask about for 75 s, and more."""

_PAIR = ("track", "to_track", "at", "apart_ms", "within_s", "source", "from_city", "from_listener", "to_city",
         "to_listener")  # fmt: skip
_PULSE = ("track", "at", "apart_ms", "within_s", "source", "city", "from_listener", "to_listener")
_SPARK = ("track", "at", "within_s", "source", "city")


class Play(NamedTuple):
    """A play as a record tells of it.

    Attributes:
        city: a city index.
        source: a place in SOURCES.
        within_s: 0 if its time is exact; else it, or its pair, was pressed within about so many seconds.
        listeners: the hashes of those who may have pressed it; a spark has none, except for visitors' presses.
    """

    city: int
    source: int
    within_s: int
    listeners: tuple[int, ...]


class Closest(NamedTuple):
    """The play that came closest to a press.

    Attributes:
        seconds: from the press to the play, in seconds of the clock; negative if the play came before.
        city: a city index.
        source: a place in SOURCES.
        within_s: see `Play`.
    """

    seconds: int
    city: int
    source: int
    within_s: int


class Searched(NamedTuple):
    """How many seconds before and after a press were searched, each at most NEAR_S."""

    before_s: int
    after_s: int


class SongPlays:
    """The plays of one song that records tell of, by their second.

    Attributes:
        track: the song as wire JSON; empty until a record has it.
        own: the listeners of visitors' presses of this song, by their times in epoch milliseconds.
    """

    def __init__(self) -> None:
        self.track = b""
        self.own = defaultdict[int, set[int]](set)
        self._by_second = dict[int, list[Play]]()
        self._since_ms: int | None = None

    def clear(self) -> None:
        """Forget all plays: the clock was set back."""
        self._by_second.clear()
        self._since_ms = None

    def reach(self, start_ms: int) -> None:
        """Note that a record whose slice began then was taken in."""
        self._since_ms = start_ms if self._since_ms is None else min(self._since_ms, start_ms)

    def add(self, at_ms: int, play: Play) -> None:
        """Remember a play. Of many in one second, those whose time is exact stay."""
        second = at_ms // 1000
        plays = self._by_second.get(second)
        if plays is None:
            plays = self._by_second[second] = []
            if len(self._by_second) > SECONDS_MOST:
                del self._by_second[min(self._by_second)]
        insort(plays, play, key=_inexactness)
        del plays[PLAYS_A_SECOND:]

    def closest(self, press: Press, hides: Callable[[int], bool]) -> Closest | None:
        """Return the play closest to a press, by the second; of two as close, the earlier one.

        Args:
            press: whose own listener's plays do not count.
            hides: tells whether a city is hidden.
        """
        second = press.at_ms // 1000
        for away in range(NEAR_S + 1):
            for seconds in (-away, away):
                for play in self._by_second.get(second + seconds, ()):
                    if press.listener not in play.listeners and not hides(play.city):
                        return Closest(seconds, *play[:3])
        return None

    def searched(self, press: Press, newest_ms: int, window_ms: int) -> Searched:
        """Return how far before and after a press all plays are known, if slices are closed up to `newest_ms`."""
        if self._since_ms is None:
            return Searched(0, 0)
        first = -(-self._since_ms // 1000)
        last = (newest_ms - 2 * window_ms - SLICE_MS) // 1000 - 1  # plays in one city are told two windows later
        second = press.at_ms // 1000
        return Searched(*(min(max(each, 0), NEAR_S) for each in (second - first, last - second)))


def _inexactness(play: Play) -> int:
    return play.within_s


def take_in(record: SliceRecord, songs: Mapping[bytes, SongPlays]) -> None:
    """Have songs remember what a record tells of their plays.

    Args:
        record: the record.
        songs: by `track.id`. A pair whose plays have two ids, joined by a recording, is one of both songs.
    """
    wanted = dict[int, SongPlays]()
    for number, track in enumerate(record.tracks):
        if song := songs.get(wire_track_id(track)):
            wanted[number], song.track = song, track
    for song in songs.values():
        song.reach(record.start_ms)
    if not wanted:
        return
    numbers = list(wanted)
    for tracks, at_ms, play in (*_pairs(record.pairs, numbers), *_pulses(record.pulses, numbers)):
        for number in tracks & wanted.keys():
            wanted[number].add(at_ms, play)
    for number, at_ms, within_s, source, city in _columns(record.sparks, _SPARK, numbers):
        song = wanted[number]
        song.add(at_ms, Play(city, source, within_s, tuple(song.own.get(at_ms, ()))))


def _pairs(rows: Rows, numbers: list[int]) -> Iterator[tuple[set[int], int, Play]]:
    """Yield both ends of pairs: the numbers of their songs, when they were played, and what is told of them."""
    for row in _columns(rows, _PAIR, numbers):
        track, to_track, at_ms, apart_ms, within_s, source, from_city, from_listener, to_city, to_listener = row
        for each_ms, city, listener in (
            (_first_ms(at_ms, apart_ms, within_s), from_city, from_listener),
            (at_ms, to_city, to_listener),
        ):
            yield {track, to_track}, each_ms, Play(city, source, within_s, (listener,))


def _pulses(rows: Rows, numbers: list[int]) -> Iterator[tuple[set[int], int, Play]]:
    """Yield likewise both plays of pulses."""
    for track, at_ms, apart_ms, within_s, source, city, *listeners in _columns(rows, _PULSE, numbers):
        for each_ms, listener in zip((_first_ms(at_ms, apart_ms, within_s), at_ms), listeners, strict=True):
            yield {track}, each_ms, Play(city, source, within_s, (listener,))


def _first_ms(at_ms: int, apart_ms: int, within_s: int) -> int:
    """Return when the earlier of two plays was pressed. If a time is not exact, nobody is told how far apart."""
    return at_ms if within_s else at_ms - apart_ms


def _columns(rows: Rows, names: tuple[str, ...], numbers: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield these columns of the rows with one of these tracks."""
    has = np.isin(rows["track"], numbers)
    if "to_track" in names:
        has |= np.isin(rows["to_track"], numbers)
    found = rows[has]
    return zip(*(found[name].tolist() for name in names), strict=True)
