"""Reads a period's sums from the history's file (`periodsums.py` keeps them)."""

import json
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from webapp.core.moderation import NO_RULES, Rules
from webapp.storage import queries
from webapp.storage.periodsums import start_id, target_start_id

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

TOLERANCE_S = 60.0
"""How far the start of complete sums may be off."""

Rows = list[tuple[int | str, ...]]
"""One or two columns for what is counted, then its number of connections."""

_KIND = "SELECT value, times FROM sums WHERE period = :period AND kind = '{}' ORDER BY {}"
_SUMS = {
    "sources": _KIND.format("sources", "value"),
    "pairs": """SELECT one, other, times FROM pair_sums WHERE period = :period
        AND one NOT IN (SELECT value FROM json_each(:hidden)) AND other NOT IN (SELECT value FROM json_each(:hidden))
        ORDER BY times DESC, one, other LIMIT :limit""",
    "countries": _KIND.format("countries", "times DESC, value LIMIT :limit"),
    "distances": _KIND.format("distances", "value"),
    "hours": _KIND.format("hours", "value"),
}

SONG_ORDERS = {
    "most": "times DESC, km DESC, id",
    "farthest": "km DESC, times DESC, id",
    "rarest": "times, km DESC, id",
}
"""Orders of songs: most connections, farthest connection, fewest connections."""
_SONGS = "SELECT id, times, song, source FROM song_sums WHERE period = ? ORDER BY {} LIMIT ? OFFSET ?"
_FARTHEST = """SELECT c.id FROM connections c INDEXED BY connections_song
    WHERE c.song = :song AND c.source = :source AND c.everyone = 1
    AND c.id >= (SELECT begins FROM periods p WHERE p.period = :period)
    AND c.from_city NOT IN (SELECT value FROM json_each(:hidden))
    AND c.to_city NOT IN (SELECT value FROM json_each(:hidden))
    ORDER BY c.km DESC, c.id DESC LIMIT 1"""

NO_TOTALS: dict[str, Rows] = {name: [] for name in _SUMS}
"""The sums of no connections."""


def songs(
    db: sqlite3.Connection, period: str, limit: int, gazetteer: "Gazetteer", rules: Rules = NO_RULES
) -> "dict[str, list[tuple[Connection, int]]]":
    """Return the songs that connected people, in each order of SONG_ORDERS.

    A song is left out if the text of its farthest connection is hidden. If only a city of it is, the farthest
    connection between other cities replaces it. The number of its connections is of all, also of those that are hidden.

    Args:
        db: the file.
        period: one of PERIODS.
        limit: how many songs of each order at most.
        gazetteer: the cities.
        rules: what is left out.

    Returns:
        For each order, the farthest connection of each song and source, and how many connections it has.
    """
    reader = _SongReader(db, period, gazetteer, rules)
    return {name: list(islice(reader.songs(order, limit), limit)) for name, order in SONG_ORDERS.items()}


class _SongReader:
    """Reads the songs of a period that are not hidden, page by page."""

    def __init__(self, db: sqlite3.Connection, period: str, gazetteer: "Gazetteer", rules: Rules) -> None:
        self._db, self._period, self._gazetteer, self._rules = db, period, gazetteer, rules
        self._hidden_cities = json.dumps(sorted(rules.cities))

    def songs(self, order: str, step: int) -> "Iterator[tuple[Connection, int]]":
        start = 0
        while rows := self._db.execute(_SONGS.format(order), (self._period, step, start)).fetchall():
            for id, times, song, source in rows:
                if farthest := self._visible(id, song, source):
                    yield farthest, times
            start, step = start + step, 4 * step  # each page sorts all songs again

    def _visible(self, id: str, song: int, source: int) -> "Connection | None":
        """Return the farthest connection of a song that is not hidden."""
        farthest = queries.get(self._db, id, self._gazetteer)
        if farthest is None or not self._rules.hides_connection(farthest, self._gazetteer):
            return farthest
        if self._rules.hides_track(farthest.track):
            return None
        values = {"song": song, "source": source, "period": self._period, "hidden": self._hidden_cities}
        other = self._db.execute(_FARTHEST, values).fetchone()
        found = queries.get(self._db, other[0], self._gazetteer) if other else None
        return None if found is None or self._rules.hides_connection(found, self._gazetteer) else found


def totals(db: sqlite3.Connection, period: str, limit: int, rules: Rules = NO_RULES) -> dict[str, Rows]:
    """Return how many connections each source, pair of cities, country (at either end), distance and hour has.

    Args:
        db: the file.
        period: one of PERIODS.
        limit: how many pairs and countries at most; those with the most connections.
        rules: pairs with a hidden city are left out.

    Returns:
        By name: sources as their codes; pairs as GeoNames ids, the smaller first; countries as ISO codes; distances in
        km, rounded down to KM_STEP; hours in UTC.
    """
    values = {"period": period, "limit": limit, "hidden": json.dumps(sorted(rules.cities))}
    return {name: db.execute(query, values).fetchall() for name, query in _SUMS.items()}


def are_complete(db: sqlite3.Connection, period: str, now_s: float) -> bool:
    """Return whether a period's sums cover the whole period; those of an upgraded file are built in steps."""
    first, last = sorted((start_id(db, period), target_start_id(period, now_s)))
    soon = target_start_id(period, now_s + TOLERANCE_S), target_start_id(period, now_s - TOLERANCE_S)
    missing = "SELECT 1 FROM connections WHERE id >= ? AND id < ? AND everyone = 1 AND (id < ? OR id >= ?) LIMIT 1"
    return db.execute(missing, (first, last, soon[1], soon[0])).fetchone() is None
