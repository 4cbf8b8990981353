"""What the history forgets, and in which order: a step at a time, each a short transaction."""

import sqlite3
from collections.abc import Iterator

from webapp.core.records import id_floor
from webapp.storage import periodsums
from webapp.storage.schema import resize, sizes, transaction

STEP_ROWS = 1000
STEPS = 20
FILTERED_PART = 10
"""What only a filter showed may take one in so many of the rows."""

SPARE_PAGES = 1_000
"""Free pages that stay in the file for what comes next."""
BACK_PAGES = 2_000
"""Given back to the disk in one call, at most."""

DAY_S = 86400.0
FRESH_S = DAY_S
"""What only a filter showed goes first when room is needed, but not before it is that old: its link was just shared."""

_OLDEST = "SELECT id, everyone FROM connections {where} ORDER BY id LIMIT ?"


def prune(db: sqlite3.Connection, now_s: float | None, days: float, max_rows: int) -> int:
    """Forget what is too old or too much, in at most STEPS steps of STEP_ROWS rows; return the rows that went.

    Args:
        db: the file, open to write.
        now_s: epoch seconds; None where nobody knows: then what is too much goes, and nothing for its age.
        days: how long rows are kept.
        max_rows: how many connections are kept, and how many records.
    """
    gone = 0
    for _ in range(STEPS):
        step = _step(db, now_s, days, max_rows)
        gone += step
        if not step:
            break
    return gone


def give_back(db: sqlite3.Connection) -> None:
    """Give free pages back to the disk, once there are many, in a step that does not hold up writing for long."""
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    if free > 2 * SPARE_PAGES:
        # Not `execute`: that takes one step of a statement without columns, which is one page.
        db.executescript(f"PRAGMA incremental_vacuum({min(free - SPARE_PAGES, BACK_PAGES)})")


def _step(db: sqlite3.Connection, now_s: float | None, days: float, max_rows: int) -> int:
    """Make the first step that has something to do; the tracks go with the connections they were kept for."""
    oldest_s, fresh_s = (0.0, 0.0) if now_s is None else (max(0.0, now_s - days * DAY_S), now_s - FRESH_S)
    with transaction(db):
        gone = _forget_records(db, oldest_s, max_rows)
        for query, limit in _doomed(db, oldest_s, fresh_s, max_rows):
            if gone >= STEP_ROWS:
                break
            gone += _forget_connections(db, query, min(limit, STEP_ROWS - gone))
        return gone + (_forget_tracks(db) if gone else 0)


def _doomed(db: sqlite3.Connection, oldest_s: float, fresh_s: float, max_rows: int) -> Iterator[tuple[str, int]]:
    """Yield queries for connections that go, with how many, in the order in which they go."""
    yield _OLDEST.format(where=f"WHERE id < '{id_floor(oldest_s)}'"), STEP_ROWS
    filtered = "WHERE everyone = 0"
    yield _OLDEST.format(where=filtered), max(0, sizes(db).filtered - max_rows // FILTERED_PART)
    for where in (f"{filtered} AND id < '{id_floor(fresh_s)}'", "WHERE everyone = 1"):
        kept = sizes(db)
        yield _OLDEST.format(where=where), max(0, kept.everyone + kept.filtered - max_rows)


def _forget_connections(db: sqlite3.Connection, query: str, limit: int) -> int:
    rows = db.execute(query, (limit,)).fetchall() if limit else []
    if rows:
        periodsums.choose(db, [row[0] for row in rows])
        db.executemany("DELETE FROM connections WHERE id = ?", [row[:1] for row in rows])
        periodsums.discount(db)
        everyone = sum(row[1] for row in rows)
        resize(db, everyone=-everyone, filtered=everyone - len(rows))
        db.execute("UPDATE pruned SET upto = max(upto, ?)", rows[-1][:1])
    return len(rows)


def _forget_records(db: sqlite3.Connection, oldest_s: float, max_rows: int) -> int:
    excess = min(max(0, sizes(db).records - max_rows), STEP_ROWS)
    oldest = "DELETE FROM records WHERE (stream, seq) IN (SELECT stream, seq FROM records {} ORDER BY at_ms LIMIT ?)"
    gone = db.execute(oldest.format(""), (excess,)).rowcount if excess else 0
    if not gone:
        gone = db.execute(oldest.format("WHERE at_ms < ?"), (round(oldest_s * 1000), STEP_ROWS)).rowcount
    resize(db, records=-gone)
    return gone


def _forget_tracks(db: sqlite3.Connection) -> int:
    """Forget tracks of which even the newest connection is older than all that are kept: nothing refers to them."""
    return db.execute(
        "DELETE FROM tracks WHERE track IN (SELECT track FROM tracks WHERE last_id <"
        " coalesce((SELECT min(id) FROM connections), '~') ORDER BY last_id LIMIT ?)",
        (STEP_ROWS,),
    ).rowcount
