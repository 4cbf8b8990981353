"""Copies of the accounts, for backups: one file without a log, as bytes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from webapp.storage.accountsfile import check_file, is_damaged
from webapp.storage.datadir import DataDirError
from webapp.storage.schema import connect


class UnusableAccounts(RuntimeError):  # noqa: N818 - names the state
    """The accounts cannot be copied or restored; the message says why."""


def copy_accounts(source: Path, part: Path) -> tuple[bytes, int] | None:
    """Return a copy of a file of accounts, also of one in use, and how many tokens it has; None without a file.

    Args:
        source: the file.
        part: where to write meanwhile; readable only by its owner, and deleted again.

    Raises:
        UnusableAccounts: it is damaged, or a newer Unison wrote it.
        sqlite3.Error: it cannot be read now.
        OSError: the copy cannot be written.
    """
    if not source.exists():
        return None
    try:
        create_private(part)
        with closing(connect(source, mode="ro")) as db:
            db.execute("VACUUM INTO ?", (str(part),))
        return part.read_bytes(), _check(part, source)
    except sqlite3.Error as error:
        if is_damaged(error):
            raise UnusableAccounts(
                f"the accounts {source} are damaged ({error}); move that file elsewhere to back up the rest"
            ) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def write_accounts(copy: bytes, part: Path, backup: Path) -> None:
    """Write a copy of accounts to a new file, and check it.

    Args:
        copy: from `copy_accounts`.
        part: the file, readable only by its owner.
        backup: where the copy is from, for messages.

    Raises:
        UnusableAccounts: the copy is damaged, or a newer Unison wrote it.
        OSError: it cannot be written.
    """
    create_private(part)
    with part.open("rb+") as out:
        out.write(copy)
        out.flush()
        os.fsync(out.fileno())
    try:
        _check(part, backup)
    except sqlite3.Error as error:
        raise UnusableAccounts(f"the accounts in {backup} are damaged ({error}); restore another backup") from error


def _check(part: Path, origin: Path) -> int:
    try:
        return check_file(part)
    except DataDirError as error:
        raise UnusableAccounts(str(error).replace(str(part), f"in {origin}")) from error


def create_private(path: Path) -> None:
    """Create an empty file that only its owner can read from the start."""
    with suppress(FileNotFoundError):
        path.unlink()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
