"""Zip files of unknown origin: what is in them, read as streams, within limits."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from webapp.histories.errors import HistoryError

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
FILES_MOST = 10_000
DIRECTORY_MOST = 4_000_000
"""Bytes of the list of files."""
UNPACKED_MOST = 8 << 30
"""Bytes of all files together, unpacked."""

_END = struct.Struct("<4s4xHHIIH")
_END_64 = struct.Struct("<4s20xQQQQ")
_LOCATOR = struct.Struct("<4s16x")
_COMMENT_MOST = 0xFFFF


class Unpacked:
    """A file of an archive, read up to a limit that all its files share."""

    def __init__(self, archive: "Archive", file: IO[bytes]) -> None:
        self._archive, self._file = archive, file

    def read(self, size: int, /) -> bytes:
        """Return up to that many bytes."""
        return self._archive.count(self._file.read(size))

    def readline(self, size: int, /) -> bytes:
        """Return up to that many bytes of a line."""
        return self._archive.count(self._file.readline(size))


class Archive:
    """An open zip file."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the list of files.

        Raises:
            HistoryError: it is damaged, or too long.
        """
        _check_directory(file)
        with _errors():
            self._zip = zipfile.ZipFile(file)
        self._unpacked = 0

    def files(self) -> list[tuple[str, int]]:
        """Return the files by name, each with its size as the archive says it."""
        return sorted((info.filename, info.file_size) for info in self._zip.infolist() if not info.is_dir())

    @contextmanager
    def opened(self, name: str) -> Iterator[Unpacked]:
        """Open a file.

        Raises:
            HistoryError: it is damaged or encrypted, or the archive's files are too long.
        """
        with _errors(), self._zip.open(name) as file:
            yield Unpacked(self, file)

    def count(self, data: bytes) -> bytes:
        """Return data that was unpacked, if it is not too much."""
        self._unpacked += len(data)
        if self._unpacked > UNPACKED_MOST:
            raise HistoryError(f"it unpacks to more than {UNPACKED_MOST >> 30} GiB")
        return data


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeDecodeError) as error:
        raise HistoryError(f"the zip file is damaged: {error}") from error
    except NotImplementedError as error:
        raise HistoryError("it is packed in a way that cannot be read here; unpack it, and give one file") from error
    except RuntimeError as error:
        raise HistoryError("the zip file is encrypted; unpack it, and give one file") from error


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a list of files that would fill the memory, before zipfile reads it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _COMMENT_MOST - _LOCATOR.size - _END_64.size))
    tail = file.read()
    file.seek(0)
    if (end := tail.rfind(b"PK\x05\x06")) < 0 or len(tail) < end + _END.size:
        raise HistoryError("the zip file is damaged: its end is missing")
    _, _, files, length, _, _ = _END.unpack_from(tail, end)
    start_64 = end - _LOCATOR.size - _END_64.size
    if start_64 >= 0 and tail[end - _LOCATOR.size :].startswith(b"PK\x06\x07"):
        _, _, files, length, _ = _END_64.unpack_from(tail, start_64)
    if files > FILES_MOST or length > DIRECTORY_MOST:
        raise HistoryError(f"the zip file has more than {FILES_MOST:,} files")
