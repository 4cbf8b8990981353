"""The SQLite file of accounts: its schema, and what is read from it and written to it.

The rows have no index, because the server keeps them all in memory. Their numbers are never used twice, so that rows of
other programs are found by them.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any

from webapp.core.principals import Principal
from webapp.storage.accounts import AccountsError, Activity, LastSong
from webapp.storage.accountstable import Change, Row
from webapp.storage.schema import ForeignFile, connect, file_version, is_damage, transaction
from webapp.storage.tokentexts import is_id

FILE_NAME = "accounts.sqlite3"

_VERSION_1 = """
CREATE TABLE tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, digest BLOB NOT NULL, scope TEXT NOT NULL,
    city INTEGER, per_minute INTEGER NOT NULL, created_s REAL NOT NULL, used_s REAL, client TEXT NOT NULL DEFAULT '',
    song INTEGER, song_s REAL, duration_s REAL, presses INTEGER NOT NULL DEFAULT 0,
    scrobbles INTEGER NOT NULL DEFAULT 0);
CREATE TABLE server (alive_s REAL, secret_check BLOB NOT NULL, must_erase INTEGER NOT NULL);
INSERT INTO server VALUES (NULL, x'', 0);
"""
MIGRATIONS = (_VERSION_1,)
"""Script n upgrades a file from version n to n + 1; the script of a released version never changes."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)
_COLUMNS = """number, id, digest, scope, city, per_minute, created_s, used_s, client, song, song_s, duration_s, presses,
    scrobbles"""
_UPDATE = """UPDATE tokens SET used_s = ?, client = ?, song = ?, song_s = ?, duration_s = ?, presses = ?, scrobbles = ?
    WHERE number = ?"""
_DIGEST_BYTES = 32


class NewerAccounts(AccountsError):  # noqa: N818 - names the state
    """A newer Unison wrote the file; this one must not touch it."""


class DamagedAccounts(sqlite3.DatabaseError):
    """A row of the file makes no sense."""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """What is stored once: when a server last wrote, which secret it had, and whether remnants must be erased."""

    alive_s: float | None
    secret_check: bytes
    must_erase: bool


