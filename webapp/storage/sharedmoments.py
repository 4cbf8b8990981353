"""Shared moments: copies of connections, which stay when pruning deletes the originals."""

import sqlite3
from typing import TYPE_CHECKING, Any

from webapp.core.plays import SOURCES
from webapp.storage import trackaliases
from webapp.storage.queries import build_connections
from webapp.storage.schema import transaction

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

COLUMNS = "source, at_ms, apart_ms, km, json, track_id, artist, to_track_id, within_s, from_city, to_city"
ADD = f"INSERT OR IGNORE INTO shared (id, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
Values = tuple[Any, ...]
"""What is kept of a connection, as COLUMNS."""
_READ = """SELECT id, source, at_ms, apart_ms, km, json, track_id, artist, coalesce(to_track_id, track_id),
    within_s, from_city, to_city FROM shared WHERE id = ?"""
_DROP = "DELETE FROM shared WHERE number <= (SELECT max(number) FROM shared) - ? RETURNING track_id, to_track_id"


def values_of(c: "Connection", gazetteer: "Gazetteer") -> Values:
    """Return what is kept of a connection beside its id."""
    to_track_id = None if c.to_track_id == c.track_id else c.to_track_id
    ends = gazetteer.geoname_id[[c.from_city, c.to_city]].tolist()
    track = c.track.decode(), c.track_id, c.artist, to_track_id
    return (SOURCES.index(c.source), c.at_ms, c.apart_ms, c.km, *track, c.within_s, *ends)


def share(db: sqlite3.Connection, id: str, values: Values, most: int) -> None:
    """Keep a connection, and of all that are kept the `most` newest."""
    with transaction(db):
        db.execute(ADD, (id, *values))
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
