"""What a data folder has from the time when its server worked alone, and what becomes of it on a bus."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from webapp.storage.accountsfile import FILE_NAME, check_file
from webapp.storage.datadir import DataDirError
from webapp.storage.moderationfile import LIST_NAME

IMPORTED = ".imported"
"""What is added to the names of files whose contents are on the bus."""


def check_nothing_is_left(folder: Path) -> None:
    """Check that a folder has no tokens and no moderation list, which a server of several would not use.

    Raises:
        DataDirError: it has.
    """
    for name, what in ((FILE_NAME, "tokens"), (LIST_NAME, "a moderation list")):
        if has_something(folder / name):
            raise DataDirError(
                f"{folder / name} has {what}, and with UNISON_BUS all servers use those on the bus; take it there with "
                f"`unison bus import --data-dir {folder}`, or move the file elsewhere"
            )


def has_something(path: Path) -> bool:
    """Return whether a file of accounts has tokens, or a list has a line; also if that cannot be told."""
    if not path.exists():
        return False
    try:
        return check_file(path) > 0 if path.name == FILE_NAME else bool(path.read_bytes().strip())
    except (sqlite3.Error, OSError, DataDirError):
        return True
