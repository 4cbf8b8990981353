"""The SQLite file behind the history: its schema, migrations and writes.

The row of a connection has every field that can be filtered by, each with an index that ends in the id. So the newest
connections of any filter are read from an index in order, however many there are. Artist and song are 64-bit hashes
there, which keeps the indexes small; the texts in `tracks` decide.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from webapp.core.plays import SOURCES
from webapp.storage import periodsums, quartersums, songids
from webapp.storage.datadir import DataDirError
from webapp.storage.keys import key

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

BUSY_S = 1.0
"""How long a statement waits for another program's lock on the file."""

_WRITER = (
    "PRAGMA auto_vacuum = INCREMENTAL",  # first, because it works only before the file has a page
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -32768",
    "PRAGMA wal_autocheckpoint = 4000",  # pages; four times the default, to write the indexes' busy pages less often
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
)

_VERSION_1 = """
CREATE TABLE streams (stream INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE tracks (
    track INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE, track_id TEXT NOT NULL, artist TEXT NOT NULL,
    last_id TEXT NOT NULL);
CREATE INDEX tracks_last_id ON tracks (last_id);
CREATE TABLE connections (
    id TEXT PRIMARY KEY, stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, everyone INTEGER NOT NULL,
    source INTEGER NOT NULL, at_ms INTEGER NOT NULL, apart_ms INTEGER NOT NULL, km INTEGER NOT NULL,
    track INTEGER NOT NULL REFERENCES tracks, song INTEGER NOT NULL, artist INTEGER NOT NULL,
    from_city INTEGER NOT NULL, to_city INTEGER NOT NULL, from_country TEXT NOT NULL, to_country TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX connections_song ON connections (song, id);
CREATE INDEX connections_artist ON connections (artist, id);
CREATE INDEX connections_from_city ON connections (from_city, id);
CREATE INDEX connections_to_city ON connections (to_city, id);
CREATE INDEX connections_from_country ON connections (from_country, id);
CREATE INDEX connections_to_country ON connections (to_country, id);
CREATE INDEX connections_filtered ON connections (id) WHERE everyone = 0;
CREATE TABLE records (
    stream INTEGER NOT NULL REFERENCES streams, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, counts TEXT NOT NULL,
    pulses TEXT NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE INDEX records_at_ms ON records (at_ms);
CREATE TABLE sizes (everyone INTEGER NOT NULL, filtered INTEGER NOT NULL, records INTEGER NOT NULL);
INSERT INTO sizes VALUES (0, 0, 0);
"""

_VERSION_2 = """
CREATE TABLE shared (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    apart_ms INTEGER NOT NULL, km INTEGER NOT NULL, json TEXT NOT NULL, track_id TEXT NOT NULL, artist TEXT NOT NULL,
    from_city INTEGER NOT NULL, to_city INTEGER NOT NULL);
CREATE TABLE pruned (upto TEXT NOT NULL);
INSERT INTO pruned VALUES ('');
"""

# 0 says that `apart_ms` is exact. SQLite adds such a column without rewriting rows.
_VERSION_5 = """
ALTER TABLE connections ADD COLUMN within_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shared ADD COLUMN within_s INTEGER NOT NULL DEFAULT 0;
"""

MIGRATIONS = (_VERSION_1, _VERSION_2, periodsums.VERSION_3, songids.VERSION_4, _VERSION_5, quartersums.VERSION_6)
"""Script n upgrades a file from version n to n + 1; the script of a released version never changes."""
_REWRITES = {4: songids.rewrite, 6: quartersums.build}
"""What rewrites rows after the script to that version."""


class HistoryError(DataDirError):
    """The history cannot be used; the message names the file and says what to do."""


class NewerHistory(HistoryError):  # noqa: N818 - names the state
    """A newer Unison wrote the history; this one must not touch it."""


