"""The data folder: its lock (one server at a time), its secret and its ingest token."""

import fcntl
import os
import secrets
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from webapp.storage.secretfiles import write_secret

LOCK_NAME = "lock"
SECRET_NAME = "secret"
SECRET_BYTES = 32
TOKEN_NAME = "ingest-token"
TOKEN_BYTES = 32


class DataDirError(RuntimeError):
    """The data folder cannot be used; the message names it and says what to do."""


class DataDirInUse(DataDirError):  # noqa: N818 - names the state
    """Another server uses the data folder."""


class DataDir:
    """A data folder that this process alone uses, from `open` to `close` or the end of the process.

    Args:
        path: the folder; created, with its parents, if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def open(self) -> Self:
        """Create the folder if missing, and lock it.

        Raises:
            DataDirInUse: another process has locked it.
            DataDirError: it cannot be created or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        except OSError as error:
            in_use = isinstance(error, BlockingIOError)
            other = os.pread(lock, 20, 0).decode("ascii", "replace") if in_use else ""
            os.close(lock)
            raise _in_use(self.path, other) if in_use else _unusable(self.path, error) from error
        self._lock = lock
        return self

    def close(self) -> None:
        """Unlock the folder. The lock file stays: removing it would let two servers in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def secret(self, setting: str = "") -> bytes:
        """Return 32 secret bytes: derived from the setting if there is one, else the folder's own, created if missing.

        Call it while the folder is open.

        Raises:
            DataDirError: the secret cannot be read or written, or is damaged.
        """
        file = self.path / SECRET_NAME
        try:
            if not setting and not file.exists():
                write_secret(file, secrets.token_bytes(SECRET_BYTES))
        except OSError as error:
            raise _unusable(self.path, error) from error
        return read_secret(self.path, setting)

    def ensure_token_file(self) -> Path:
        """Return the path of the ingest token's file; create it if missing, readable only by its owner.

        Call it while the folder is open.

        Raises:
            DataDirError: it cannot be read or written.
        """
        file = token_file(self.path)
        try:
            if not file.exists():
                write_token(self.path)
            elif file.stat().st_mode & 0o077:
                file.chmod(0o600)
        except OSError as error:
            raise _unusable(self.path, error) from error
        return file


def read_secret(data_dir: Path, setting: str = "") -> bytes:
    """Return the secret of a data folder that has one, or the one that the setting means, also beside a server.

    Raises:
        DataDirError: there is none, or it cannot be read or is damaged.
    """
    if setting:
        return blake2b(setting.encode(), digest_size=SECRET_BYTES).digest()
    file = data_dir / SECRET_NAME
    try:
        secret = file.read_bytes()
    except FileNotFoundError as error:
        raise DataDirError(
            f"there is no secret in {data_dir}; start `unison serve` to make one, set UNISON_SECRET if the server has "
            "that, or set another --data-dir"
        ) from error
    except OSError as error:
        raise _unusable(data_dir, error) from error
    if len(secret) != SECRET_BYTES:
        raise DataDirError(
            f"the secret {file} has {len(secret)} bytes; expected {SECRET_BYTES}; restore a copy, "
            "or remove it to get a new one"
        )
    return secret


def token_file(data_dir: Path) -> Path:
    """Return the path of a data folder's ingest token."""
    return data_dir / TOKEN_NAME


def write_token(data_dir: Path) -> None:
    """Write a new ingest token; within 2 s a running server accepts it and rejects the old one."""
    write_secret(token_file(data_dir), f"{secrets.token_urlsafe(TOKEN_BYTES)}\n".encode())


def _in_use(path: Path, pid: str) -> DataDirInUse:
    by = f" (process {pid})" if pid.isdigit() else ""
    return DataDirInUse(
        f"the data folder {path} is in use by another Unison server{by}; stop that server or set another --data-dir"
    )


def _unusable(path: Path, error: OSError) -> DataDirError:
    return DataDirError(f"the data folder {path} cannot be used ({error.strerror}); set another --data-dir")
