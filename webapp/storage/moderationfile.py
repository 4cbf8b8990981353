"""The file of what is hidden, and the file that says who changed it. Call all of this off the event loop."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

TRIES = 50
"""So often a change is tried again that somebody else forestalled."""
LIST_NAME = "moderation.txt"
AUDIT_NAME = "moderation-audit.jsonl"
MAX_BYTES = 4 << 20
"""Most bytes of a list."""
FILE = "file"
"""Who changed the list, where that is not known: whoever can write to its file."""
_TAIL = 1 << 12


class ListFileError(RuntimeError):
    """The list cannot be read or written; the message names it and says why."""


class StoredList(Protocol):
    """The operator's list, wherever it is stored."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def by(self) -> str:
        """Who changed it last, as far as that is known, when it was last read."""

    @property
    def problem(self) -> str:
        """Why what was last read is an earlier list, a sentence; "" if it is not."""

    def read(self) -> bytes:
        """Return what is in the list.

        Raises:
            ListFileError: it cannot be read.
        """
        ...

    def write(self, data: bytes, who: str, /) -> bool:
        """Replace the list; return whether it still was what was last read. If not, nothing is changed.

        Raises:
            ListFileError: it cannot be written.
        """
        ...


class ListFile:
    """The list as a file.

    Args:
        path: the file.
        is_required: whether a setting names it, so that it is an error if it is missing.
    """

    def __init__(self, path: Path, *, is_required: bool) -> None:
        self.path, self._is_required = path, is_required
        self.name, self.by, self.problem = str(path), FILE, ""

    def read(self) -> bytes:
        """Return what is in the file; nothing if it is missing and need not be there.

        Raises:
            ListFileError: it cannot be read, or is too large.
        """
        try:
            with self.path.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except FileNotFoundError:
            if self._is_required:
                raise ListFileError(f"{self.path} cannot be read (No such file or directory)") from None
            return b""
        except OSError as error:
            raise ListFileError(f"{self.path} cannot be read ({error.strerror})") from error
        if len(data) > MAX_BYTES:
            raise ListFileError(f"{self.path} is too large; expected at most {MAX_BYTES} bytes")
        return data

    def write(self, data: bytes, _who: str, /) -> bool:
        """Replace the file atomically. It keeps its owner and permissions; a new one is its owner's alone.

        Raises:
            ListFileError: it cannot be written.
        """
        path = self.path.resolve()  # of a link, what it leads to is replaced
        part = path.with_name(f".{path.name}.part")
        try:
            with suppress(FileNotFoundError):
                part.unlink()
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _keep_owner(path, out.fileno())
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            part.rename(path)
        except OSError as error:
            raise ListFileError(f"{self.path} cannot be written ({error.strerror})") from error
        return True


def _keep_owner(path: Path, out: int) -> None:
    """Give a new file the owner and the permissions of the one that it replaces."""
    with suppress(FileNotFoundError):
        before = path.stat()
        os.fchmod(out, before.st_mode & 0o777)
        if os.geteuid() == 0:
            os.fchown(out, before.st_uid, before.st_gid)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the list.

    Attributes:
        who: in words, such as "admin token"; never an address.
        did: what was done: "added", "removed", or "found" for a list that changed while no server ran.
        rule: which, as it is written; "" for a list that was found.
        version: of the list, after the change.
    """

    who: str
    did: str
    rule: str
    version: str


class AuditFile:
    """The changes, one line of JSON each; lines are only ever added."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, change: Change, now_s: float) -> None:
        """Add a line; `now_s` is the time in epoch seconds.

        Raises:
            OSError: it cannot be written.
        """
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))
        line = json.dumps({"time": when, **asdict(change)}, ensure_ascii=False) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def last_version(self) -> str:
        """Return the version after the last change; "" if there is none, or none that can be read."""
        try:
            with self.path.open("rb") as opened:
                opened.seek(max(0, opened.seek(0, os.SEEK_END) - _TAIL))
                last = opened.read().rstrip(b"\n").rpartition(b"\n")[2]
            return str(json.loads(last)["version"])
        except (OSError, ValueError, LookupError, TypeError):
            return ""
