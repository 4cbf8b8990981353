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


def read(db: sqlite3.Connection) -> TrackAliases:
    """Return all aliases."""
    return TrackAliases(db.execute("SELECT old, track_id FROM aliases"))


def drop_unused(db: sqlite3.Connection, track_ids: Iterable[str]) -> None:
    """Delete the aliases of those of these tracks that no stored connection has any more, at either end."""
    db.execute(_DROP, (json.dumps(list(track_ids)),))
