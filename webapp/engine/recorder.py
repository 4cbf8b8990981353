"""Writes the history of a server of several: what everyone was shown, from the log of records.

What it writes depends on nothing but the records: not on the filters that are watched here, on what is hidden here, or
on when records come. So the histories of all servers are alike, and one that is lost is written again, as far as the
log reaches. It begins where the history ends, and waits if the disk is slow; nothing is left out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence

import gevent

from webapp.bus.log import GoneError, UnavailableError
from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS
from webapp.core.recordindex import RecordIndex
from webapp.core.records import SliceRecord
from webapp.core.selection import LATELY_MS, Chosen, Selection
from webapp.engine.bus import Bus
from webapp.engine.channel import period
from webapp.engine.offload import offload
from webapp.engine.resume import decode_record
from webapp.storage import queries
from webapp.storage.history import History, HistoryError

PENDING_MOST = 10_000
"""Rows that may wait to be written."""
READ_MOST = 256
STEP_S = 0.1
AWAY_S = 1.0
TOLD_MISSING = 100
"""So many records come in 25 s or more; if more are missing, that is told."""
PERIOD_RECORDS = LATELY_MS // SLICE_MS
"""What a record shows depends on its aligned 10 s, so these are read before the first one that is recorded."""

log = logging.getLogger(__name__)


class MissingRecords(HistoryError):  # noqa: N818 - names the state
    """The log no longer has the record that follows the history's last one."""


class Recorder:
    """Writes the history.

    Args:
        history: what it writes.
        records: the newest records.
        gazetteer: the cities.
        shown_per_s: connections that are shown in a second.
        read: reads records above a number, up to another, from the log; may raise GoneError and UnavailableError.

    Attributes:
        now_s: the time of the newest record in the history, epoch seconds; None before the first.
    """

    def __init__(
        self,
        history: History,
        records: Bus,
        gazetteer: Gazetteer,
        shown_per_s: int,
        read: Callable[[int, int], Sequence[tuple[int, bytes]]],
    ) -> None:
        self._history, self._records, self._gazetteer, self._read = history, records, gazetteer, read
        self._shown_per_s, self._oldest = shown_per_s, 1
        self.now_s: float | None = None
        self._problem = ""
        self._forget()
        records.subscribe(self._receive)

    def _forget(self) -> None:
        self._has_begun = False
        self._recorded = self._read_upto = 0
        self._partial: int | None = None  # the 10 s of the first record that was read, some of which may be missing
        self._era = self._history.era

    @property
    def missing(self) -> int:
        """How many records the history lacks."""
        return max(0, self._records.last - max(self._recorded, self._read_upto))

    @property
    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        if self._problem:
            return [self._problem]
        missing = self.missing
        return [f"the history lacks {missing:,} records, which are being read"] if missing > TOLD_MISSING else []

    def begin(self, oldest: int) -> None:
        """Find out where the history ends, if it can be read already; `oldest` is the log's oldest record.

        Raises:
            MissingRecords: the log no longer has what the history lacks.
        """
        self._oldest = oldest
        self._forget()
        stream = self._records.stream
        recorded = offload(self._history.read, lambda db: queries.newest_record(db, stream))
        if recorded is None:
            return
        first = max(recorded + 1 - PERIOD_RECORDS, 1)
        if recorded and first < oldest:
            raise MissingRecords(
                f"the history {self._history.path} ends with record {recorded:,}, and those of the bus begin with "
                f"{oldest:,}, too late to go on; restore a newer backup, of any server of the bus, with "
                "`unison restore`, or move the file elsewhere to begin with these and lose what is before"
            )
        self._recorded, self._read_upto = recorded, max(first, oldest) - 1
        self._selection = Selection(Filter(), self._shown_per_s, self._gazetteer)
        self._has_begun = True

    def _receive(self, seq: int, message: bytes) -> None:
        """Record the newest record at once if none is missing before it."""
        if self._has_begun and self._has_room():
            self._take(seq, message, is_newest=True)

    def _has_room(self) -> bool:
        return self._history.pending < PENDING_MOST

    def step(self) -> None:
        """Record what is missing, or wait."""
        if self._problem:
            gevent.sleep(AWAY_S)
        elif not self._has_begun or self._era != self._history.era:
            self._begin_again()
        elif self._read_upto >= self._records.last or not self._has_room():
            gevent.sleep(STEP_S)
        else:
            self._catch_up()

    def _begin_again(self) -> None:
        gevent.sleep(STEP_S)
        try:
            self.begin(self._oldest)
        except MissingRecords as error:
            self._problem = str(error)
            log.error("%s", error)

    def _catch_up(self) -> None:
        """Record some more; half of the time is for others."""
        began_s = time.monotonic()
        try:
            for seq, message in self._next():
                self._take(seq, message, is_newest=False)
                gevent.sleep(0)
            gevent.sleep(time.monotonic() - began_s)
        except UnavailableError:
            gevent.sleep(AWAY_S)
        except GoneError as error:
            log.warning("%s", error)
            self._oldest = error.oldest
            self._forget()

    def _next(self) -> Iterable[tuple[int, bytes]]:
        """Return the next records, from memory if they are there."""
        if self._read_upto + 1 >= self._records.first:
            return self._records.read(self._read_upto)
        return self._read(self._read_upto, min(self._records.last, self._read_upto + READ_MOST))

    def _take(self, seq: int, message: bytes, *, is_newest: bool) -> None:
        if seq != self._read_upto + 1 or self._era != self._history.era:
            return
        if is_newest:  # others decode and index it, too
            record, index = decode_record(message), None
        else:
            record = SliceRecord.decode(message)
            index = RecordIndex(record, self._gazetteer)
        if self._partial is None:
            self._partial = period(record) if seq > 1 else -1
        chosen = self._selection.choose(record, index)
        if seq <= self._recorded or period(record) <= self._partial or self._record(seq, record, chosen):
            self._read_upto = seq
            if seq >= self._recorded:
                self.now_s = record.end_ms / 1000

    def _record(self, seq: int, record: SliceRecord, chosen: Chosen) -> bool:
        """Record what a record shows; return False if the history has another file since."""
        shown = frames.shown(record, chosen.pairs, self._gazetteer)
        counts = frames.encode(frames.counts(record, len(shown), None))
        pulses = frames.encode(frames.pulses(record, chosen.pulses, self._gazetteer))
        is_kept = self._history.record(self._records.stream, seq, record.end_ms, shown, counts, pulses, era=self._era)
        if is_kept:
            self._recorded = seq
        return is_kept
