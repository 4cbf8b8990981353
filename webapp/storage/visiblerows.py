"""Reads rows that are not hidden, page by page.

SQLite skips the hidden cities, and the tracks that were found hidden on the pages before. So Python looks at a hidden
track about once, however many connections it has.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from webapp.core.moderation import Rules

MAX_STEP = 1_000
"""Most rows of a page."""

COLUMNS = "c.track, c.id, t.json"
"""What a query begins with; what follows is the caller's."""
CONDITIONS = (
    "c.id < :before",
    "c.track NOT IN (SELECT value FROM json_each(:hidden_tracks))",
    "c.from_city NOT IN (SELECT value FROM json_each(:hidden_cities))",
    "c.to_city NOT IN (SELECT value FROM json_each(:hidden_cities))",
    "(c.to_track_id IS NULL OR c.to_track_id NOT IN (SELECT value FROM json_each(:hidden_songs)))",
)
"""What a query asks for, beside the caller's conditions; `before` is one of its values."""
_LAST = "~"  # above all ids


def visible(
    db: sqlite3.Connection, query: str, values: Mapping[str, object], step: int, rules: Rules
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that are not hidden, without COLUMNS.

    Args:
        db: the file.
        query: selects COLUMNS and more, with CONDITIONS, in descending order of ids.
        values: those of the query; `before` is an id, or None.
        step: rows of the first page.
        rules: what is hidden.
    """
    hidden, before = set[int](), values["before"] or _LAST
    fixed = {"hidden_cities": json.dumps([*rules.cities]), "hidden_songs": json.dumps([*rules.songs])}
    while True:
        given = {**values, **fixed, "before": before, "hidden_tracks": json.dumps([*hidden]), "step": step}
        page = db.execute(f"{query} LIMIT :step", given).fetchall()
        for track, _, text, *row in page:
            if rules.hides_track(text.encode()):
                hidden.add(track)
            else:
                yield tuple(row)
        if len(page) < step:
            return
        before, step = page[-1][1], min(2 * step, MAX_STEP)
