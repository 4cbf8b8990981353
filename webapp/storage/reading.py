"""Where recorded connections are read from: what is not written yet, the file, and the records of the last minute."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import attrgetter
from typing import Any, Protocol

from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import Rules
from webapp.core.records import Connection, id_floor, time_of
from webapp.storage import pastframes, queries
from webapp.storage.pastframes import PastFrame
from webapp.storage.writebuffer import WriteBuffer

FOUND_LATE_MS = 10_000
"""A connection may be in a record that ends so much later than it was."""

Numbered = tuple[int, Connection]
"""A connection with the number of its record."""


class Lately(Protocol):
    """What filters show of the newest records, which the history may not have."""

    @property
    def stream(self) -> str:
        """The numbering of the records."""

    def shown(
        self, wanted: Filter, rules: Rules, after_ms: float = 0, until_ms: float = math.inf
    ) -> Iterator[tuple[int, Sequence[Numbered]]]:
        """Yield the beginning of an aligned 10 s, epoch milliseconds, and what a filter shows of it, the newest first.

        All connections of the 10 s before are earlier than that. Those outside of a period may be left out.
        """


class NothingLately:
    """What a server alone has beside its history: it records what filters show."""

    stream = ""

    def shown(self, *_: object, **__: object) -> Iterator[tuple[int, Sequence[Numbered]]]:
        """Yield nothing."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads a history from all of them.

    Attributes:
        buffer: what is not written yet.
        read: runs a query on the file; None if it cannot be read.
        lately: what the newest records show.
        gazetteer: the cities.
    """

    buffer: WriteBuffer
    read: Callable[[Callable[[sqlite3.Connection], Any]], Any]
    lately: Lately
    gazetteer: Gazetteer

    def latest(
        self, wanted: Filter, limit: int, before: str, upto: tuple[str, int] | None, rules: Rules
    ) -> list[Connection]:
        """See `History.latest`."""
        # Read the buffer first: what leaves it meanwhile is then found in the file.
        pending = self.buffer.connections(upto)
        found = {c.id: c for c in pending if c.id < before and wanted.accepts(c, self.gazetteer)}
        found = {id: c for id, c in found.items() if not rules.hides_connection(c, self.gazetteer)}
        stored = self.read(lambda db: queries.latest(db, wanted, limit, before, upto, self.gazetteer, rules))
        found |= {c.id: c for c in stored or ()}
        found |= self._lately(wanted, limit, before, upto, rules)
        return nlargest(limit, found.values(), key=attrgetter("id"))

    def _lately(
        self, wanted: Filter, limit: int, before: str, upto: tuple[str, int] | None, rules: Rules
    ) -> dict[str, Connection]:
        found = dict[str, Connection]()
        until_ms = time_of(before) + FOUND_LATE_MS
        for begin_ms, shown in self.lately.shown(wanted, rules, until_ms=until_ms):
            found |= {c.id: c for seq, c in shown if c.id < before and (upto is None or seq <= upto[1])}
            begin = id_floor(begin_ms / 1000)
            if sum(id >= begin for id in found) >= limit:  # all others are older
                break
        return found

    def past(self, after_ms: int, until_ms: int, wanted: Filter, rules: Rules) -> list[PastFrame] | None:
        """Return the frames whose slices end in a period, in order; None if the file cannot be read.

        Args:
            after_ms: start of the period, epoch milliseconds, not included.
            until_ms: end of the period, epoch milliseconds, included.
            wanted: the filter for connections; an empty one passes those that everyone was shown, and no others.
            rules: what is left out.
        """
        pending = self.buffer.frames(after_ms, until_ms)
        found = self.read(lambda db: pastframes.read(db, after_ms, until_ms, wanted, self.gazetteer, rules))
        if found is None:
            return None
        for entry in pending:
            frame = PastFrame(entry.seq, entry.at_ms, entry.counts, pastframes.visible(entry.pulses, rules))
            accepted = (c for c in entry.connections if wanted.accepts(c, self.gazetteer))
            frame.add(c for c in accepted if not rules.hides_connection(c, self.gazetteer))
            found.setdefault((entry.stream, entry.seq), frame)
        for _, shown in self.lately.shown(wanted, rules, after_ms, until_ms):
            _add(found, self.lately.stream, shown)
        return sorted(found.values(), key=attrgetter("at_ms"))


def _add(found: dict[tuple[str, int], PastFrame], stream: str, shown: Iterable[Numbered]) -> None:
    for seq, connection in shown:
        if frame := found.get((stream, seq)):
            frame.add([connection])
