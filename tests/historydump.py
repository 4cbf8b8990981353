"""All that a history holds, without the file's own row numbers: what must be the same on all servers of a bus."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from webapp.storage.history import SUMS_INTERVAL_S
from webapp.storage.periods import PERIODS
from webapp.storage.periodsums import target_start_id

_TABLES = {
    "connections": """SELECT c.id, s.name, c.seq, c.everyone, c.source, c.at_ms, c.apart_ms, c.km, t.json, c.song,
        c.artist, c.from_city, c.to_city, c.from_country, c.to_country, c.to_track_id, c.within_s
        FROM connections c JOIN streams s ON s.stream = c.stream JOIN tracks t ON t.track = c.track""",
    "tracks": "SELECT json, track_id, artist, last_id FROM tracks",
    "records": "SELECT name, seq, at_ms, counts, pulses FROM records JOIN streams USING (stream)",
    "sizes": "SELECT * FROM sizes",
    "pruned": "SELECT * FROM pruned",
    "periods": "SELECT * FROM periods",
    "sums": "SELECT * FROM sums",
    "pair_sums": "SELECT * FROM pair_sums",
    "song_sums": "SELECT * FROM song_sums",
    "quarter_sums": "SELECT * FROM quarter_sums",
}

Dump = dict[str, list[tuple[Any, ...]]]


def dump(path: Path) -> Dump:
    """Return the rows of all tables, in one order; none while the file is not there. It may be in use."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            db.execute("BEGIN")
            return {name: sorted(db.execute(query).fetchall(), key=str) for name, query in _TABLES.items()}
    except sqlite3.OperationalError:
        return {name: [] for name in _TABLES}


def newest(found: Dump) -> int:
    """Return the number of the newest record."""
    return max((int(row[1]) for row in found["records"]), default=0)


def are_summed(found: Dump) -> bool:
    """Tell whether the sums are those of the time of the newest record."""
    now_s = max((int(row[2]) for row in found["records"]), default=0) / 1000 // SUMS_INTERVAL_S * SUMS_INTERVAL_S
    return dict(found["periods"]) == {name: target_start_id(name, now_s) for name in PERIODS}
