"""Version 4 of the history's file: a track's id is the hash of its song key, and its earlier id is an alias.

Earlier, the id was a hash of artist and title in compatible form and lower case. So several ids can become one, and
rarely one becomes several.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from webapp.core.plays import track_id
from webapp.core.songs import artist_key
from webapp.storage.keys import key

BATCH = 5_000

Report = Callable[[int, int], None]
"""Is told how many rows are done, and of how many."""

VERSION_4 = """
ALTER TABLE connections ADD COLUMN to_track_id TEXT;
ALTER TABLE shared ADD COLUMN to_track_id TEXT;
CREATE INDEX connections_to_track ON connections (to_track_id, id) WHERE to_track_id IS NOT NULL;
CREATE TABLE aliases (old TEXT PRIMARY KEY, track_id TEXT NOT NULL, song INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX aliases_track_id ON aliases (track_id);
DROP INDEX connections_song;
DROP INDEX connections_artist;
"""
"""The script that upgrades a file to version 4, up to its rows and the dropped indexes: see `rewrite`.

`to_track_id` is null where it is the id of the connection's track. `aliases.song` is the hash of `track_id`.
"""

_INDEXES = (
    "CREATE INDEX connections_song ON connections (song, id)",
    "CREATE INDEX connections_artist ON connections (artist, id)",
)
_REHASH = """UPDATE connections SET (song, artist) = (SELECT n.song, n.artist FROM changed n
    WHERE n.track = connections.track) WHERE id > :first AND id <= :last AND track IN (SELECT track FROM changed)"""
# SQLite takes a bare column beside max() from the row with the maximum.
_COUNT_SONGS = """INSERT INTO song_sums SELECT p.period, c.song, c.source, count(*), max(c.km), c.id
    FROM periods p CROSS JOIN connections c ON c.id >= p.begins
    WHERE c.id > :first AND c.id <= :last AND c.everyone = 1 GROUP BY 1, 2, 3
    ON CONFLICT (period, song, source) DO UPDATE SET times = times + excluded.times,
    id = iif((excluded.km, excluded.id) > (km, id), excluded.id, id), km = max(km, excluded.km)"""
_NO_ALIASES = "DELETE FROM aliases WHERE old IN (SELECT track_id FROM tracks UNION ALL SELECT track_id FROM shared)"
"""Deletes aliases that are ids of today: an earlier id can have stood for two songs, of which one still has it."""
_TABLES = ("tracks", "connections", "shared", "records")


class _Track(msgspec.Struct):
    id: str
    title: str
    artist: str

    @property
    def new_id(self) -> str:
        return track_id(self.artist, self.title)

    def renamed(self, text: str) -> str:
        """Return JSON that holds this track, with its new id."""
        return text.replace(f'"id":"{self.id}"', f'"id":"{self.new_id}"')


class _Pulse(msgspec.Struct):
    track: _Track


class _Row(NamedTuple):
    """A row that holds a track, as it becomes."""

    json: str
    track_id: str
    artist: str


def rewrite(db: sqlite3.Connection, report: Report) -> None:
    """Give all rows the new ids and artists' keys, in the transaction that upgrades the file."""
    total = sum(int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in _TABLES)
    done = 0
    for rows in _steps(db):
        done += rows
        if total:
            report(done, total)


def _steps(db: sqlite3.Connection) -> Iterator[int]:
    """Do a part each time, and yield how many rows it had."""
    db.execute("CREATE TEMP TABLE changed (track INTEGER PRIMARY KEY, song INTEGER NOT NULL, artist INTEGER NOT NULL)")
    yield from _rewrite_tracks(db)
    yield from _rewrite_connections(db)
    for query in _INDEXES:
        db.execute(query)
        yield 0
    yield from _rewrite_shared(db)
    db.execute(_NO_ALIASES)
    yield from _rewrite_pulses(db)
    db.execute("DROP TABLE changed")


def _rewrite_tracks(db: sqlite3.Connection) -> Iterator[int]:
    query = "SELECT track, json, track_id, artist FROM tracks WHERE (track) > (?) ORDER BY track LIMIT ?"
    for rows in _pages(db, query, (0,)):
        changed = [(number, old, new) for number, *row in rows if (new := _rewritten(old := _Row(*row))) != old]
        db.executemany("UPDATE tracks SET json = ?, track_id = ?, artist = ? WHERE track = ?",
                       [(*new, number) for number, _, new in changed])  # fmt: skip
        db.executemany("INSERT INTO changed VALUES (?, ?, ?)",
                       [(number, key(new.track_id), key(new.artist)) for number, _, new in changed])  # fmt: skip
        _insert_aliases(db, [(old, new) for _, old, new in changed])
        yield len(rows)


def _rewrite_connections(db: sqlite3.Connection) -> Iterator[int]:
    """Give connections the hashes of their tracks, without an index on these, and count each period's songs anew."""
    query = "SELECT max(id), count(*) FROM (SELECT id FROM connections WHERE id > ? ORDER BY id LIMIT ?)"
    db.execute("DELETE FROM song_sums")
    first = ""
    while (page := db.execute(query, (first, BATCH)).fetchone())[1]:
        span = {"first": first, "last": page[0]}
        db.execute(_REHASH, span)
        db.execute(_COUNT_SONGS, span)
        first = page[0]
        yield page[1]


def _rewrite_shared(db: sqlite3.Connection) -> Iterator[int]:
    query = "SELECT number, json, track_id, artist FROM shared WHERE (number) > (?) ORDER BY number LIMIT ?"
    for rows in _pages(db, query, (0,)):
        changed = [(number, old, new) for number, *row in rows if (new := _rewritten(old := _Row(*row))) != old]
        db.executemany("UPDATE shared SET json = ?, track_id = ?, artist = ? WHERE number = ?",
                       [(*new, number) for number, _, new in changed])  # fmt: skip
        _insert_aliases(db, [(old, new) for _, old, new in changed])
        yield len(rows)


def _rewrite_pulses(db: sqlite3.Connection) -> Iterator[int]:
    query = "SELECT stream, seq, pulses FROM records WHERE (stream, seq) > (?, ?) ORDER BY stream, seq LIMIT ?"
    for rows in _pages(db, query, (0, -1)):
        texts = [(_renamed_pulses(text), stream, seq) for stream, seq, text in rows if text != "[]"]
        db.executemany("UPDATE records SET pulses = ? WHERE stream = ? AND seq = ?", texts)
        yield len(rows)


def _pages(db: sqlite3.Connection, query: str, after: tuple[int, ...]) -> Iterator[list[Any]]:
    """Yield rows in the order of their first columns, which begin after these."""
    while rows := db.execute(query, (*after, BATCH)).fetchall():
        yield rows
        after = rows[-1][: len(after)]


def _rewritten(row: _Row) -> _Row:
    """Return what becomes of a row; one that cannot be read stays, so that the others can be upgraded."""
    try:
        track = msgspec.json.decode(row.json, type=_Track)
    except msgspec.DecodeError:
        return row
    return _Row(track.renamed(row.json), track.new_id, artist_key(track.artist))


def _renamed_pulses(text: str) -> str:
    """Return pulses with the new ids of their tracks; those that cannot be read stay."""
    try:
        pulses = msgspec.json.decode(text, type=list[_Pulse])
    except msgspec.DecodeError:
        return text
    for pulse in pulses:
        text = pulse.track.renamed(text)
    return text


def _insert_aliases(db: sqlite3.Connection, changed: list[tuple[_Row, _Row]]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)",
        [(old.track_id, new.track_id, key(new.track_id)) for old, new in changed if old.track_id != new.track_id],
    )
