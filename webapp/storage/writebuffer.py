"""What was shown and is not written yet: bounded, and readable by any thread."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gevent import monkey

from webapp.storage.schema import Entry

if TYPE_CHECKING:
    from webapp.core.records import Connection

PENDING_ROWS = 50_000
BATCH_ROWS = 2_000


class WriteBuffer:
    """Entries in the order in which they came; beyond PENDING_ROWS rows the oldest are dropped.

    Attributes:
        number: of the newest entry.
        pending: rows that are not written yet.
        dropped: rows that were lost.
    """

    def __init__(self) -> None:
        # A lock of the operating system's threads, gevent or not: worker threads are such. The loop holds it too, but
        # never for longer than an append or a copy takes.
        self._lock = monkey.get_original("threading", "Lock")()
        self._entries: deque[Entry] = deque()
        self.number = self.pending = self.dropped = 0

    def append(
        self, stream: str, seq: int, at_ms: int, connections: "Sequence[Connection]", everyone: bool, *json: bytes
    ) -> None:
        """Add what was shown of a record."""
        with self._lock:
            self.number += 1
            entry = Entry(self.number, stream, seq, at_ms, tuple(connections), everyone, *json)
            self._entries.append(entry)
            self.pending += entry.rows
            while self.pending > PENDING_ROWS and len(self._entries) > 1:
                self.dropped += self._take_oldest()

    def oldest(self, last: int) -> list[Entry]:
        """Return the oldest entries up to that number, with some BATCH_ROWS rows."""
        entries, rows = [], 0
        with self._lock:
            for entry in self._entries:
                if entry.number > last or rows > BATCH_ROWS:
                    break
                entries.append(entry)
                rows += entry.rows
        return entries

    def forget(self, last: int) -> None:
        """Take out the entries up to that number: they are written."""
        with self._lock:
            while self._entries and self._entries[0].number <= last:
                self._take_oldest()

    def drop(self, entries: Sequence[Entry]) -> None:
        """Count entries as lost that can never be written."""
        self.dropped += sum(entry.rows for entry in entries)

    def connections(self, upto: tuple[str, int] | None = None) -> "Iterator[Connection]":
        """Return the connections; of the stream in `upto` only those that were recorded up to that seq."""
        with self._lock:
            entries = tuple(self._entries)
        stream, last = upto or (None, 0)
        return (c for entry in entries if entry.stream != stream or entry.seq <= last for c in entry.connections)

    def _take_oldest(self) -> int:
        rows = self._entries.popleft().rows
        self.pending -= rows
        return rows
