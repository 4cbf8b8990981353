"""Upgrades a history of an earlier version: writes a new file and keeps the old one beside it."""

import logging
import math
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from webapp.storage.schema import MIGRATIONS, HistoryError, connect, file_version, is_damage, migrate
from webapp.storage.songids import Report

UPGRADING = "the history is being upgraded to a new version"
REPORT_S = 2.0
"""How often its progress is told."""
ROOM = 1.1
"""How much free space the new file may need, as a multiple of the old one's size."""

_FAST = (
    "PRAGMA journal_mode = OFF",  # after a failure the new file is deleted
    "PRAGMA synchronous = OFF",  # it is synchronised once, at the end
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)

log = logging.getLogger(__name__)


class Progress:
    """Tells in a sentence how far an upgrade is: at its first report, and then every REPORT_S."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._told_s = tell, -math.inf

    def report(self, done: int, total: int) -> None:
        """Take a report of `upgrade`."""
        if time.monotonic() - self._told_s >= REPORT_S:
            self._told_s = time.monotonic()
            self._tell(f"{UPGRADING}: {done:,} of {total:,} rows are done, {100 * done // total} %")


def is_older(path: Path) -> bool:
    """Return whether there is a file of an earlier version."""
    if not path.exists():
        return False
    with closing(connect(path)) as db:
        try:
            return 0 < file_version(db) < len(MIGRATIONS)
        except sqlite3.Error as error:
            if is_damage(error):
                return False
            raise


def upgrade(path: Path, report: Report) -> None:
    """Replace the file by a compact copy of the newest version.

    The old file stays beside it, named for its version, until the next upgrade. A million connections take some twenty
    seconds, or minutes if each has a song of its own.

    Args:
        path: the file.
        report: is told how many rows are done, and of how many; what it raises ends the upgrade.

    Raises:
        HistoryError: the disk is too full.
        sqlite3.Error: the old file cannot be read, or the new one cannot be written.
        OSError: the files cannot be renamed.
    """
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    try:
        version = _write(path, new, report)
        _put_in_place(path, new, version)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _write(path: Path, new: Path, report: Report) -> int:
    with closing(connect(path)) as old:
        version = file_version(old)
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _check_unused(path)
    _check_room(path, version)
    with closing(connect(path)) as old:
        old.execute("PRAGMA auto_vacuum = INCREMENTAL")  # the new file will have it
        old.execute("VACUUM INTO ?", (str(new),))
    with closing(connect(new, *_FAST)) as db:
        migrate(db, new, report)
    shutil.copymode(path, new)
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    return version


def _check_room(path: Path, version: int) -> None:
    needed, free = round(ROOM * path.stat().st_size), shutil.disk_usage(path.parent).free
    if free < needed:
        raise HistoryError(
            f"the history {path} has version {version} and must be upgraded, which takes {needed / 1e6:,.0f} MB; "
            f"{free / 1e6:,.0f} MB are free; make space, and the upgrade continues by itself"
        )


def _check_unused(path: Path) -> None:
    """Check that no program has the file open: SQLite would apply its log to the new file."""
    if path.with_name(f"{path.name}-wal").exists():
        raise HistoryError(f"the history {path} must be upgraded, but another program has it open; close that")


def _put_in_place(path: Path, new: Path, version: int) -> None:
    _check_unused(path)
    copy = path.with_name(f"{path.name}.version-{version}")
    earlier = [*path.parent.glob(f"{path.name}.version-*")]
    for file in earlier:
        file.unlink()
    try:
        os.link(path, copy)
    except OSError:  # a file system without hard links
        path.rename(copy)
    new.replace(path)
    log.info("the history was upgraded from version %d to %d; the old file is %s", version, len(MIGRATIONS), copy)