class ForeignFile(sqlite3.DatabaseError):
    """The file is a database, but not a history of Unison."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The connections of one record that everyone was shown (with its counts and pulses as JSON), or only a filter."""

    number: int
    stream: str
    seq: int
    at_ms: int
    connections: "tuple[Connection, ...]"
    everyone: bool
    counts: bytes = b""
    pulses: bytes = b""

    @property
    def rows(self) -> int:
        """Number of rows in the database."""
        return len(self.connections) + self.everyone


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of stored rows: connections that everyone was shown, those shown only under a filter, and records."""

    everyone: int
    filtered: int
    records: int


def connect(path: Path, *pragmas: str, mode: str = "rw") -> sqlite3.Connection:
    """Open the file, in autocommit mode, for use by one thread at a time.

    Args:
        path: the file.
        pragmas: statements to run first.
        mode: ro, rw, or rwc, which creates a missing file.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        for pragma in pragmas:
            db.execute(pragma)
    except sqlite3.Error:
        db.close()
        raise
    return db


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the file to write, and migrate it to the newest version.

    Raises:
        NewerHistory: a newer Unison wrote it.
        sqlite3.Error: it cannot be opened; `is_damage` tells whether it is damaged or not a history of Unison.
    """
    db = connect(path, *_WRITER, mode="rwc")
    try:
        migrate(db, path)
        db.execute(periodsums.CREATE_CHOSEN)
        _probe_tables(db)
    except BaseException:
        db.close()
        raise
    return db


def is_damage(error: Exception) -> bool:
    """Return whether an error means that the file itself is unusable, so that trying again cannot help."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, ForeignFile) or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def file_version(db: sqlite3.Connection) -> int:
    """Return the version of the file's schema; 0 if it has none."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, path: Path, report: songids.Report | None = None) -> None:
    """Upgrade the file to the newest version, one transaction for each version.

    Args:
        db: the file, open to write.
        path: its name, for messages.
        report: is told, while rows are rewritten, how many are done, and of how many.

    Raises:
        NewerHistory: a newer Unison wrote it.
        ForeignFile: it is a database of another program.
    """
    version = file_version(db)
    if version > len(MIGRATIONS):
        raise NewerHistory(f"the history {path} has version {version}, written by a newer Unison; this one reads up to "
                           f"version {len(MIGRATIONS)}; use the newer one, or another --data-dir")  # fmt: skip
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise ForeignFile("it is a database of another program")
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script}")
        if number in _REWRITES:
            _REWRITES[number](db, report or (lambda *_: None))
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")


def _probe_tables(db: sqlite3.Connection) -> None:
    """Read a little of each table, so that a damaged file is found when it is opened."""
    try:
        for query in ("SELECT * FROM sizes", "SELECT upto FROM pruned", "SELECT max(id) FROM connections",
                      "SELECT max(at_ms) FROM records", "SELECT max(last_id) FROM tracks",
                      "SELECT count(*) FROM periods", "SELECT max(number) FROM shared",
                      "SELECT count(*) FROM (SELECT 1 FROM aliases LIMIT 1)",
                      "SELECT max(quarter) FROM quarter_sums"):  # fmt: skip
            db.execute(query).fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # a table or a column is missing
            raise ForeignFile(f"it is not a complete history: {error}") from error
        raise


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit all statements of the block, or none of them."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk may have rolled it back already
            db.execute("ROLLBACK")
        raise


def write(db: sqlite3.Connection, entries: Sequence[Entry], gazetteer: "Gazetteer") -> None:
    """Write entries in one transaction; a stored connection stays, but is marked once everyone was shown it."""
    with transaction(db):
        streams = {name: _stream(db, name) for name in {entry.stream for entry in entries}}
        _write_tracks(db, [connection for entry in entries for connection in entry.connections])
        everyone, filtered = (_rows([e for e in entries if e.everyone is kind], streams, gazetteer)
                              for kind in (True, False))  # fmt: skip
        ids = [str(row[0]) for row in everyone]
        uncounted = [*dict.fromkeys(ids).keys() - periodsums.shown_to_everyone(db, ids)]
        new = _insert(db, everyone)
        upgraded = db.executemany(
            "UPDATE connections SET everyone = 1 WHERE id = ? AND everyone = 0", [row[:1] for row in everyone]
        ).rowcount if everyone else 0  # fmt: skip
        records = [(streams[e.stream], e.seq, e.at_ms, e.counts.decode(), e.pulses.decode())
                   for e in entries if e.everyone]  # fmt: skip
        kept = (
            db.executemany("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?)", records).rowcount if records else 0
        )
        adjust_sizes(db, new + upgraded, _insert(db, filtered) - upgraded, kept)
        periodsums.choose(db, uncounted)
        periodsums.count(db)
        quartersums.count(db, uncounted)


def _stream(db: sqlite3.Connection, name: str) -> int:
    db.execute("INSERT OR IGNORE INTO streams (name) VALUES (?)", (name,))
    return int(db.execute("SELECT stream FROM streams WHERE name = ?", (name,)).fetchone()[0])


def _write_tracks(db: sqlite3.Connection, connections: "Iterable[Connection]") -> None:
    newest = {connection.track: connection for connection in sorted(connections, key=lambda c: c.id)}
    db.executemany(
        "INSERT INTO tracks (json, track_id, artist, last_id) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (json) DO UPDATE SET last_id = max(last_id, excluded.last_id)",
        [(json.decode(), c.track_id, c.artist, c.id) for json, c in newest.items()],
    )


def _rows(entries: Sequence[Entry], streams: dict[str, int], gazetteer: "Gazetteer") -> list[tuple[object, ...]]:
    flat = [(connection, entry) for entry in entries for connection in entry.connections]
    keys = {text: key(text) for c, _ in flat for text in (c.track_id, c.artist)}
    ends = np.array([(c.from_city, c.to_city) for c, _ in flat], np.int64).reshape(-1, 2)
    ids, codes = gazetteer.geoname_id[ends].tolist(), gazetteer.codes[gazetteer.country[ends]].tolist()
    return [
        (c.id, streams[e.stream], e.seq, int(e.everyone), SOURCES.index(c.source), c.at_ms, c.apart_ms, c.km,
         c.track.decode(), keys[c.track_id], keys[c.artist], *cities, *countries,
         None if c.to_track_id == c.track_id else c.to_track_id, c.within_s)
        for (c, e), cities, countries in zip(flat, ids, codes, strict=True)
    ]  # fmt: skip


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> int:
    if not rows:
        return 0
    return db.executemany(
        "INSERT OR IGNORE INTO connections VALUES"
        " (?, ?, ?, ?, ?, ?, ?, ?, (SELECT track FROM tracks WHERE json = ?), ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    ).rowcount


def adjust_sizes(db: sqlite3.Connection, everyone: int = 0, filtered: int = 0, records: int = 0) -> None:
    """Add to the numbers of stored rows; call it in the transaction that changes the rows."""
    if everyone or filtered or records:
        change = (everyone, filtered, records)
        db.execute("UPDATE sizes SET everyone = everyone + ?, filtered = filtered + ?, records = records + ?", change)


def sizes(db: sqlite3.Connection) -> Sizes:
    """Return the numbers of stored rows, without counting them."""
    return Sizes(*db.execute("SELECT everyone, filtered, records FROM sizes").fetchone())
