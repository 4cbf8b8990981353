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
DROP INDEX connections_song;
DROP INDEX connections_artist;
"""
"""The script that upgrades a file to version 4, up to its rows and its last indexes: see `rewrite`.

`to_track_id` is null where it is the id of the connection's track. `aliases.song` is the hash of `track_id`.
"""

_INDEXES = (
    "CREATE INDEX connections_song ON connections (song, id)",
    "CREATE INDEX connections_artist ON connections (artist, id)",
    "CREATE INDEX aliases_track_id ON aliases (track_id)",
)
_REHASH = """UPDATE connections SET (track, song, artist) = (SELECT n.kept, n.song, n.artist FROM changed n
    WHERE n.track = connections.track) WHERE id > :first AND id <= :last AND track IN (SELECT track FROM changed)"""
_CHANGED = """CREATE TEMP TABLE changed (track INTEGER PRIMARY KEY, kept INTEGER NOT NULL, song INTEGER NOT NULL,
    artist INTEGER NOT NULL)"""
"""Holds the tracks whose rows changed. `kept` is another track where both have become equal, else the track."""
_KEEP_NEWEST = """UPDATE tracks SET last_id = max(tracks.last_id, n.newest) FROM (
    SELECT c.kept, max(t.last_id) AS newest FROM changed c JOIN tracks t USING (track) WHERE c.kept <> c.track
    GROUP BY 1) n WHERE tracks.track = n.kept"""
_DROP_EQUAL = "DELETE FROM tracks WHERE track IN (SELECT track FROM changed WHERE kept <> track)"
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


class _Pulse(msgspec.Struct):
    track: _Track


class _Row(NamedTuple):
    """What the row of a track, or of a shared moment, says of its track."""

    json: str
    track_id: str
    artist: str


_Change = tuple[int, _Row, _Row]
"""The number of a row, what it has, and what it becomes."""
_COLUMNS = "CAST(json AS BLOB), CAST(track_id AS BLOB), CAST(artist AS BLOB)"
"""Of a `_Row`: as bytes, because text that is not UTF-8 could not be read."""
_read_track, _read_pulses = msgspec.json.Decoder(_Track).decode, msgspec.json.Decoder(list[_Pulse]).decode


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
    db.execute(_CHANGED)
    yield from _rewrite_tracks(db)
    yield from _rewrite_connections(db)
    db.execute(_KEEP_NEWEST)
    db.execute(_DROP_EQUAL)
    for query in _INDEXES:
        db.execute(query)
        yield 0
    yield from _rewrite_shared(db)
    db.execute(_NO_ALIASES)
    yield from _rewrite_pulses(db)
    db.execute("DROP TABLE changed")


def _rewrite_tracks(db: sqlite3.Connection) -> Iterator[int]:
    query = f"SELECT track, {_COLUMNS} FROM tracks WHERE (track) > (?) ORDER BY track LIMIT ?"
    for rows in _pages(db, query, (0,)):
        changed = _changed(rows)
        kept = _update_tracks(db, changed)
        db.executemany("INSERT INTO changed VALUES (?, ?, ?, ?)",
                       [(number, kept.get(number, number), key(new.track_id), key(new.artist))
                        for number, _, new in changed])  # fmt: skip
        _insert_aliases(db, changed)
        yield len(rows)


def _update_tracks(db: sqlite3.Connection, changed: list[_Change]) -> dict[int, int]:
    """Write rows but those that equal another one now; return the numbers of these, each with the other's."""
    query = "UPDATE OR IGNORE tracks SET json = ?, track_id = ?, artist = ? WHERE track = ?"
    if db.executemany(query, [(*new, number) for number, _, new in changed]).rowcount in (-1, len(changed)):
        return {}
    found = {number: db.execute("SELECT track FROM tracks WHERE json = ?", new[:1]) for number, _, new in changed}
    return {number: kept for number, rows in found.items() for (kept,) in rows if kept != number}


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
    query = f"SELECT number, {_COLUMNS} FROM shared WHERE (number) > (?) ORDER BY number LIMIT ?"
    for rows in _pages(db, query, (0,)):
        changed = _changed(rows)
        db.executemany("UPDATE shared SET json = ?, track_id = ?, artist = ? WHERE number = ?",
                       [(*new, number) for number, _, new in changed])  # fmt: skip
        _insert_aliases(db, changed)
        yield len(rows)


def _rewrite_pulses(db: sqlite3.Connection) -> Iterator[int]:
    query = """SELECT stream, seq, CAST(pulses AS BLOB) FROM records WHERE (stream, seq) > (?, ?)
        ORDER BY stream, seq LIMIT ?"""
    for rows in _pages(db, query, (0, -1)):
        found = [(_renamed_pulses(text), stream, seq) for stream, seq, text in rows if text != b"[]"]
        texts = [(text, *numbers) for text, *numbers in found if text is not None]
        db.executemany("UPDATE records SET pulses = ? WHERE stream = ? AND seq = ?", texts)
        yield len(rows)


def _pages(db: sqlite3.Connection, query: str, after: tuple[int, ...]) -> Iterator[list[Any]]:
    """Yield rows in the order of their first columns, which begin after these."""
    while rows := db.execute(query, (*after, BATCH)).fetchall():
        yield rows
        after = rows[-1][: len(after)]


def _changed(rows: list[tuple[int, bytes, bytes, bytes]]) -> list[_Change]:
    """Return the number of each row that changes, what it has, and what it becomes."""
    return [change for number, *columns in rows if (change := _change(number, columns))]


def _change(number: int, columns: list[bytes]) -> _Change | None:
    """Return how a row changes; None for one that stays or cannot be read, so that the others can be upgraded."""
    try:
        old = _Row(*map(bytes.decode, columns))
        track = _read_track(old.json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    id = track_id(track.artist, track.title)
    new = _Row(_renamed(old.json, [(track.id, id)]), id, artist_key(track.artist))
    return None if new == old else (number, old, new)


def _renamed_pulses(data: bytes) -> str | None:
    """Return pulses with the new ids of their tracks, or None if they cannot be read."""
    try:
        pulses = _read_pulses(text := data.decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _renamed(text, [(track.id, track_id(track.artist, track.title)) for track in (p.track for p in pulses)])


def _renamed(text: str, ids: list[tuple[str, str]]) -> str:
    """Return JSON that holds tracks in this order, each with its new id instead of the old one."""
    done = []
    for old, new in ids:
        before, found, text = text.partition(f'"id":"{old}"')
        done += [before, f'"id":"{new}"' if found else ""]
    return "".join((*done, text))


def _insert_aliases(db: sqlite3.Connection, changed: list[_Change]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)",
        [(old.track_id, new.track_id, key(new.track_id)) for _, old, new in changed if old.track_id != new.track_id],
    )
