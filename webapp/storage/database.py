"""The history's open file: one writer and a pool of readers.

It reopens a file that was moved, and moves a damaged one aside. Hold the history's write lock for all calls but `read`.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gevent import monkey

from webapp.core.trackids import NO_ALIASES
from webapp.storage import trackaliases
from webapp.storage.migration import Progress, is_older, upgrade
from webapp.storage.schema import HistoryError, connect, is_damage, open_writer, sizes

MAX_IDLE_READERS = 8
MAX_DAMAGED_FILES = 3
"""Damaged files kept beside the history. None is ever deleted here; with this many the history stays off."""
CHECK_INTERVAL_S = 60.0
"""Shortest time between two full checks of a file that a reader found damaged."""
_SUFFIXES = ("-wal", "-shm", "")  # the file last: SQLite would apply an old log to a new file
_REOPEN_ERRORS = frozenset(
    {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY}
)
"""Errors after which the file is opened again; the open connections stay in use until that works."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Database:
    """The SQLite file of a history.

    Args:
        path: the file; created if missing.
        tell: is told in a sentence, every few seconds, how far an upgrade of the file is.

    Attributes:
        aliases: the earlier ids of tracks, as they were when the file was opened.
        writer: the connection to write with; None while the file is not open.
        damaged: names of the damaged files that were moved aside and are still there.
        losses: how often the file was lost while it was open: moved, deleted or damaged.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self.path, self._tell, self.aliases, self.losses = path, tell, NO_ALIASES, 0
        self.writer: sqlite3.Connection | None = None
        self.damaged: list[str] = []
        # An unpatched lock, as in `WriteBuffer`; held only briefly.
        self._pool_lock = monkey.get_original("threading", "Lock")()
        self._readers: list[sqlite3.Connection] = []
        self._identity: tuple[int, ...] = ()
        self._damage: sqlite3.Error | None = None
        self._suspected_damage: sqlite3.Error | None = None
        self._last_check_s = -CHECK_INTERVAL_S
        self._needs_reopen = False

    def ensure_open(self) -> None:
        """Open the file if it is not open, was moved or is damaged; a new file replaces a damaged one.

        Raises:
            HistoryError: it is from a newer Unison, the disk is too full to upgrade it, or too many files are damaged.
            sqlite3.Error: it cannot be opened now.
            OSError: it cannot be moved aside now.
        """
        self._check_file()
        if self._damage:
            self._set_aside(self._damage)
        if self.writer is None or self._needs_reopen:
            try:
                self._open()
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self._set_aside(error)
                self._open()

    def is_older(self) -> bool:
        """Return whether the file must be upgraded before use, which takes a while."""
        return is_older(self.path)

    def report_error(self, error: Exception) -> None:
        """Remember an error of the writer; the next `ensure_open` acts on it."""
        if is_damage(error):
            assert isinstance(error, sqlite3.Error)
            self._damage = error
        elif isinstance(error, sqlite3.Error) and _primary_code(error) in _REOPEN_ERRORS:
            self._needs_reopen = True

    def close(self) -> None:
        """Close the file; readers in use are closed when they are returned."""
        with self._pool_lock:
            writer, self.writer = self.writer, None
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        if writer is not None:
            with suppress(sqlite3.Error):
                writer.close()

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a query on a connection that no other thread uses; return None while the file is not open.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        writer = self.writer
        if writer is None:
            return None
        try:
            db = self._idle_reader() or self._open_reader()
            try:
                return query(db)
            finally:
                self._return_reader(db, writer)
        except sqlite3.Error as error:
            if is_damage(error):
                self._suspected_damage = error
            raise

    def _open(self) -> None:
        if is_older(self.path):
            upgrade(self.path, Progress(self._tell).report)
        fresh = open_writer(self.path)
        self.close()
        self.writer, self._needs_reopen = fresh, False
        self._readers.append(self._open_reader())
        sizes(self._readers[0])  # opens all files that it needs, in case no file can be opened later
        self.aliases = trackaliases.read(self._readers[0])
        self._damage = self._suspected_damage = None
        self._identity = _identity(self.path)

    def _check_file(self) -> None:
        """Check whether the file was moved or is damaged, and list the files that were moved aside."""
        with suppress(OSError):  # without a free file descriptor it cannot list the folder
            found = self.path.parent.glob(_damaged_name(self.path, "*Z*"))
            self.damaged = sorted(file.name for file in found if not file.name.endswith(_SUFFIXES[:2]))
        if self.writer is not None and _identity(self.path) != self._identity:
            log.warning("the history was moved or deleted while in use; opening it again (%s)", self.path)
            self.close()
            self.losses += 1
        if self._suspected_damage and not self._damage and time.monotonic() - self._last_check_s > CHECK_INTERVAL_S:
            self._last_check_s, suspected, self._suspected_damage = time.monotonic(), self._suspected_damage, None
            self._damage = suspected if self._is_damaged() else None

    def _is_damaged(self) -> bool:
        """Check the whole file; slow."""
        try:
            db = connect(self.path)
            try:
                return bool(db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
            finally:
                db.close()
        except sqlite3.Error as error:
            return is_damage(error)

    def _set_aside(self, damage: sqlite3.Error) -> None:
        self.close()
        self.losses += 1
        if len(self.damaged) >= MAX_DAMAGED_FILES:
            raise HistoryError(
                f"the history {self.path} is damaged ({damage}), and {MAX_DAMAGED_FILES} damaged ones were set aside "
                "before; move them elsewhere to start a new one"
            )
        aside = self.path.with_name(_damaged_name(self.path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())))
        while aside.exists():
            aside = aside.with_name(f"{aside.name}+")
        for end in _SUFFIXES:
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + end).rename(f"{aside}{end}")
        self._damage = None
        self.damaged.append(aside.name)
        log.error("the history was damaged (%s) and is set aside as %s; starting a new one", damage, aside)

    def _idle_reader(self) -> sqlite3.Connection | None:
        with self._pool_lock:
            return self._readers.pop() if self._readers else None

    def _return_reader(self, db: sqlite3.Connection, writer: sqlite3.Connection) -> None:
        """Return a reader to the pool, or close it if the file was closed meanwhile or the pool is full."""
        with self._pool_lock:
            is_pooled = self.writer is writer and len(self._readers) < MAX_IDLE_READERS
            if is_pooled:
                self._readers.append(db)
        if not is_pooled:
            db.close()

    def _open_reader(self) -> sqlite3.Connection:
        return connect(self.path, "PRAGMA query_only = 1", "PRAGMA temp_store = MEMORY")


def _damaged_name(path: Path, when: str) -> str:
    return f"{path.name}.damaged-{when}"


def _identity(path: Path) -> tuple[int, ...]:
    """Return device and inode of the file and its log; other files of the same names have others."""
    found: list[int] = []
    for end in ("", "-wal"):
        try:
            stat = path.with_name(path.name + end).stat()
            found += (stat.st_dev, stat.st_ino)
        except OSError:
            found += (0, 0)
    return tuple(found)


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
