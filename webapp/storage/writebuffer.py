"""A bounded buffer of history entries that are not written yet, readable by any thread."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gevent import monkey

from webapp.storage.schema import Entry

if TYPE_CHECKING:
    from webapp.core.records import Connection

MAX_PENDING_ROWS = 50_000
BATCH_ROWS = 2_000


class WriteBuffer:
    """A queue of entries in order of arrival; beyond MAX_PENDING_ROWS rows the oldest are dropped.

    Attributes:
        number: number of the newest entry.
        era: how often it was cleared.
        pending: rows not written yet.
        dropped: rows lost.
    """

    def __init__(self) -> None:
        # Unpatched by gevent, because worker threads are native. The event loop holds it too, but only briefly.
        self._lock = monkey.get_original("threading", "Lock")()
        self._entries: deque[Entry] = deque()
        self.number = self.pending = self.dropped = self.era = 0

    def append(
        self,
        stream: str,
        seq: int,
        at_ms: int,
        connections: "Sequence[Connection]",
        everyone: bool,
        *json: bytes,
        era: int | None = None,
    ) -> bool:
        """Add the shown connections of a record; if an era is given, only in that one. Return whether they were."""
        with self._lock:
            if era is not None and era != self.era:
                return False
            self.number += 1
            entry = Entry(self.number, stream, seq, at_ms, tuple(connections), everyone, *json)
            self._entries.append(entry)
            self.pending += entry.rows
            while self.pending > MAX_PENDING_ROWS and len(self._entries) > 1:
                self.dropped += self._pop_oldest()
            return True

    def clear(self) -> None:
        """Forget all entries, and begin another era."""
        with self._lock:
            self._entries.clear()
            self.pending = 0
            self.era += 1

    def oldest(self, last: int) -> list[Entry]:
        """Return the oldest entries up to that number, about BATCH_ROWS rows."""
        entries, rows = [], 0
        with self._lock:
            for entry in self._entries:
                if entry.number > last or rows > BATCH_ROWS:
                    break
                entries.append(entry)
                rows += entry.rows
        return entries

    def remove(self, last: int) -> None:
        """Remove the entries up to that number, which are written."""
        with self._lock:
            while self._entries and self._entries[0].number <= last:
                self._pop_oldest()

    def count_dropped(self, entries: Sequence[Entry]) -> None:
        """Count entries that can never be written as dropped."""
        self.dropped += sum(entry.rows for entry in entries)

    def frames(self, after_ms: int, until_ms: int) -> list[Entry]:
        """Return what everyone was shown in a period, epoch milliseconds."""
        with self._lock:
            entries = tuple(self._entries)
        return [entry for entry in entries if entry.everyone and after_ms < entry.at_ms <= until_ms]

    def connections(self, upto: tuple[str, int] | None = None) -> "Iterator[Connection]":
        """Return the connections; `upto` (stream, seq) skips what that stream recorded after that seq."""
        with self._lock:
            entries = tuple(self._entries)
        stream, last = upto or (None, 0)
        return (c for entry in entries if entry.stream != stream or entry.seq <= last for c in entry.connections)

    def _pop_oldest(self) -> int:
        rows = self._entries.popleft().rows
        self.pending -= rows
        return rows
