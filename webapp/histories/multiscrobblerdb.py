"""multi-scrobbler's database, and the copies that it makes of it: SQLite. Reads it, and changes nothing.

Source: src/backend/common/database/drizzle of multi-scrobbler: a row of `plays` has the play as JSON. What a source
discovered is a listen; what was sent on to a client is another row, with another state.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from webapp.histories import multiscrobbler
from webapp.histories.errors import BadEntryError, HistoryError
from webapp.histories.forms import Entry, Form
from webapp.histories.textlines import LINE_BYTES

MAGIC = b"SQLite format 3\0"

_VALUE_BYTES = 4 * LINE_BYTES + 1_000
"""SQLite counts characters of a play; a longer value would fill the memory."""
_ROWS = "SELECT rowid, CASE WHEN length(play) <= ? THEN play END FROM plays WHERE state = 'discovered'"


def form_of(path: Path) -> Form | None:
    """Return the form of a database; None if it is not multi-scrobbler's."""
    with closing(_opened(path)) as database:
        try:
            database.execute(_ROWS, (0,)).fetchone()
        except sqlite3.Error:
            return None
    return Form("multi-scrobbler's plays", multiscrobbler.read, "row", lambda _: _rows(path))


def _rows(path: Path) -> Iterator[Entry]:
    with closing(_opened(path)) as database:
        try:
            for number, play in database.execute(_ROWS, (LINE_BYTES,)):
                yield number, play if isinstance(play, bytes) else BadEntryError(f"longer than {LINE_BYTES:,} bytes")
        except sqlite3.Error as error:
            raise HistoryError(f"the database cannot be read to its end: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database.text_factory = bytes
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES)
    database.execute("PRAGMA trusted_schema = OFF")
    return database
