"""Keeps sums over the connections that everyone was shown in the last hour, day and week.

A period's sums cover the connections from the id `periods.begins` on. `write` adds new connections, pruning subtracts
deleted ones, and `move_start` moves `begins` toward the clock in steps. The sums of an upgraded file are built the same
way, from the newest connection backward.
"""

import json
import sqlite3
from collections.abc import Sequence

from webapp.core.records import id_floor
from webapp.storage.periods import PERIODS

KM_STEP = 1_000
HOUR_MS = 3_600_000
STEP_ROWS = 1_000

VERSION_3 = """
CREATE TABLE periods (period TEXT PRIMARY KEY, begins TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO periods SELECT value, iif((SELECT count(*) FROM sizes WHERE everyone > 0), '~', '')
    FROM json_each('["hour", "day", "week"]');
CREATE TABLE sums (
    period TEXT NOT NULL, kind TEXT NOT NULL, value NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (period, kind, value)
) WITHOUT ROWID;
CREATE TABLE pair_sums (
    period TEXT NOT NULL, one INTEGER NOT NULL, other INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (period, one, other)) WITHOUT ROWID;
CREATE TABLE song_sums (
    period TEXT NOT NULL, song INTEGER NOT NULL, source INTEGER NOT NULL, times INTEGER NOT NULL, km INTEGER NOT NULL,
    id TEXT NOT NULL, PRIMARY KEY (period, song, source)) WITHOUT ROWID;
"""
"""The script that upgrades a file to version 3. In `song_sums` km and id are those of the farthest connection."""

CREATE_CHOSEN = """CREATE TEMP TABLE chosen (
    period TEXT, id TEXT, source INTEGER, song INTEGER, km INTEGER, at_ms INTEGER, one INTEGER, other INTEGER,
    from_country TEXT, to_country TEXT)"""
"""Creates the writer's own table of the connections to add or subtract next."""

_COLUMNS = """c.id, c.source, c.song, c.km, c.at_ms, min(c.from_city, c.to_city), max(c.from_city, c.to_city),
    c.from_country, c.to_country"""
_CHOOSE = f"""INSERT INTO chosen SELECT p.period, {_COLUMNS} FROM json_each(?) AS listed
    CROSS JOIN connections c ON c.id = listed.value CROSS JOIN periods p ON c.id >= p.begins WHERE c.everyone = 1"""
_CHOOSE_LEAVING = f"""INSERT INTO chosen SELECT :period, {_COLUMNS} FROM connections c
    WHERE c.id >= :begins AND c.id < :wanted AND c.everyone = 1 ORDER BY c.id LIMIT :most"""
_CHOOSE_OLDER = f"""INSERT INTO chosen SELECT :period, {_COLUMNS} FROM connections c
    WHERE c.id < :begins AND c.id >= :wanted AND c.everyone = 1 ORDER BY c.id DESC LIMIT :most"""

