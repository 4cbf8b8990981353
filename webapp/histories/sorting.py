"""Sorts more rows than should be held in memory: sorted runs in temporary files, merged."""

import heapq
import tempfile
from collections.abc import Iterator
from typing import IO

HELD = 100_000
"""Rows held in memory."""


class Sorter:
    """Rows of bytes without line breaks, sorted."""

    def __init__(self, held: int = HELD) -> None:
        self._most, self._held, self._runs = held, list[bytes](), list[IO[bytes]]()

    def add(self, row: bytes) -> None:
        """Add a row."""
        self._held.append(row + b"\n")
        if len(self._held) >= self._most:
            self._runs.append(_written(sorted(self._held)))
            self._held = []

    def rows(self) -> Iterator[bytes]:
        """Yield all rows, sorted; a second call starts again."""
        self._held.sort()
        for run in self._runs:
            run.seek(0)
        return (row[:-1] for row in heapq.merge(*self._runs, self._held))

    def close(self) -> None:
        """Delete the temporary files."""
        for run in self._runs:
            run.close()


def _written(rows: list[bytes]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115  # `close` closes it
    file.writelines(rows)
    return file
