"""Backups: copy a history and accounts, also ones in use, with the secret, to one file, and restore them.

A backup is one SQLite file: the history as it was at one instant, and a table `backup` with the folder's secret and a
copy of its accounts. Backups of earlier versions have no accounts.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from webapp.core.counted import counted
from webapp.storage import accountsfile
from webapp.storage.accountsbackup import UnusableAccounts, copy_accounts, create_private, write_accounts
from webapp.storage.datadir import LOCK_NAME, SECRET_BYTES, SECRET_NAME, DataDir
from webapp.storage.history import FILE_NAME
from webapp.storage.schema import MIGRATIONS, connect, file_version, is_damage
from webapp.storage.secretfiles import write_secret

STEP_PAGES = 4096
"""Pages copied in one step, 16 MB."""

Progress = Callable[[int, int], None]
"""Called with the number of bytes copied, and the total."""


class BackupError(RuntimeError):
    """The backup cannot be created or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        size: in bytes.
        connections: how many.
        shared: how many shared connections.
        tokens: how many tokens; None if it has no accounts.
        has_secret: whether it has the secret.
    """

    size: int
    connections: int
    shared: int
    tokens: int | None
    has_secret: bool

    def __str__(self) -> str:
        rows = f"{counted(self.connections, 'connection')}, {counted(self.shared, 'shared one')}"
        tokens = "" if self.tokens is None else f", {counted(self.tokens, 'token')}"
        return f"{self.size / 1e6:,.1f} MB, {rows}{tokens}{', and the secret' if self.has_secret else ''}"


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a backup holds beside the history; None for what it does not."""

    secret: bytes | None = None
    accounts: bytes | None = None
    tokens: int | None = None


def create_backup(data_dir: Path, target: Path, progress: Progress, *, force: bool = False) -> Backup:
    """Copy the history, the accounts and the secret of a data folder, also while a server uses it.

    Args:
        data_dir: the folder.
        target: the file to write, readable only by its owner.
        progress: called after each step.
        force: overwrite an existing file.

    Raises:
        BackupError: there is no history, the target exists, or one of them cannot be read or written.
    """
    source = data_dir / FILE_NAME
    if not source.exists():
        raise BackupError(f"there is no history in {data_dir}; set its folder with --data-dir")
    if target.exists() and not force:
        raise BackupError(f"{target} exists already; name another file, or add --force to overwrite it")
    part = target.with_name(f"{target.name}.part")
    try:
        create_private(part)
        _copy(source, part, progress)
        _insert_beside(part, data_dir)
        backup = inspect_backup(part, "quick_check")
        _sync(part)
        part.replace(target)
    except UnusableAccounts as error:
        raise BackupError(str(error)) from error
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"cannot back up {data_dir} to {target}: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return backup


def restore_backup(file: Path, data_dir: Path, progress: Progress) -> tuple[Backup, list[Path]]:
    """Restore a backup into a data folder that no server uses; rename the files that are there.

    Args:
        file: the backup.
        data_dir: the folder; created if missing.
        progress: called after each step.

    Returns:
        What was restored, and the new paths of the renamed files.

    Raises:
        BackupError: the file is no backup, is damaged, or is from a newer Unison.
        DataDirError: a server uses the folder, or it cannot be used.
    """
    with DataDir(data_dir):
        parts = _Parts(data_dir / f"{FILE_NAME}.part", data_dir / f"{accountsfile.FILE_NAME}.part")
        try:
            return _restore(file, data_dir, parts, progress)
        except UnusableAccounts as error:
            raise BackupError(str(error)) from error
        except (sqlite3.Error, OSError) as error:
            raise BackupError(f"cannot restore {file} to {data_dir}: {error}") from error
        finally:
            for part in parts:
                with suppress(OSError):
                    part.unlink()


class _Parts(NamedTuple):
    """Where what is restored is written before it is put in place."""

    history: Path
    accounts: Path


def _restore(file: Path, data_dir: Path, parts: _Parts, progress: Progress) -> tuple[Backup, list[Path]]:
    backup = inspect_backup(file, "integrity_check")
    create_private(parts.history)
    _copy(file, parts.history, progress)
    beside = _extract_beside(parts.history)
    _sync(parts.history)
    if beside.accounts:
        write_accounts(beside.accounts, parts.accounts, file)
    renamed = _rename_existing(data_dir, beside)
    parts.history.replace(data_dir / FILE_NAME)
    if beside.accounts:
        parts.accounts.replace(data_dir / accountsfile.FILE_NAME)
    if beside.secret and not (data_dir / SECRET_NAME).exists():
        write_secret(data_dir / SECRET_NAME, beside.secret)
    _restore_ownership(data_dir)
    return backup, renamed


