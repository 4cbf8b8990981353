"""Reads a period's sums from the history's file (`periodsums.py` keeps them)."""

import sqlite3
from typing import TYPE_CHECKING

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
_SONGS = "SELECT id, times FROM song_sums WHERE period = ? ORDER BY {} LIMIT ?"

NO_TOTALS: dict[str, Rows] = {name: [] for name in _SUMS}
"""The sums of no connections."""


def songs(
    db: sqlite3.Connection, period: str, limit: int, gazetteer: "Gazetteer"
) -> "dict[str, list[tuple[Connection, int]]]":
    """Return the songs that connected people, in each order of SONG_ORDERS.

    Args:
        db: the file.
        period: one of PERIODS.
        limit: how many songs of each order at most.
        gazetteer: the cities.

    Returns:
        For each order, the farthest connection of each song and source, and how many connections it has.
    """
    found: dict[str, list[tuple[Connection, int]]] = {}
    for name, order in SONG_ORDERS.items():
        rows = db.execute(_SONGS.format(order), (period, limit)).fetchall()
        stored = ((queries.get(db, id, gazetteer), times) for id, times in rows)
        found[name] = [(farthest, times) for farthest, times in stored if farthest]
    return found


def totals(db: sqlite3.Connection, period: str, limit: int) -> dict[str, Rows]:
    """Return how many connections each source, pair of cities, country (at either end), distance and hour has.

    Args:
        db: the file.
        period: one of PERIODS.
        limit: how many pairs and countries at most; those with the most connections.

    Returns:
        By name: sources as their codes; pairs as GeoNames ids, the smaller first; countries as ISO codes; distances in
        km, rounded down to KM_STEP; hours in UTC.
    """
    values = {"period": period, "limit": limit}
    return {name: db.execute(query, values).fetchall() for name, query in _SUMS.items()}


def are_complete(db: sqlite3.Connection, period: str, now_s: float) -> bool:
    """Return whether a period's sums cover the whole period; those of an upgraded file are built in steps."""
    first, last = sorted((start_id(db, period), target_start_id(period, now_s)))
    soon = target_start_id(period, now_s + TOLERANCE_S), target_start_id(period, now_s - TOLERANCE_S)
    missing = "SELECT 1 FROM connections WHERE id >= ? AND id < ? AND everyone = 1 AND (id < ? OR id >= ?) LIMIT 1"
    return db.execute(missing, (first, last, soon[1], soon[0])).fetchone() is None
