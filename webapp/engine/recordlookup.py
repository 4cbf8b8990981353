"""Finds a connection in the records by its id, whoever was shown it.

An id begins with a time, and the history has the time of each record. So it tells the few records that may have the
connection, and no index of connections is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from webapp.bus.log import GoneError
from webapp.core import frames
from webapp.core.cache import Cache
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS
from webapp.core.precision import SLACK_MOST_MS
from webapp.core.records import Connection, SliceRecord, row_of, time_of
from webapp.engine.lastminute import LastMinute
from webapp.engine.offload import offload
from webapp.engine.recorder import Recorder
from webapp.storage import queries
from webapp.storage.history import History

STEP = 8
"""Records that are read at once: an exact connection is in the first ones."""
REMEMBERED = 2_000

Span = tuple[int, int]
"""The numbers of a first and a last record."""


class RecordLookup:
    """Finds connections in the records, as far as the log and the history reach.

    Args:
        last_minute: has the newest records.
        history: has the times of all of them.
        gazetteer: the cities.
        window_ms: the matching window.
        read: reads records above a number, up to another, from the log.
        recorder: writes the history.

    Attributes:
        gazetteer: see above.
    """

    def __init__(
        self,
        last_minute: LastMinute,
        history: History,
        gazetteer: Gazetteer,
        window_ms: int,
        read: Callable[[int, int], Sequence[tuple[int, bytes]]],
        recorder: Recorder,
    ) -> None:
        self._last_minute, self._history, self.gazetteer, self._read = last_minute, history, gazetteer, read
        self._recorder = recorder
        self._reach_ms = window_ms + SLACK_MOST_MS + 2 * SLICE_MS
        self._remembered: Cache[str, Connection] = Cache(REMEMBERED, lambda _: 1)

    @property
    def is_behind(self) -> bool:
        """Whether the history lacks records, so that the times of some are not known."""
        return bool(self._recorder.warnings)

    def lately(self, id: str) -> Connection | None:
        """Return the connection if a record of the last minute has it, or if it was read from the log before."""
        at_ms = time_of(id)
        return self._remembered.get(id) or self._find(id, self._last_minute.ending(at_ms, at_ms + self._reach_ms))

    def span(self, id: str) -> Span | None:
        """Return which records in the log may have the connection; None if none has."""
        at_ms = time_of(id)
        stream, until_ms = self._last_minute.stream, at_ms + self._reach_ms
        return offload(self._history.read, lambda db: queries.records_between(db, stream, at_ms, until_ms))

    def read(self, id: str, span: Span) -> Connection | None:
        """Return the connection if one of these records has it.

        Raises:
            UnavailableError: the log cannot be read now.
        """
        after, upto = span[0] - 1, span[1]
        try:
            while after < upto:
                records = self._read(after, min(after + STEP, upto))
                if found := self._find(id, (message for _, message in records)):
                    self._remembered.keep(id, found)
                    return found
                after = records[-1][0]
        except GoneError:
            pass
        return None

    def _find(self, id: str, messages: Iterable[bytes]) -> Connection | None:
        for record in map(SliceRecord.decode, messages):
            if (row := row_of(id, record)) is not None:
                return frames.shown(record, [row], self.gazetteer)[0]
        return None
