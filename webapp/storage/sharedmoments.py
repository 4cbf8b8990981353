"""Shared moments: copies of connections, which stay when pruning deletes the originals."""

import sqlite3
from typing import TYPE_CHECKING

from webapp.storage.queries import build_connections
from webapp.storage.schema import transaction

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

_COLUMNS = "id, source, at_ms, apart_ms, km, json, track_id, artist, from_city, to_city"


def share(db: sqlite3.Connection, id: str, most: int) -> None:
    """Copy the connection with that id, if there is one; keep the `most` newest copies."""
    with transaction(db):
        db.execute(
            f"INSERT OR IGNORE INTO shared ({_COLUMNS}) SELECT c.id, c.source, c.at_ms, c.apart_ms, c.km, t.json,"
            " t.track_id, t.artist, c.from_city, c.to_city FROM connections c JOIN tracks t ON t.track = c.track"
            " WHERE c.id = ?",
            (id,),
        )
        db.execute("DELETE FROM shared WHERE number <= (SELECT max(number) FROM shared) - ?", (most,))


def is_shared(db: sqlite3.Connection, id: str) -> bool:
    """Return whether the connection was shared and its copy is still kept."""
    return db.execute("SELECT 1 FROM shared WHERE id = ?", (id,)).fetchone() is not None


def get(db: sqlite3.Connection, id: str, gazetteer: "Gazetteer") -> "Connection | None":
    """Return the shared connection with that id, or None."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM shared WHERE id = ?", (id,))
    return next(build_connections(rows, gazetteer, 1), None)
