"""The history's open file: one writer and some readers. It is opened anew where it was moved, and set aside if damaged.

All but `read` belongs to whoever holds the history's write lock.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gevent import monkey

from webapp.storage.migration import is_older, upgrade
from webapp.storage.schema import HistoryError, connect, is_damage, open_writer, sizes

IDLE_READERS = 8
ASIDE_MOST = 3
"""So many damaged files are kept; none is ever deleted here, so with more the history stays off."""
CHECK_S = 60.0
"""A file that a reader found damaged is not checked as a whole more often than that."""
_ENDS = ("-wal", "-shm", "")  # the file last: a new one beside an old log would take over what that says
_UNUSABLE = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY})
"""After these errors the file is opened once more; what is open stays in use until that works."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Database:
    """The file of a history.

    Args:
        path: the file, made when it is not there.

    Attributes:
        writer: the connection to write with; None while the file is not open.
        damaged: the names of the damaged files that were set aside and are still there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: sqlite3.Connection | None = None
        self.damaged: list[str] = []
        # A lock of the operating system's threads, as in `WriteBuffer`; held for a moment only.
        self._pool_lock = monkey.get_original("threading", "Lock")()
        self._readers: list[sqlite3.Connection] = []
        self._identity: tuple[int, ...] = ()
        self._damage: sqlite3.Error | None = None
        self._doubt: sqlite3.Error | None = None
        self._checked_s = -CHECK_S
        self._is_worn = False

    def settle(self) -> None:
        """Have the file open and sound: open it, after it was moved again, or a new one where it is damaged.

        Raises:
            HistoryError: it is a newer Unison's, there is no room for what must be done, or too much is set aside.
            sqlite3.Error: it cannot be opened now.
            OSError: it cannot be set aside now.
        """
        self._look()
        if self._damage:
            self._set_aside(self._damage)
        if self.writer is None or self._is_worn:
            try:
                self._open()
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self._set_aside(error)
                self._open()

    def is_older(self) -> bool:
        """Tell whether the file must be brought to a newer version before it can be used, which takes a while."""
        return is_older(self.path)

    def failed(self, error: Exception) -> None:
        """Take notice of what went wrong with the writer."""
        if is_damage(error):
            assert isinstance(error, sqlite3.Error)
            self._damage = error
        elif isinstance(error, sqlite3.Error) and _code(error) in _UNUSABLE:
            self._is_worn = True

    def close(self) -> None:
        """Close the file; readers that are in use are closed when they are given back."""
        with self._pool_lock:
            writer, self.writer = self.writer, None
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        if writer is not None:
            with suppress(sqlite3.Error):
                writer.close()

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a query on a connection that no other thread uses; None while the file is not open.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        writer = self.writer
        if writer is None:
            return None
        try:
            db = self._idle_reader() or self._new_reader()
            try:
                return query(db)
            finally:
                self._give_back(db, writer)
        except sqlite3.Error as error:
            if is_damage(error):
                self._doubt = error
            raise

    def _open(self) -> None:
        if is_older(self.path):
            upgrade(self.path)
        fresh = open_writer(self.path)
        self.close()
        self.writer, self._is_worn = fresh, False
        self._readers.append(self._new_reader())
        sizes(self._readers[0])  # so that it has all that it needs, even if no file can be opened later
        self._damage = self._doubt = None
        self._identity = _identity(self.path)

    def _look(self) -> None:
        """See whether the file is still the one that is open, whether it is sound, and what was set aside."""
        with suppress(OSError):  # without a file descriptor to spare it cannot look
            found = self.path.parent.glob(_aside(self.path, "*Z*"))
            self.damaged = sorted(file.name for file in found if not file.name.endswith(_ENDS[:2]))
        if self.writer is not None and _identity(self.path) != self._identity:
            log.warning("the history was moved or deleted while it was in use; it is opened anew (%s)", self.path)
            self.close()
        if self._doubt and not self._damage and time.monotonic() - self._checked_s > CHECK_S:
            self._checked_s, doubt, self._doubt = time.monotonic(), self._doubt, None
            self._damage = doubt if self._is_damaged() else None

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
        if len(self.damaged) >= ASIDE_MOST:
            raise HistoryError(
                f"the history {self.path} is damaged ({damage}), and {ASIDE_MOST} damaged ones were set aside before; "
                "move them elsewhere to have a new one begin"
            )
        aside = self.path.with_name(_aside(self.path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())))
        while aside.exists():
            aside = aside.with_name(f"{aside.name}+")
        for end in _ENDS:
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + end).rename(f"{aside}{end}")
        self._damage = None
        self.damaged.append(aside.name)
        log.error("the history was damaged (%s) and is set aside as %s; a new one begins", damage, aside)

    def _idle_reader(self) -> sqlite3.Connection | None:
        with self._pool_lock:
            return self._readers.pop() if self._readers else None

    def _give_back(self, db: sqlite3.Connection, writer: sqlite3.Connection) -> None:
        """Keep a reader for the next query, unless the file was closed meanwhile."""
        with self._pool_lock:
            is_kept = self.writer is writer and len(self._readers) < IDLE_READERS
            if is_kept:
                self._readers.append(db)
        if not is_kept:
            db.close()

    def _new_reader(self) -> sqlite3.Connection:
        return connect(self.path, "PRAGMA query_only = 1", "PRAGMA temp_store = MEMORY")


def _aside(path: Path, when: str) -> str:
    return f"{path.name}.damaged-{when}"


def _identity(path: Path) -> tuple[int, ...]:
    """Return what tells the file and its log from others of the same names."""
    found: list[int] = []
    for end in ("", "-wal"):
        try:
            stat = path.with_name(path.name + end).stat()
            found += (stat.st_dev, stat.st_ino)
        except OSError:
            found += (0, 0)
    return tuple(found)


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
