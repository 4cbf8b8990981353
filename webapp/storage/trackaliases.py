"""The ids that kept tracks had in an earlier version: links and embeds elsewhere still have them."""

import json
import sqlite3
from collections.abc import Iterable

from webapp.core.trackids import TrackAliases

_DROP = """DELETE FROM aliases WHERE track_id IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.song = aliases.song)
    AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.to_track_id = aliases.track_id)
    AND track_id NOT IN (SELECT track_id FROM shared UNION ALL
        SELECT to_track_id FROM shared WHERE to_track_id IS NOT NULL)"""
_WELL_FORMED = "length(CAST({0} AS BLOB)) = 16 AND {0} NOT GLOB '*[^0-9a-v]*'"
_READ = f"""SELECT old, track_id FROM aliases
    WHERE {_WELL_FORMED.format("old")} AND {_WELL_FORMED.format("track_id")}"""


def read(db: sqlite3.Connection) -> TrackAliases:
    """Return all aliases; an id that no filter accepts is skipped."""
    return TrackAliases(db.execute(_READ))


def drop_unused(db: sqlite3.Connection, track_ids: Iterable[str]) -> None:
    """Delete the aliases of those of these tracks that no stored connection has any more, at either end."""
    db.execute(_DROP, (json.dumps(list(track_ids)),))
