"""Files of secrets: readable only by their owner, and reloaded while the server runs."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 1 << 20
"""Most bytes read of a file."""

log = logging.getLogger(__name__)


class SecretFileError(RuntimeError):
    """A file of secrets cannot be used; the message names it and says what to do, and never shows a secret."""


class SecretFile:
    """The secrets in a file.

    Args:
        path: the file.
        setting: the setting that names it, for messages.
        read: returns the secrets in the file: `read_secrets` or `read_single_secret`.

    Attributes:
        path: the file.
        secrets: its secrets when it was last read without error.
        problem: why the last read found no secret, a sentence; None if it found one.
    """

    def __init__(self, path: Path, setting: str, read: Callable[[Path], tuple[str, ...]] | None = None) -> None:
        self.path, self._setting, self._parse = path, setting, read or read_secrets
        self.secrets: tuple[str, ...] = ()
        self.problem: str | None = None

    def open(self) -> SecretFile:
        """Read the file for the first time.

        Raises:
            SecretFileError: it cannot be read, or has no secret.
        """
        self._read()
        if self.problem:
            raise SecretFileError(f"{self._setting}: {self.problem}")
        return self

    def reload(self) -> None:
        """Read the file again. A read error keeps the old secrets; an empty file revokes all. Log both."""
        before = self.secrets, self.problem
        self._read()
        if self.problem and self.problem != before[1]:
            log.warning("%s: %s", self._setting, self.problem, extra={"event": "secrets_problem"})
        elif self.secrets != before[0]:
            log.info("%s: reloaded %s", self._setting, self.path, extra={"event": "secrets_changed"})

    def _read(self) -> None:
        try:
            self.secrets = self._parse(self.path)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            still = "; the secrets read before remain valid" if self.secrets else ""
            self.problem = f"{self.path} cannot be read ({why}){still}"
        else:
            self.problem = None if self.secrets else f"{self.path} is empty"


def secret_or_file(value: str, file: Path | None, setting: str) -> str:
    """Return the value if there is one, else the text of the file; "" without either.

    Raises:
        SecretFileError: it cannot be read, or is empty.
    """
    if value or file is None:
        return value
    return SecretFile(file, setting, read_single_secret).open().secrets[0]


def read_secrets(file: Path) -> tuple[str, ...]:
    """Return the secrets in a file, separated by white space or commas.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not text.
    """
    return tuple(word for word in re.split(r"[\s,]+", _read(file)) if word)


def read_single_secret(file: Path) -> tuple[str, ...]:
    """Return the one secret in a file, which may have spaces and commas; an empty tuple if the file is empty.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not text.
    """
    text = _read(file)
    return (text,) if text else ()


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES).decode("utf-8-sig").strip()  # editors on Windows add a byte order mark


def write_secret(file: Path, secret: bytes) -> None:
    """Write a secret atomically, to a file that only its owner can read from the start.

    A replaced file keeps its owner: `sudo unison token rotate` must not lock the server out.
    """
    part = file.with_suffix(".part")
    with suppress(FileNotFoundError):
        part.unlink()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        if file.exists() and os.geteuid() == 0:
            os.fchown(out.fileno(), file.stat().st_uid, file.stat().st_gid)
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
    part.rename(file)
