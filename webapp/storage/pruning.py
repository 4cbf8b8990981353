"""Deletes old and excess rows of the history, in steps of one short transaction each."""

import sqlite3
from collections.abc import Iterator

from webapp.core.records import id_floor
from webapp.storage import periodsums, trackaliases
from webapp.storage.schema import adjust_sizes, sizes, transaction

STEP_ROWS = 1000
MAX_STEPS = 20
FILTERED_FRACTION = 10
"""Rows that were only shown under a filter may take one in so many of all rows."""

SPARE_PAGES = 1_000
"""Free pages that stay in the file for new rows."""
MAX_VACUUM_PAGES = 2_000
"""Most pages given back to the disk in one call."""

DAY_S = 86400.0
FILTERED_MIN_AGE_S = DAY_S
"""Rows only shown under a filter are deleted first, but not while younger: their links may just have been shared."""

_OLDEST = "SELECT id, everyone, to_track_id FROM connections {where} ORDER BY id LIMIT ?"


def prune(db: sqlite3.Connection, now_s: float | None, days: float, max_rows: int) -> int:
    """Delete rows that are too old or too many, in at most MAX_STEPS steps of STEP_ROWS rows; return how many.

    Args:
        db: the file, open to write.
        now_s: epoch seconds; None if the time is not known: then no row is deleted for its age.
        days: how long rows are kept.
        max_rows: how many connections are kept, and how many records.
    """
    deleted = 0
    for _ in range(MAX_STEPS):
        step = _step(db, now_s, days, max_rows)
        deleted += step
        if not step:
            break
    return deleted


def shrink(db: sqlite3.Connection, spare: int = SPARE_PAGES, max_pages: int = MAX_VACUUM_PAGES) -> None:
    """Give free pages back to the disk once there are many, in a short step that does not delay writers."""
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    if free > 2 * spare:
        # `execute` would free one page only: it makes one step of a statement without columns.
        db.executescript(f"PRAGMA incremental_vacuum({min(free - spare, max_pages)})")


def _step(db: sqlite3.Connection, now_s: float | None, days: float, max_rows: int) -> int:
    """Delete up to about STEP_ROWS rows, and the tracks that no connection uses any more."""
    expiry_s, filtered_expiry_s = (
        (0.0, 0.0) if now_s is None else (max(0.0, now_s - days * DAY_S), now_s - FILTERED_MIN_AGE_S)
    )
    with transaction(db):
        deleted = _delete_records(db, expiry_s, max_rows)
        for query, limit in _to_delete(db, expiry_s, filtered_expiry_s, max_rows):
            if deleted >= STEP_ROWS:
                break
            deleted += _delete_connections(db, query, min(limit, STEP_ROWS - deleted))
        return deleted + (_delete_tracks(db) if deleted else 0)


def _to_delete(
    db: sqlite3.Connection, expiry_s: float, filtered_expiry_s: float, max_rows: int
) -> Iterator[tuple[str, int]]:
    """Yield queries for connections to delete, and how many of each, in order."""
    yield _OLDEST.format(where=f"WHERE id < '{id_floor(expiry_s)}'"), STEP_ROWS
    filtered = "WHERE everyone = 0"
    yield _OLDEST.format(where=filtered), max(0, sizes(db).filtered - max_rows // FILTERED_FRACTION)
    for where in (f"{filtered} AND id < '{id_floor(filtered_expiry_s)}'", "WHERE everyone = 1"):
        counts = sizes(db)
        yield _OLDEST.format(where=where), max(0, counts.everyone + counts.filtered - max_rows)


def _delete_connections(db: sqlite3.Connection, query: str, limit: int) -> int:
    rows = db.execute(query, (limit,)).fetchall() if limit else []
    if rows:
        periodsums.choose(db, [row[0] for row in rows])
        db.executemany("DELETE FROM connections WHERE id = ?", [row[:1] for row in rows])
        periodsums.discount(db)
        trackaliases.drop_unused(db, {row[2] for row in rows if row[2]})
        everyone = sum(row[1] for row in rows)
        adjust_sizes(db, everyone=-everyone, filtered=everyone - len(rows))
        db.execute("UPDATE pruned SET upto = max(upto, ?)", rows[-1][:1])
    return len(rows)


def _delete_records(db: sqlite3.Connection, expiry_s: float, max_rows: int) -> int:
    excess = min(max(0, sizes(db).records - max_rows), STEP_ROWS)
    oldest = "DELETE FROM records WHERE (stream, seq) IN (SELECT stream, seq FROM records {} ORDER BY at_ms LIMIT ?)"
    deleted = db.execute(oldest.format(""), (excess,)).rowcount if excess else 0
    if not deleted:
        deleted = db.execute(oldest.format("WHERE at_ms < ?"), (round(expiry_s * 1000), STEP_ROWS)).rowcount
    adjust_sizes(db, records=-deleted)
    return deleted


def _delete_tracks(db: sqlite3.Connection) -> int:
    """Delete tracks whose newest connection is older than all stored ones: nothing refers to them."""
    dropped = db.execute(
        "DELETE FROM tracks WHERE track IN (SELECT track FROM tracks WHERE last_id <"
        " coalesce((SELECT min(id) FROM connections), '~') ORDER BY last_id LIMIT ?) RETURNING track_id",
        (STEP_ROWS,),
    ).fetchall()
    trackaliases.drop_unused(db, {track_id for (track_id,) in dropped})
    return len(dropped)
