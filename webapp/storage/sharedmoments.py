"""Shared moments: copies of connections, which stay when pruning deletes the originals."""

import sqlite3
from typing import TYPE_CHECKING

from webapp.storage import trackaliases
from webapp.storage.queries import build_connections
from webapp.storage.schema import transaction

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

_COPY = """INSERT OR IGNORE INTO shared
    (id, source, at_ms, apart_ms, km, json, track_id, artist, to_track_id, within_s, from_city, to_city)
    SELECT c.id, c.source, c.at_ms, c.apart_ms, c.km, t.json, t.track_id, t.artist, c.to_track_id, c.within_s,
    c.from_city, c.to_city FROM connections c JOIN tracks t ON t.track = c.track WHERE c.id = ?"""
_READ = """SELECT id, source, at_ms, apart_ms, km, json, track_id, artist, coalesce(to_track_id, track_id),
    within_s, from_city, to_city FROM shared WHERE id = ?"""
_DROP = "DELETE FROM shared WHERE number <= (SELECT max(number) FROM shared) - ? RETURNING track_id, to_track_id"


def share(db: sqlite3.Connection, id: str, most: int) -> None:
    """Copy the connection with that id, if there is one; keep the `most` newest copies."""
    with transaction(db):
        db.execute(_COPY, (id,))
        drop_oldest(db, most)


def drop_oldest(db: sqlite3.Connection, most: int) -> None:
    """Keep the `most` newest copies."""
    dropped = db.execute(_DROP, (most,)).fetchall()
    trackaliases.drop_unused(db, {track_id for ends in dropped for track_id in ends if track_id})


def is_shared(db: sqlite3.Connection, id: str) -> bool:
    """Return whether the connection was shared and its copy is still kept."""
    return db.execute("SELECT 1 FROM shared WHERE id = ?", (id,)).fetchone() is not None


def get(db: sqlite3.Connection, id: str, gazetteer: "Gazetteer") -> "Connection | None":
    """Return the shared connection with that id, or None."""
    rows = db.execute(_READ, (id,))
    return next(build_connections(rows, gazetteer, 1), None)
