"""Backups: copy a history, also one in use, with the secret, to one file, and restore it.

A backup is one SQLite file: the history as it was at one instant, and a table `backup` with the data folder's secret.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

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
    """What a backup holds: size in bytes, number of connections and of shared ones, and whether it has the secret."""

    size: int
    connections: int
    shared: int
    has_secret: bool

    def __str__(self) -> str:
        rows = f"{self.connections:,} connections, {self.shared:,} shared ones"
        return f"{self.size / 1e6:,.1f} MB, {rows}{', and the secret' if self.has_secret else ''}"


def create_backup(data_dir: Path, target: Path, progress: Progress, *, force: bool = False) -> Backup:
    """Copy the history and the secret of a data folder, also while a server uses it.

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
        _create_private(part)
        _copy(source, part, progress)
        _insert_secret(part, data_dir / SECRET_NAME)
        backup = inspect_backup(part, "quick_check")
        _sync(part)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"cannot back up {source} to {target}: {error}") from error
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
        target = data_dir / FILE_NAME
        part = target.with_name(f"{FILE_NAME}.part")
        try:
            backup = inspect_backup(file, "integrity_check")
            _create_private(part)
            _copy(file, part, progress)
            secret = _extract_secret(part)
            _sync(part)
            renamed = _rename_existing(data_dir, secret)
            part.replace(target)
            if secret and not (data_dir / SECRET_NAME).exists():
                write_secret(data_dir / SECRET_NAME, secret)
            _restore_ownership(data_dir)
        except (sqlite3.Error, OSError) as error:
            raise BackupError(f"cannot restore {file} to {data_dir}: {error}") from error
        finally:
            with suppress(OSError):
                part.unlink()
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
            return Backup(file.stat().st_size, connections, shared, _read_secret(db) is not None)
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


def _insert_secret(file: Path, secret: Path) -> None:
    with closing(connect(file)) as db:
        db.execute("DROP TABLE IF EXISTS backup")
        db.execute("CREATE TABLE backup (made_s REAL NOT NULL, secret BLOB)")
        db.execute("INSERT INTO backup VALUES (?, ?)", (time.time(), secret.read_bytes() if secret.exists() else None))


def _extract_secret(file: Path) -> bytes | None:
    """Return the secret of a restored file, and erase it there."""
    with closing(connect(file)) as db:
        secret = _read_secret(db)
        db.execute("PRAGMA secure_delete = 1")
        db.execute("DROP TABLE IF EXISTS backup")
    return secret


def _read_secret(db: sqlite3.Connection) -> bytes | None:
    if not _has_table(db, "backup"):
        return None
    (secret,) = db.execute("SELECT secret FROM backup").fetchone()
    return secret if isinstance(secret, bytes) and len(secret) == SECRET_BYTES else None


def _has_table(db: sqlite3.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone() is not None


def _rename_existing(data_dir: Path, secret: bytes | None) -> list[Path]:
    """Add the date and time to the names of the history and its log, and of a secret that differs."""
    names = [f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", FILE_NAME]
    existing = data_dir / SECRET_NAME
    if secret and existing.exists() and existing.read_bytes() != secret:
        names.append(SECRET_NAME)
    when = f".before-restore-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    while (data_dir / f"{FILE_NAME}{when}").exists():
        when += "+"
    renamed = []
    for name in names:
        base, suffix = (FILE_NAME, name.removeprefix(FILE_NAME)) if name.startswith(FILE_NAME) else (name, "")
        path = data_dir / f"{base}{when}{suffix}"
        with suppress(FileNotFoundError):
            (data_dir / name).rename(path)
            renamed += [path] if not suffix else []
    return renamed


def _restore_ownership(data_dir: Path) -> None:
    """Give files that root restored to the folder's owner: `sudo unison restore` must not lock the server out."""
    if os.geteuid() == 0:
        owner = data_dir.stat()
        for name in (FILE_NAME, SECRET_NAME, LOCK_NAME):
            with suppress(FileNotFoundError):
                os.chown(data_dir / name, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _create_private(path: Path) -> None:
    """Create an empty file that only its owner can read from the start."""
    with suppress(FileNotFoundError):
        path.unlink()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
