"""Brings a history of an earlier version to the newest, as a new file: the old one stays beside it as it was."""

import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from webapp.storage.schema import MIGRATIONS, HistoryError, connect, file_version, is_damage, migrate

ROOM = 1.1
"""How much free space the new file may need, as a multiple of the old one's size."""

log = logging.getLogger(__name__)


def is_older(path: Path) -> bool:
    """Tell whether there is a file of an earlier version."""
    if not path.exists():
        return False
    with closing(connect(path)) as db:
        try:
            return 0 < file_version(db) < len(MIGRATIONS)
        except sqlite3.Error as error:
            if is_damage(error):
                return False
            raise


def upgrade(path: Path) -> None:
    """Write a new file of the newest version, compact, and put it in the place of the old one.

    The old file stays beside it, named for its version, until the next upgrade. Takes seconds for each GB.

    Raises:
        HistoryError: there is not enough room on the disk.
        sqlite3.Error: the old file cannot be read, or the new one cannot be written.
        OSError: the files cannot be renamed.
    """
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    try:
        version = _write(path, new)
        _put_in_place(path, new, version)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _write(path: Path, new: Path) -> int:
    with closing(connect(path)) as old:
        version = file_version(old)
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _check_unused(path)
    _check_room(path, version)
    with closing(connect(path)) as old:
        old.execute("PRAGMA auto_vacuum = INCREMENTAL")  # the new file will have it
        old.execute("VACUUM INTO ?", (str(new),))
    with closing(connect(new)) as db:
        migrate(db, new)
    shutil.copymode(path, new)
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    return version


def _check_room(path: Path, version: int) -> None:
    needed, free = round(ROOM * path.stat().st_size), shutil.disk_usage(path.parent).free
    if free < needed:
        raise HistoryError(
            f"the history {path} has version {version} and must be written anew, which takes {needed / 1e6:,.0f} MB; "
            f"{free / 1e6:,.0f} MB are free: make room, and it goes on by itself"
        )


def _check_unused(path: Path) -> None:
    """See that the log is gone, as it is when the last program closes the file: it must not meet the new file."""
    if path.with_name(f"{path.name}-wal").exists():
        raise HistoryError(f"the history {path} must be written anew, but another program has it open; close that")


def _put_in_place(path: Path, new: Path, version: int) -> None:
    _check_unused(path)
    copy = path.with_name(f"{path.name}.version-{version}")
    earlier = [*path.parent.glob(f"{path.name}.version-*")]
    for file in earlier:
        file.unlink()
    try:
        os.link(path, copy)
    except OSError:  # a file system without links
        path.rename(copy)
    new.replace(path)
    log.info("the history was brought from version %d to %d; the old file is %s", version, len(MIGRATIONS), copy)
