"""Reads the sums that the history's file keeps of a period (`periodsums.py`)."""

import sqlite3
from typing import TYPE_CHECKING

from webapp.storage import queries
from webapp.storage.periodsums import beginning, wanted_beginning

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

BEHIND_S = 60.0
"""By so much the sums may reach less or farther back than they should and still count as whole."""

Rows = list[tuple[int | str, ...]]
"""What is counted, one column or two, and how many connections it has."""

_KIND = "SELECT value, times FROM sums WHERE period = :period AND kind = '{}' ORDER BY {}"
_SUMS = {
    "sources": _KIND.format("sources", "value"),
    "pairs": """SELECT one, other, times FROM pair_sums WHERE period = :period
        ORDER BY times DESC, one, other LIMIT :limit""",
    "countries": _KIND.format("countries", "times DESC, value LIMIT :limit"),
    "distances": _KIND.format("distances", "value"),
    "hours": _KIND.format("hours", "value"),
}

RANKED = {
    "most": "times DESC, km DESC, id",
    "farthest": "km DESC, times DESC, id",
    "rarest": "times, km DESC, id",
}
"""The orders of songs: most connections, the farthest one, fewest connections."""
_SONGS = "SELECT id, times FROM song_sums WHERE period = ? ORDER BY {} LIMIT ?"

NOTHING: dict[str, Rows] = {name: [] for name in _SUMS}
"""The sums of no connections."""


def songs(
    db: sqlite3.Connection, period: str, limit: int, gazetteer: "Gazetteer"
) -> "dict[str, list[tuple[Connection, int]]]":
    """Return the songs that brought people together, in each order of RANKED.

    Args:
        db: the file.
        period: one of PERIODS.
        limit: how many songs of each order at most.
        gazetteer: the cities.

    Returns:
        By order, for each song, apart by source, its farthest connection, and how many it has.
    """
    found: dict[str, list[tuple[Connection, int]]] = {}
    for name, order in RANKED.items():
        rows = db.execute(_SONGS.format(order), (period, limit)).fetchall()
        kept = ((queries.get(db, id, gazetteer), times) for id, times in rows)
        found[name] = [(farthest, times) for farthest, times in kept if farthest]
    return found


def totals(db: sqlite3.Connection, period: str, limit: int) -> dict[str, Rows]:
    """Return how many connections each source, pair of cities, country (at either end), distance and hour has.

    Args:
        db: the file.
        period: one of PERIODS.
        limit: how many pairs and countries at most, those with the most.

    Returns:
        By name: sources as their codes; pairs as GeoNames ids, the smaller first; countries as ISO codes; distances as
        the km where a step of KM_STEP begins; hours of UTC.
    """
    values = {"period": period, "limit": limit}
    return {name: db.execute(query, values).fetchall() for name, query in _SUMS.items()}


def are_whole(db: sqlite3.Connection, period: str, now_s: float) -> bool:
    """Tell whether a period's sums reach as far back as they should; those of an old file are made in steps."""
    first, last = sorted((beginning(db, period), wanted_beginning(period, now_s)))
    soon = wanted_beginning(period, now_s + BEHIND_S), wanted_beginning(period, now_s - BEHIND_S)
    missing = "SELECT 1 FROM connections WHERE id >= ? AND id < ? AND everyone = 1 AND (id < ? OR id >= ?) LIMIT 1"
    return db.execute(missing, (first, last, soon[1], soon[0])).fetchone() is None
