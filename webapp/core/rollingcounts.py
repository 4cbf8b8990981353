"""Sums of counts over the last seconds, for hello and for /api/stats."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import reduce
from operator import add

from webapp.core.records import Counts

KEPT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Entry:
    """The counts of one record, the end of its slice, and how many connections the unfiltered frame showed."""

    end_ms: int
    counts: Counts
    shown: int


class RollingCounts:
    """Sums the counts of the last minute of event time, and of all records (`total`)."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._minute = Counts()
        self.total = Counts()

    def add(self, entry: Entry) -> None:
        """Add the next record."""
        self._entries.append(entry)
        self.total += entry.counts
        while self._entries[0].end_ms <= entry.end_ms - KEPT_MS:
            self._entries.popleft()
        self._minute = reduce(add, (e.counts for e in self._entries), Counts())

    def begin_anew(self) -> None:
        """Forget the last minute, but not the total, because the clock was set."""
        self._entries.clear()
        self._minute = Counts()

    @property
    def minute(self) -> Counts:
        """The sums of the last 60 s."""
        return self._minute

    def last(self, span_ms: int) -> tuple[Counts, int]:
        """Return the sums of counts and of shown connections over the last `span_ms`, at most 60 s."""
        newest = self._entries[-1].end_ms if self._entries else 0
        recent = [e for e in self._entries if e.end_ms > newest - span_ms]
        return reduce(add, (e.counts for e in recent), Counts()), sum(e.shown for e in recent)