class AccountsFile:
    """The open file, for one thread at a time.

    Args:
        path: the file; created if missing, readable only by its owner.

    Raises:
        NewerAccounts: a newer Unison wrote it.
        sqlite3.Error: it cannot be opened; `is_damaged` tells whether it is damaged.
        OSError: it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _create(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        self._identity = _identity(path)
        self._db = connect(path)
        try:
            _check_version(self._db, path)  # before anything is written to what may be another program's
            for pragma in _PRAGMAS:
                self._db.execute(pragma)
            _migrate(self._db, path)
            self.server()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._db.close()

    @property
    def is_in_place(self) -> bool:
        """Whether its name still leads to this file."""
        return _identity(self.path) == self._identity

    @property
    def changes(self) -> int:
        """A number that differs once another program has changed the file."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the tokens with higher numbers than that, in order of their numbers.

        Raises:
            DamagedAccounts: a row makes no sense.
            sqlite3.Error: they cannot be read.
        """
        found = self._db.execute(f"SELECT {_COLUMNS} FROM tokens WHERE number > ? ORDER BY number", (after,))
        return map(_row, found)

    def numbers(self) -> set[int]:
        """Return the numbers of all tokens."""
        return {number for (number,) in self._db.execute("SELECT number FROM tokens")}

    def server(self) -> ServerRow:
        """Return what is stored once."""
        try:
            found = self._db.execute("SELECT alive_s, secret_check, must_erase FROM server").fetchone()
            alive_s, check, must_erase = found
        except (TypeError, sqlite3.OperationalError) as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR:
                raise
            raise ForeignFile(f"it is not a complete file of accounts: {error}") from error
        return ServerRow(alive_s, bytes(check), bool(must_erase))

    def insert(self, principal: Principal, digest: bytes) -> Row:
        """Store a token durably, and return its row."""
        values = (principal.id, digest, principal.scope, principal.city, principal.per_minute, principal.created_s)
        with self._durable() as db:
            number = db.execute(
                "INSERT INTO tokens (id, digest, scope, city, per_minute, created_s) VALUES (?, ?, ?, ?, ?, ?)", values
            ).lastrowid
        assert number is not None
        return Row(number, digest, principal, Activity())

    def delete(self, id: str) -> bool:
        """Delete a token durably, and return whether there was one; `erase` removes its remnants."""
        if not is_id(id):
            return False
        with self._durable() as db:
            found = db.execute("DELETE FROM tokens WHERE id = ?", (id,)).rowcount > 0
            db.execute("UPDATE server SET must_erase = 1 WHERE ?", (found,))
        return found

    def write(self, changes: Iterable[Change], alive_s: float) -> None:
        """Store what tokens were used for, and when this was; tokens that are gone stay so."""
        with transaction(self._db) as db:
            db.executemany(_UPDATE, [(*_values(each.activity), each.number) for each in changes])
            db.execute("UPDATE server SET alive_s = ?", (alive_s,))

    def set_secret_check(self, check: bytes, *, is_server: bool) -> None:
        """Store which secret the tokens are made with, if that is not known; a server replaces it if there are none."""
        is_free = "secret_check = x'' OR (? AND NOT EXISTS (SELECT 1 FROM tokens))"
        if self._db.execute(f"SELECT 1 FROM server WHERE {is_free}", (is_server,)).fetchone():
            with self._durable() as db:
                db.execute(f"UPDATE server SET secret_check = ? WHERE {is_free}", (check, is_server))

    def erase(self) -> bool:
        """Remove what deleted tokens left in unused parts of the file and its log; return whether that was possible.

        secure_delete alone leaves copies of rows that were moved before they were deleted.
        """
        self._db.execute("VACUUM")
        if self._is_log_busy():
            return False
        with self._durable() as db:
            db.execute("UPDATE server SET must_erase = 0")
        return True

    def _is_log_busy(self) -> bool:
        """Empty the log; return whether another program's reading prevents that."""
        return bool(self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    @contextmanager
    def _durable(self) -> Iterator[sqlite3.Connection]:
        """Commit the statements of the block to the disk, not only to its cache."""
        self._db.execute("PRAGMA synchronous = FULL")
        try:
            with transaction(self._db) as db:
                yield db
        finally:
            self._db.execute("PRAGMA synchronous = NORMAL")


def is_damaged(error: Exception) -> bool:
    """Return whether an error means that the file itself is unusable, so that trying again cannot help."""
    return isinstance(error, DamagedAccounts) or is_damage(error)


def check_file(path: Path) -> int:
    """Check all of a file of accounts that no program has open, without changing it; return how many tokens it has.

    Raises:
        NewerAccounts: a newer Unison wrote it.
        sqlite3.Error: it cannot be read, or is damaged: see `is_damaged`.
    """
    db = connect(path, mode="ro")
    try:
        _check_version(db, path)
        if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise DamagedAccounts(found)
        return sum(1 for _ in map(_row, db.execute(f"SELECT {_COLUMNS} FROM tokens")))
    finally:
        db.close()


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    with transaction(db):  # another program may be doing this now
        version = _check_version(db, path)
        _upgrade(db, version)


def _upgrade(db: sqlite3.Connection, version: int) -> None:
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        for statement in filter(str.strip, script.split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")


def _check_version(db: sqlite3.Connection, path: Path) -> int:
    version = file_version(db)
    if version > len(MIGRATIONS):
        raise NewerAccounts(
            f"the accounts {path} have version {version}, written by a newer Unison; this one reads up to version "
            f"{len(MIGRATIONS)}; use the newer one, or another --data-dir"
        )
    if version == 0:
        raise ForeignFile("it is empty, or a database of another program")
    return version


def _row(values: tuple[Any, ...]) -> Row:
    number, id, digest, scope, city, per_minute, created_s, used_s, client, *song, presses, scrobbles = values
    if not is_id(str(id)) or not isinstance(digest, bytes) or len(digest) != _DIGEST_BYTES:
        raise DamagedAccounts(f"token number {number} makes no sense")
    last = None if song[0] is None else LastSong(*song)
    principal = Principal(id, "service" if scope == "service" else "listener", city, per_minute, created_s)
    return Row(number, digest, principal, Activity(used_s, intern(str(client)), last, presses, scrobbles))


def _values(activity: Activity) -> tuple[object, ...]:
    song = activity.song
    texts = (None, None, None) if song is None else (song.song, song.at_s, song.duration_s)
    return (activity.used_s, activity.client, *texts, activity.presses, activity.scrobbles)


def _create(path: Path) -> None:
    """Create the file if missing, whole or not at all: an empty one is a damaged one."""
    if path.exists():
        return
    number, name = tempfile.mkstemp(
        prefix=f"{path.name}.", suffix=".part", dir=path.parent
    )  # only its owner can read it
    os.close(number)
    part = Path(name)
    try:
        with closing(connect(part)) as db, transaction(db):
            _upgrade(db, 0)
        if os.geteuid() == 0:  # `sudo unison token create` must not lock the server out
            owner = path.parent.stat()
            os.chown(part, owner.st_uid, owner.st_gid, follow_symlinks=False)
        _put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def _put_in_place(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        return  # another program was faster
    except OSError:  # a file system without hard links
        part.rename(path)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