_COUNT = (
    f"""INSERT INTO sums SELECT period, kind, value, :sign * count(*) FROM (
            SELECT period, 'sources' AS kind, source AS value FROM chosen
            UNION ALL SELECT period, 'countries', from_country FROM chosen
            UNION ALL SELECT period, 'countries', to_country FROM chosen WHERE to_country <> from_country
            UNION ALL SELECT period, 'distances', km / {KM_STEP} * {KM_STEP} FROM chosen
            UNION ALL SELECT period, 'hours', at_ms / {HOUR_MS} % 24 FROM chosen)
        WHERE true GROUP BY 1, 2, 3
        ON CONFLICT (period, kind, value) DO UPDATE SET times = times + excluded.times""",
    """INSERT INTO pair_sums SELECT period, one, other, :sign * count(*) FROM chosen WHERE true GROUP BY 1, 2, 3
        ON CONFLICT (period, one, other) DO UPDATE SET times = times + excluded.times""",
    # A connection that leaves is never farther. Of several equally far the newest stands for the song: the oldest would
    # soon have to be replaced. SQLite takes a bare column beside max() from any row with the maximum.
    """INSERT INTO song_sums SELECT period, song, source, :sign * count(*), max(km),
            substr(max(printf('%05d', km) || id), 6) FROM chosen WHERE true
        GROUP BY 1, 2, 3 ON CONFLICT (period, song, source) DO UPDATE SET times = times + excluded.times,
        id = iif((excluded.km, excluded.id) > (km, id) AND :sign > 0, excluded.id, id), km = max(km, excluded.km)""",
)
_TIDY = (
    "DELETE FROM sums WHERE times = 0",
    """DELETE FROM pair_sums WHERE times = 0
        AND (period, one, other) IN (SELECT period, one, other FROM chosen)""",
    """DELETE FROM song_sums WHERE times = 0
        AND (period, song, source) IN (SELECT period, song, source FROM chosen)""",
    # If the farthest connection of a song left, the farthest of the others replaces it.
    """UPDATE song_sums SET (km, id) = (
            SELECT c.km, c.id FROM connections c INDEXED BY connections_song
            WHERE c.song = song_sums.song AND c.source = song_sums.source AND c.everyone = 1
            AND c.id >= (SELECT begins FROM periods p WHERE p.period = song_sums.period)
            ORDER BY c.km DESC, c.id DESC LIMIT 1)
        WHERE (period, song, source) IN (SELECT period, song, source FROM chosen)
        AND id IN (SELECT id FROM chosen)""",
)


def choose(db: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Choose the connections of these ids that everyone was shown, for each period that covers them."""
    db.execute("DELETE FROM chosen")
    if ids:
        db.execute(_CHOOSE, (json.dumps(ids),))


def count(db: sqlite3.Connection) -> None:
    """Add the chosen connections to the sums, in the transaction that writes them."""
    for query in _COUNT:
        db.execute(query, {"sign": 1})


def discount(db: sqlite3.Connection) -> None:
    """Subtract the chosen connections, which left their period or are deleted in the same transaction."""
    for query in _COUNT:
        db.execute(query, {"sign": -1})
    for query in _TIDY:
        db.execute(query)


def shown_to_everyone(db: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
    """Return the ids of stored connections that everyone was shown."""
    query = "SELECT c.id FROM json_each(?) AS listed CROSS JOIN connections c ON c.id = listed.value WHERE everyone = 1"
    return {id for (id,) in db.execute(query, (json.dumps(ids),))}


def move_start(db: sqlite3.Connection, period: str, now_s: float, max_rows: int) -> int:
    """Move a period's start one step toward the clock; call it in a transaction.

    Returns:
        How many connections were added or subtracted, `max_rows` at most; 0 when the start is right.
    """
    begins, wanted = start_id(db, period), target_start_id(period, now_s)
    forward = begins < wanted
    db.execute("DELETE FROM chosen")
    values = {"period": period, "begins": begins, "wanted": wanted, "most": max_rows}
    moved = db.execute(_CHOOSE_LEAVING if forward else _CHOOSE_OLDER, values).rowcount
    if moved == max_rows:
        first, last = db.execute("SELECT min(id), max(id) FROM chosen").fetchone()
        wanted = last + "0" if forward else first  # all ids have one length, so this is just above the last
    db.execute("UPDATE periods SET begins = ? WHERE period = ?", (wanted, period))
    if moved:
        (discount if forward else count)(db)
    return moved


def start_id(db: sqlite3.Connection, period: str) -> str:
    """Return the first id that a period's sums cover."""
    begins: str = db.execute("SELECT begins FROM periods WHERE period = ?", (period,)).fetchone()[0]
    return begins


def target_start_id(period: str, now_s: float) -> str:
    """Return the first id that a period's sums should cover now."""
    return id_floor(now_s - PERIODS[period].length_s)
