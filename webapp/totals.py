"""Sums over what everyone was shown since a time, read from the history's file."""

import sqlite3

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
NOTHING: dict[str, Rows] = {name: [] for name in _SUMS}


def totals(db: sqlite3.Connection, since: str, limit: int) -> dict[str, Rows]:
    """Return how many connections each source, pair of cities, country (at either end), distance and hour has.

    Args:
        db: the file.
        since: connections from this id on count.
        limit: how many pairs and countries at most, those with the most.

    Returns:
        By name: sources as their codes; pairs as GeoNames ids, the smaller first; countries as ISO codes; distances as
        the km where a step of KM_STEP begins; hours of UTC.
    """
    values = {"since": since, "limit": limit}
    return {name: db.execute(query, values).fetchall() for name, query in _SUMS.items()}
