"""Sums over what everyone was shown since a time, read from the history's file: all of it, so keep what they give."""

import sqlite3
from typing import TYPE_CHECKING

from webapp.storage import lookup
from webapp.storage.pruning import id_floor

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

KM_STEP = 1_000
HOUR_MS = 3_600_000

_SHOWN = "FROM connections WHERE id >= :since AND everyone = 1"
_SUMS = {
    "sources": f"SELECT source, count(*) {_SHOWN} GROUP BY 1 ORDER BY 1",
    "pairs": f"""SELECT min(from_city, to_city), max(from_city, to_city), count(*) {_SHOWN}
        GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT :limit""",
    "countries": f"""SELECT country, sum(n) FROM (
            SELECT from_country AS country, count(*) AS n {_SHOWN} GROUP BY 1
            UNION ALL SELECT to_country, count(*) {_SHOWN} AND to_country <> from_country GROUP BY 1)
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit""",
    "distances": f"SELECT km / {KM_STEP} * {KM_STEP}, count(*) {_SHOWN} GROUP BY 1",
    "hours": f"SELECT at_ms / {HOUR_MS} % 24, count(*) {_SHOWN} GROUP BY 1",
}

Rows = list[tuple[int | str, ...]]
"""What is counted, one column or two, and how many connections it has."""

RANKED = {
    "most": "times DESC, km DESC, id",
    "farthest": "km DESC, times DESC, id",
    "rarest": "times, km DESC, id",
}
"""The orders of songs: most connections, the farthest one, fewest connections."""
_RANKED = " UNION ALL ".join(
    f"SELECT * FROM (SELECT '{name}', id, times FROM songs ORDER BY {order} LIMIT :limit)"
    for name, order in RANKED.items()
)
# Beside max() a bare column is that of the row with the maximum: SQLite says so.
_SONGS = f"""WITH songs AS MATERIALIZED (
    SELECT count(*) AS times, max(km) AS km, id FROM connections WHERE id >= :since AND everyone = 1
    GROUP BY song, source)
    {_RANKED}"""


NOTHING: dict[str, Rows] = {name: [] for name in _SUMS}
"""The sums of no connections."""


def songs(
    db: sqlite3.Connection, since_s: float, limit: int, gazetteer: "Gazetteer"
) -> "dict[str, list[tuple[Connection, int]]]":
    """Return the songs that brought people together, in each order of RANKED.

    Args:
        db: the file.
        since_s: connections of this time on count, epoch seconds.
        limit: how many songs of each order at most.
        gazetteer: the cities.

    Returns:
        By order, for each song, apart by source, its farthest connection, and how many it has.
    """
    found: dict[str, list[tuple[Connection, int]]] = {order: [] for order in RANKED}
    for order, id, times in db.execute(_SONGS, {"since": id_floor(since_s), "limit": limit}).fetchall():
        if farthest := lookup.get(db, id, gazetteer):
            found[order].append((farthest, times))
    return found


def totals(db: sqlite3.Connection, since_s: float, limit: int) -> dict[str, Rows]:
    """Return how many connections each source, pair of cities, country (at either end), distance and hour has.

    Args:
        db: the file.
        since_s: connections of this time on count, epoch seconds.
        limit: how many pairs and countries at most, those with the most.

    Returns:
        By name: sources as their codes; pairs as GeoNames ids, the smaller first; countries as ISO codes; distances as
        the km where a step of KM_STEP begins; hours of UTC.
    """
    values = {"since": id_floor(since_s), "limit": limit}
    return {name: db.execute(query, values).fetchall() for name, query in _SUMS.items()}


def are_few(db: sqlite3.Connection, since_s: float, many: int) -> bool:
    """Tell whether fewer connections than that count since a time, epoch seconds; no more than that are looked at."""
    values = {"since": id_floor(since_s), "limit": many}
    return int(db.execute(f"SELECT count(*) FROM (SELECT 1 {_SHOWN} LIMIT :limit)", values).fetchone()[0]) < many
