"""Faults of the history of a running server; each lasts for a `with` block."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.serving import Server
from webapp.storage.history import FILE_NAME


def worker(server: Server) -> int:
    """Return the pid of the worker, the first child of the master."""
    pid = server.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@contextmanager
def limited(server: Server, kind: int, limit: int) -> Iterator[None]:
    """Set a resource limit of the worker."""
    pid = worker(server)
    before = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, kind, before)


@contextmanager
def disk_full(server: Server) -> Iterator[None]:
    """Make every write to a file fail."""
    with limited(server, resource.RLIMIT_FSIZE, 0):
        yield


@contextmanager
def no_files(server: Server) -> Iterator[None]:
    """Leave no free file descriptor."""
    highest = max(int(fd.name) for fd in Path(f"/proc/{worker(server)}/fd").iterdir())
    with limited(server, resource.RLIMIT_NOFILE, min(highest, 8)):
        yield


@contextmanager
def history_locked(server: Server) -> Iterator[None]:
    """Hold the write lock, as another program might."""
    with closing(sqlite3.connect(server.data_dir / FILE_NAME, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def history_deleted(server: Server) -> Iterator[None]:
    """Delete the file and its log."""
    for file in server.data_dir.glob(f"{FILE_NAME}*"):
        file.unlink()
    yield


@contextmanager
def history_damaged(server: Server) -> Iterator[None]:
    """Overwrite all pages of the file and its log, including the headers."""
    for name in (FILE_NAME, f"{FILE_NAME}-wal"):
        with (server.data_dir / name).open("rb+") as out:
            out.write(b"\xa5garbage" * (os.fstat(out.fileno()).st_size // 8))
    yield
