"""Counts each song's connections along a period, for a line beside it; it reads few rows of any song."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from webapp.core.records import id_floor
from webapp.storage.keys import key
from webapp.storage.periods import PERIODS

STEPS = 24
"""A line's parts, all equally long."""
MAX_ROWS = 2_000
"""About how many rows are read of a song. Of one with more, only the beginning of each part is read."""
_HARD_LIMIT = 4 * MAX_ROWS // STEPS
"""Rows of a part, among them those of other sources and those that only a filter showed."""

_COUNT = """SELECT count(*) FROM (
        SELECT c.source, c.everyone FROM connections c INDEXED BY connections_song
        WHERE c.song = :song AND c.id >= :first AND c.id < :last LIMIT :most)
    WHERE source = :source AND everyone = 1"""
_TOTAL = "SELECT coalesce(sum(times), 0), count(DISTINCT song) FROM song_sums WHERE period = ?"

Line = tuple[int, ...]


class Song(NamedTuple):
    """A song of a period: its track's id, the code of its source, and how many connections it has."""

    track_id: str
    source: int
    times: int


class Total(NamedTuple):
    """How many connections a period has, and of how many songs."""

    connections: int = 0
    songs: int = 0


def total(db: sqlite3.Connection, period: str) -> Total:
    """Return the sums of a period."""
    return Total(*db.execute(_TOTAL, (period,)).fetchone())


def song_line(db: sqlite3.Connection, period: str, now_s: float, song: Song) -> Line:
    """Return how many connections a song had in each part of a period, the oldest part first."""
    length_s, shares = PERIODS[period].length_s, max(1, -(-song.times // MAX_ROWS))  # rounded up
    starts = (now_s - length_s + step * length_s / STEPS for step in range(STEPS))
    return tuple(shares * _count(db, song, start_s, start_s + length_s / STEPS / shares) for start_s in starts)


def _count(db: sqlite3.Connection, song: Song, from_s: float, to_s: float) -> int:
    values = {"song": key(song.track_id), "first": id_floor(from_s), "last": id_floor(to_s), "most": _HARD_LIMIT}
    count: int = db.execute(_COUNT, values | {"source": song.source}).fetchone()[0]
    return count