def inspect_backup(file: Path, check: str) -> Backup:
    """Check all of a backup and return what it holds.

    Args:
        file: the backup.
        check: SQLite's quick_check, or integrity_check, which also compares indexes with rows and takes far longer.

    Raises:
        BackupError: it is damaged, is no history, or is from a newer Unison.
        sqlite3.Error: it cannot be read.
        OSError: it cannot be read.
    """
    if not file.is_file():
        raise BackupError(f"there is no file {file}")
    try:
        with closing(connect(file, mode="ro")) as db:
            _check(db, file, check)
            connections, shared = db.execute(
                "SELECT (SELECT count(*) FROM connections), (SELECT count(*) FROM shared)"
            ).fetchone()
            beside = _read_beside(db, "secret, tokens")
            return Backup(file.stat().st_size, connections, shared, beside.tokens, beside.secret is not None)
    except sqlite3.Error as error:
        if is_damage(error):
            raise BackupError(f"{file} is not a Unison backup, or it is damaged ({error})") from error
        raise


def _check(db: sqlite3.Connection, file: Path, check: str) -> None:
    version = file_version(db)
    if version > len(MIGRATIONS):
        raise BackupError(f"{file} has version {version}, written by a newer Unison; this one reads up to version "
                          f"{len(MIGRATIONS)}; restore it with the newer one")  # fmt: skip
    if version < 2 or not _has_table(db, "connections"):
        raise BackupError(f"{file} is not a Unison backup; create one with `unison backup`")
    if (found := db.execute(f"PRAGMA {check}(1)").fetchone()[0]) != "ok":
        raise BackupError(f"{file} is damaged ({found}); restore another backup")


def _copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy a database as it is at one instant, in steps; writers can go on meanwhile."""
    with closing(connect(source, mode="ro")) as old, closing(connect(target, "PRAGMA synchronous = OFF")) as new:
        page_size = int(old.execute("PRAGMA page_size").fetchone()[0])
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()  # fixes the instant that is copied

        def report(_: int, left: int, pages: int) -> None:
            progress((pages - left) * page_size, pages * page_size)

        old.backup(new, pages=STEP_PAGES, progress=report)
        old.execute("ROLLBACK")
        new.execute("PRAGMA journal_mode = DELETE")  # leaves one file, without a log


def _insert_beside(file: Path, data_dir: Path) -> None:
    secret = data_dir / SECRET_NAME
    accounts, tokens = copy_accounts(data_dir / accountsfile.FILE_NAME, file.with_name(f"{file.name}.accounts")) or (
        None,
        None,
    )
    with closing(connect(file)) as db:
        db.execute("DROP TABLE IF EXISTS backup")
        db.execute("CREATE TABLE backup (made_s REAL NOT NULL, secret BLOB, accounts BLOB, tokens INTEGER)")
        values = (time.time(), secret.read_bytes() if secret.exists() else None, accounts, tokens)
        db.execute("INSERT INTO backup VALUES (?, ?, ?, ?)", values)


def _extract_beside(file: Path) -> _Beside:
    """Return what a restored file holds beside the history, and erase it there."""
    with closing(connect(file)) as db:
        beside = _read_beside(db, "secret, tokens, accounts")
        db.execute("PRAGMA secure_delete = 1")
        db.execute("DROP TABLE IF EXISTS backup")
    return beside


def _read_beside(db: sqlite3.Connection, columns: str) -> _Beside:
    """Return some columns of the table `backup`; earlier backups have the secret alone, or not even that table."""
    if not _has_table(db, "backup"):
        return _Beside()
    known = {name for _, name, *_ in db.execute("PRAGMA table_info(backup)")}
    names = [name for name in columns.split(", ") if name in known]
    found = dict(zip(names, db.execute(f"SELECT {', '.join(names)} FROM backup").fetchone(), strict=True))
    secret = found.pop("secret")
    return _Beside(secret if isinstance(secret, bytes) and len(secret) == SECRET_BYTES else None, **found)


def _has_table(db: sqlite3.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone() is not None


def _rename_existing(data_dir: Path, beside: _Beside) -> list[Path]:
    """Add the date and time to the names of what is replaced: databases with their logs, and a secret that differs.

    Accounts go with their secret: without it, nothing can be derived from them.
    """
    names, existing = [FILE_NAME], data_dir / SECRET_NAME
    if is_other_secret := bool(beside.secret and existing.exists() and existing.read_bytes() != beside.secret):
        names.append(SECRET_NAME)
    if beside.accounts or is_other_secret:
        names.append(accountsfile.FILE_NAME)
    when = f".before-restore-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    while any((data_dir / f"{name}{when}").exists() for name in names):
        when += "+"
    for name in names:
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                (data_dir / f"{name}{end}").rename(data_dir / f"{name}{when}{end}")
    return [path for name in names if (path := data_dir / f"{name}{when}").exists()]


def _restore_ownership(data_dir: Path) -> None:
    """Give files that root restored to the folder's owner: `sudo unison restore` must not lock the server out."""
    if os.geteuid() == 0:
        owner = data_dir.stat()
        for name in (FILE_NAME, accountsfile.FILE_NAME, SECRET_NAME, LOCK_NAME):
            with suppress(FileNotFoundError):
                os.chown(data_dir / name, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
