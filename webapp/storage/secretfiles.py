"""Secrets in files: written for their owner alone, and read again while the server runs."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

READ_MOST = 1 << 20
"""Bytes of a file of secrets; more of it is not one."""

log = logging.getLogger(__name__)


class SecretFileError(RuntimeError):
    """A file of secrets cannot be used; the message names it and says what to do, and never shows a secret."""


class SecretFile:
    """The secrets in a file.

    Args:
        path: the file.
        setting: the setting that names it, for messages.
        read: returns the secrets in it: `words_of` or `text_of`.

    Attributes:
        path: the file.
        words: its secrets, as they were when it could last be read.
        problem: why the newest look found nothing to use, a sentence; None if it did.
    """

    def __init__(self, path: Path, setting: str, read: Callable[[Path], tuple[str, ...]] | None = None) -> None:
        self.path, self._setting, self._secrets_in = path, setting, read or words_of
        self.words: tuple[str, ...] = ()
        self.problem: str | None = None

    def open(self) -> SecretFile:
        """Read it for the first time.

        Raises:
            SecretFileError: it cannot be read, or holds no secret.
        """
        self._read()
        if self.problem:
            raise SecretFileError(f"{self._setting}: {self.problem}")
        return self

    def look(self) -> None:
        """Read it again. What cannot be read changes nothing; an empty file takes back all secrets. Both are logged."""
        before = self.words, self.problem
        self._read()
        if self.problem and self.problem != before[1]:
            log.warning("%s: %s", self._setting, self.problem, extra={"event": "secrets_problem"})
        elif self.words != before[0]:
            log.info("%s: %s was read again", self._setting, self.path, extra={"event": "secrets_changed"})

    def _read(self) -> None:
        try:
            self.words = self._secrets_in(self.path)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            still = "; the secrets that were read before still count" if self.words else ""
            self.problem = f"{self.path} cannot be read ({why}){still}"
        else:
            self.problem = None if self.words else f"{self.path} is empty"


def only_secret(value: str, file: Path | None, setting: str) -> str:
    """Return a secret that is set; without one, all text in the file that a setting names, "" where it names none.

    Raises:
        SecretFileError: it cannot be read, or is empty.
    """
    if value or file is None:
        return value
    return SecretFile(file, setting, text_of).open().words[0]


def words_of(file: Path) -> tuple[str, ...]:
    """Return the secrets in a file: what stands between spaces, lines and commas.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not text.
    """
    return tuple(word for word in re.split(r"[\s,]+", _read(file)) if word)


def text_of(file: Path) -> tuple[str, ...]:
    """Return the one secret in a file, which may have spaces and commas; nothing if the file is empty.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not text.
    """
    text = _read(file)
    return (text,) if text else ()


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(READ_MOST).decode("utf-8-sig").strip()  # editors on Windows put a mark before


def write_secret(file: Path, secret: bytes) -> None:
    """Write a secret: whole or not at all, readable by its owner alone from the first moment.

    A file that is replaced keeps its owner: `sudo unison token rotate` must not lock the server out.
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
