"""Reads lines of bounded length from open files, and counts bytes."""

from collections.abc import Iterator
from typing import Protocol

LINE_BYTES = 1_000_000


class Readable(Protocol):
    """An open file of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to that many bytes, none at the end."""
        ...

    def readline(self, size: int, /) -> bytes:
        """Return up to that many bytes of a line, none at the end."""
        ...


class Counted:
    """A file that counts what is read of it.

    Attributes:
        count: bytes read so far.
    """

    def __init__(self, file: Readable) -> None:
        self._file, self.count = file, 0

    def read(self, size: int, /) -> bytes:
        """Return up to that many bytes."""
        data = self._file.read(size)
        self.count += len(data)
        return data

    def readline(self, size: int, /) -> bytes:
        """Return up to that many bytes of a line."""
        data = self._file.readline(size)
        self.count += len(data)
        return data


def cut_lines(file: Readable) -> Iterator[bytes]:
    """Yield a file's lines; of those longer than LINE_BYTES, one byte more than that."""
    while line := file.readline(LINE_BYTES + 1):
        if len(line) > LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(file)
        yield line


def _skip_line(file: Readable) -> None:
    while (rest := file.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
        pass
