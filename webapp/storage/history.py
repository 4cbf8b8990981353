"""What was shown, kept: connections and records in SQLite, written in batches and readable from the first moment.

`record` only appends to a batch; `flush` and `prune` do the slow work and belong in a worker thread, as do the reads.
Reads see the batch that is not written yet as well. Trouble with the disk never reaches the stream: the batch waits,
up to a bound, beyond which its oldest rows are dropped and counted, and `problem` says what is wrong.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from heapq import nlargest
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gevent import monkey

from webapp.core.records import id_floor
from webapp.storage import periodsums, pruning, queries, sharedmoments
from webapp.storage.database import Database
from webapp.storage.periods import PERIODS
from webapp.storage.schema import HistoryError, NewerHistory, Sizes, sizes, transaction, write
from webapp.storage.writebuffer import WriteBuffer

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection
    from webapp.core.selection import Filter

__all__ = ["FILE_NAME", "History", "HistoryError"]

FILE_NAME = "history.sqlite3"
COUNT_S = 5.0
"""How far the sums may be behind the clock once they are whole."""
STEPS = 4
"""Of a period's sums, in one call."""
AHEAD_S = 2.0
"""So far ahead of the clock a connection may be: a play counts when it was pressed, by the sender's clock."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class History:
    """The connections that were shown, and the counts and pulses of each record.

    All but `open` and `close` may be called by any thread at any time; before `open` and after `close` there is only
    the batch.

    Args:
        path: the SQLite file, made if need be; its folder must be there and locked for this process (`DataDir`).
        gazetteer: the cities that connections name by index.
        days: how long rows are kept.
        max_rows: how many connections are kept; of these one in ten may be what only a filter showed.
        shared_max: how many are kept beyond that because somebody shared them.
        clock: tells the time in epoch seconds.
        prune_clock: tells the time to prune by; None while the clock may be wrong. The same one, if left out.
    """

    def __init__(
        self,
        path: Path,
        gazetteer: "Gazetteer",
        *,
        days: float,
        max_rows: int,
        shared_max: int = 100_000,
        clock: Callable[[], float] = time.time,
        prune_clock: Callable[[], float | None] | None = None,
    ) -> None:
        self.path, self._gazetteer, self._days, self._max_rows, self._clock = path, gazetteer, days, max_rows, clock
        self._shared_max, self._prune_clock = shared_max, prune_clock or clock
        # A lock of the operating system's threads, gevent or not: the worker threads are such. The loop never takes it.
        self._write_lock = monkey.get_original("threading", "Lock")()
        self._batch = WriteBuffer()
        self._database = Database(path)
        self._is_open = self._is_closing = False
        self._counted_s, self._told_dropped = 0.0, 0
        self.problem: str | None = None
        """What is wrong with the file, in a sentence; None while all is well. Clears itself."""
        self.sums_are_whole = False
        """Whether the sums of all periods reach as far back as they should."""

    @property
    def pending(self) -> int:
        """Rows that are not written yet."""
        return self._batch.pending

    @property
    def dropped(self) -> int:
        """Rows that were lost because they could not be written for too long."""
        return self._batch.dropped

    @property
    def _writer(self) -> sqlite3.Connection | None:
        return self._database.writer

    @property
    def damaged(self) -> list[str]:
        """Names of the damaged files that were set aside and are still there."""
        return self._database.damaged

    @property
    def warnings(self) -> list[str]:
        """What an operator should know: the problem, and what was set aside; a sentence each."""
        named = f"the history was damaged; it is set aside as {', '.join(self.damaged)} until you move it elsewhere"
        return ([self.problem] if self.problem else []) + ([named] if self.damaged else [])

    def open(self) -> None:
        """Open the file. A damaged one is set aside; what takes long, or cannot be done now, `flush` does.

        Raises:
            NewerHistory: a newer Unison wrote it.
        """
        self._is_open, self._is_closing = True, False
        with self._write_lock:
            try:
                if self._database.is_older():
                    self._note("the history is being brought to a new version")
                else:
                    self._database.settle()
            except (sqlite3.Error, OSError, HistoryError) as error:
                if isinstance(error, NewerHistory):
                    raise
                self._failed("the history cannot be opened", error)

    def close(self) -> None:
        """Write what is pending and close the file."""
        self._is_closing = True
        self.flush()
        self._is_open = False
        with self._write_lock:
            self._database.close()

    def record(
        self, stream: str, seq: int, at_ms: int, connections: "Sequence[Connection]", counts: bytes, pulses: bytes
    ) -> None:
        """Keep the unfiltered frame of a record: what everyone was shown, its counts and its shown pulses as JSON."""
        self._batch.append(stream, seq, at_ms, connections, True, counts, pulses)

    def record_filtered(self, stream: str, seq: int, connections: "Sequence[Connection]") -> None:
        """Keep connections of a record that a filter showed; they may have been shown, and kept, before."""
        if connections:
            self._batch.append(stream, seq, 0, connections, False)

    def flush(self) -> None:
        """Write the batch, in transactions of some BATCH_ROWS rows. Never raises: see `problem`."""
        if not self._is_open:
            return
        with self._write_lock:
            try:
                self._database.settle()
                self._write_all(self._batch.number)
            except (sqlite3.Error, OSError, HistoryError) as error:
                self._failed("the history cannot be written", error)
            else:
                self._note(None)
            self._tell_dropped()

    def _tell_dropped(self) -> None:
        """Log how many rows were lost since the last time."""
        lost, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        if lost:
            log.warning("%d rows of the history are lost: they waited too long to be written", lost)

    def _failed(self, what: str, error: Exception) -> None:
        self._database.failed(error)
        self._note(str(error) if isinstance(error, HistoryError) else f"{what}: {error}")

    def _write_all(self, last: int) -> None:
        while self._writer is not None and (entries := self._batch.oldest(last)):
            try:
                write(self._writer, entries, self._gazetteer)
            except (ValueError, OverflowError, LookupError):  # would fail each time, and hold up all that follow
                self._batch.drop(entries)
                log.exception("history: %d records are left out, they cannot be written", len(entries))
            self._batch.forget(entries[-1].number)
        if self.problem is not None and self._writer is not None:
            sizes(self._writer)

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            log.warning("%s (%s)", problem or "the history is well again", self.path)
        self.problem = problem

    def prune(self, now: float | None = None) -> int:
        """Forget what is too old or too much, a bounded part of it, and return how many rows went.

        The room that they leave goes back to the disk, once it is much.

        Call it after each flush. Never raises: see `problem`.
        """
        with self._write_lock:
            if self._writer is None:
                return 0
            try:
                now = self._prune_clock() if now is None else now
                gone = pruning.prune(self._writer, now, self._days, self._max_rows)
                pruning.give_back(self._writer)
                return gone
            except sqlite3.Error as error:
                self._failed("the history cannot be pruned", error)
                return 0

    def count(self, now: float | None = None) -> int:
        """Keep the sums of the last hour, day and week up to the clock, a bounded part; return how many rows moved.

        Call it after each flush; most calls do nothing, so that little is written. Never raises: see `problem`.
        """
        now = self._clock() if now is None else now
        if self.sums_are_whole and abs(now - self._counted_s) < COUNT_S:
            return 0
        moved, unfinished = 0, False
        for period in PERIODS:
            steps = [self._count_step(period, now)]
            while steps[-1] == periodsums.STEP_ROWS and len(steps) < STEPS:
                steps.append(self._count_step(period, now))
            moved += sum(steps)
            unfinished |= steps[-1] == periodsums.STEP_ROWS
        self.sums_are_whole, self._counted_s = not unfinished, now
        return moved

    def _count_step(self, period: str, now: float) -> int:
        """Move a period's beginning one step; the lock is free between steps, so that nobody waits long."""
        with self._write_lock:
            if self._writer is None or self._is_closing:
                return 0
            try:
                with transaction(self._writer) as db:
                    return periodsums.move(db, period, now)
            except sqlite3.Error as error:
                self._failed("the history cannot be counted", error)
                return 0

    def latest(
        self, wanted: "Filter", limit: int, before: str | None = None, upto: tuple[str, int] | None = None
    ) -> "list[Connection]":
        """Return the newest connections that pass a filter, in descending order of their ids.

        Where the file cannot be read, those of the batch alone: see `problem`.

        Args:
            wanted: the filter; an empty one passes everything, what only a filter showed too.
            limit: how many at most.
            before: only smaller ids than this.
            upto: (stream, seq): of that stream only what was recorded up to that seq.
        """
        # What was recorded while the clock was ahead waits for its time, or it would stay the newest until then.
        ceiling = id_floor(self._clock() + AHEAD_S)
        before = ceiling if before is None else min(before, ceiling)
        # The batch is looked at first: what leaves it while the file is being read is in the file by then.
        pending = self._batch.connections(upto)
        found = {c.id: c for c in pending if c.id < before and wanted.accepts(c, self._gazetteer)}
        kept = self.read(lambda db: queries.latest(db, wanted, limit, before, upto, self._gazetteer))
        found |= {c.id: c for c in kept or ()}
        return nlargest(limit, found.values(), key=attrgetter("id"))

    def get(self, id: str) -> "Connection | None":
        """Return the connection with that id, or None."""
        pending = next((c for c in self._batch.connections() if c.id == id), None)
        return pending or self.read(
            lambda db: queries.get(db, id, self._gazetteer) or sharedmoments.get(db, id, self._gazetteer)
        )

    def share(self, id: str) -> None:
        """Keep the connection with that id, if there is one, when pruning comes to it.

        Raises:
            HistoryError: the file cannot be written now.
        """
        if self.read(lambda db: sharedmoments.is_shared(db, id)):
            return
        self.flush()
        kept = False
        with self._write_lock:
            try:
                if self._writer is not None:
                    sharedmoments.share(self._writer, id, self._shared_max)
                    kept = self._shared_max == 0 or sharedmoments.is_shared(self._writer, id)
            except sqlite3.Error as error:
                raise HistoryError(f"this cannot be kept at the moment ({error}); try again later") from error
        if not kept and self.problem:
            raise HistoryError(f"this cannot be kept at the moment ({self.problem}); try again later")

    def tracks(self, limit: int) -> list[bytes]:
        """Return the tracks that were last in a connection, as wire JSON, the newest first."""
        pending = sorted(self._batch.connections(), key=attrgetter("id"), reverse=True)
        kept = self.read(lambda db: queries.tracks(db, limit)) or []
        return list(dict.fromkeys([*(c.track for c in pending), *kept]))[:limit]

    def oldest_id(self) -> str | None:
        """Return the smallest id that is kept, or None where there is none."""
        ids = [min((c.id for c in self._batch.connections()), default=None), self.read(queries.oldest_id)]
        return min((id for id in ids if id is not None), default=None)

    def has_forgotten(self, id: str) -> bool:
        """Tell whether an id that is not there is older than what is kept: pruning has come as far, or it was before.

        What was shared does not count: it is kept longer than what was around it.
        """
        oldest = self.oldest_id()
        return (oldest is not None and id < oldest) or id <= (self.read(queries.pruned_upto) or "")

    def sizes(self) -> Sizes | None:
        """Return how many rows the file holds, or None where it cannot be read."""
        return self.read(sizes)

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a query on a connection that no other thread uses; None where the file cannot be read."""
        try:
            return self._database.read(query)
        except sqlite3.Error as error:
            self._note(f"the history cannot be read: {error}")
            return None
