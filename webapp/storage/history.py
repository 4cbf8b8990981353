"""What was shown, kept: connections and records in SQLite, written in batches and readable from the first moment.

`record` only appends to a batch; `flush` and `prune` do the slow work and belong in a worker thread, as do the reads.
Reads see the batch that is not written yet as well. Trouble with the disk never reaches the stream: the batch waits,
up to a bound, beyond which its oldest rows are dropped and counted, and `problem` says what is wrong.
"""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gevent import monkey

from webapp.storage import lookup, pruning, shared, sums
from webapp.storage.archive import Entry, HistoryError, NewerHistory, Sizes, sizes, transaction, write
from webapp.storage.database import Database
from webapp.storage.periods import PERIODS

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection
    from webapp.core.selection import Filter

__all__ = ["FILE_NAME", "History", "HistoryError"]

FILE_NAME = "history.sqlite3"
PENDING_ROWS = 50_000
BATCH_ROWS = 2_000
STEPS = 4
"""Of a period's sums, in one call."""

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
    ) -> None:
        self.path, self._gazetteer, self._days, self._max_rows, self._clock = path, gazetteer, days, max_rows, clock
        self._shared_max = shared_max
        # Locks of the operating system's threads, gevent or not: the worker threads are such. None is held for long
        # by the loop: the batch lock guards an append or a copy, and the loop never takes the other.
        new_lock = monkey.get_original("threading", "Lock")
        self._batch_lock, self._write_lock = new_lock(), new_lock()
        self._batch: deque[Entry] = deque()
        self._number = 0
        self._database = Database(path)
        self._is_open = False
        self.problem: str | None = None
        """What is wrong with the file, in a sentence; None while all is well. Clears itself."""
        self.pending = 0
        """Rows that are not written yet."""
        self.sums_are_whole = False
        """Whether the sums of all periods reach as far back as they should."""
        self.dropped = 0
        """Rows that were lost because they could not be written for too long."""

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
        self._is_open = True
        with self._write_lock:
            try:
                if self._database.is_older():
                    self._note("the history is being brought to a new version")
                else:
                    self._database.settle()
            except NewerHistory:
                raise
            except (sqlite3.Error, OSError, HistoryError) as error:
                self._failed("the history cannot be opened", error)

    def close(self) -> None:
        """Write what is pending and close the file."""
        self.flush()
        self._is_open = False
        with self._write_lock:
            self._database.close()

    def record(
        self, stream: str, seq: int, at_ms: int, connections: "Sequence[Connection]", counts: bytes, pulses: bytes
    ) -> None:
        """Keep the unfiltered frame of a record: what everyone was shown, its counts and its shown pulses as JSON."""
        self._append(stream, seq, at_ms, connections, True, counts, pulses)

    def record_filtered(self, stream: str, seq: int, connections: "Sequence[Connection]") -> None:
        """Keep connections of a record that a filter showed; they may have been shown, and kept, before."""
        if connections:
            self._append(stream, seq, 0, connections, False)

    def _append(
        self, stream: str, seq: int, at_ms: int, connections: "Sequence[Connection]", everyone: bool, *json: bytes
    ) -> None:
        with self._batch_lock:
            self._number += 1
            entry = Entry(self._number, stream, seq, at_ms, tuple(connections), everyone, *json)
            self._batch.append(entry)
            self.pending += entry.rows
            while self.pending > PENDING_ROWS and len(self._batch) > 1:
                self.dropped += self._take_oldest()

    def _take_oldest(self) -> int:
        rows = self._batch.popleft().rows
        self.pending -= rows
        return rows

    def flush(self) -> None:
        """Write the batch, in transactions of some BATCH_ROWS rows. Never raises: see `problem`."""
        if not self._is_open:
            return
        with self._write_lock:
            try:
                self._database.settle()
                self._write_all(self._number)
            except (sqlite3.Error, OSError, HistoryError) as error:
                self._failed("the history cannot be written", error)
            else:
                self._note(None)

    def _failed(self, what: str, error: Exception) -> None:
        self._database.failed(error)
        self._note(str(error) if isinstance(error, HistoryError) else f"{what}: {error}")

    def _write_all(self, last: int) -> None:
        while self._writer is not None and (entries := self._oldest_entries(last)):
            try:
                write(self._writer, entries, self._gazetteer)
            except (ValueError, OverflowError, LookupError):  # would fail each time, and hold up all that follow
                self.dropped += sum(entry.rows for entry in entries)
                log.exception("history: %d records are left out, they cannot be written", len(entries))
            self._forget(entries[-1].number)
        if self.problem is not None and self._writer is not None:
            sizes(self._writer)

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            log.warning("%s (%s)", problem or "the history is well again", self.path)
        self.problem = problem

    def _oldest_entries(self, last: int) -> list[Entry]:
        entries, rows = [], 0
        with self._batch_lock:
            for entry in self._batch:
                if entry.number > last or rows > BATCH_ROWS:
                    break
                entries.append(entry)
                rows += entry.rows
        return entries

    def _forget(self, last: int) -> None:
        with self._batch_lock:
            while self._batch and self._batch[0].number <= last:
                self._take_oldest()

    def prune(self, now: float | None = None) -> int:
        """Forget what is too old or too much, a bounded part of it, and return how many rows went.

        The room that they leave goes back to the disk, once it is much.

        Call it after each flush. Never raises: see `problem`.
        """
        with self._write_lock:
            if self._writer is None:
                return 0
            try:
                gone = pruning.prune(self._writer, self._clock() if now is None else now, self._days, self._max_rows)
                pruning.give_back(self._writer)
                return gone
            except sqlite3.Error as error:
                self._failed("the history cannot be pruned", error)
                return 0

    def count(self, now: float | None = None) -> int:
        """Keep the sums of the last hour, day and week up to the clock, a bounded part; return how many rows moved.

        Call it after each flush. Never raises: see `problem`.
        """
        now = self._clock() if now is None else now
        moved, unfinished = 0, False
        for period in PERIODS:
            steps = [self._count_step(period, now)]
            while steps[-1] == sums.STEP_ROWS and len(steps) < STEPS:
                steps.append(self._count_step(period, now))
            moved += sum(steps)
            unfinished |= steps[-1] == sums.STEP_ROWS
        self.sums_are_whole = not unfinished
        return moved

    def _count_step(self, period: str, now: float) -> int:
        """Move a period's beginning one step; the lock is free between steps, so that nobody waits long."""
        with self._write_lock:
            if self._writer is None:
                return 0
            try:
                with transaction(self._writer) as db:
                    return sums.move(db, period, now)
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
        # The batch is looked at first: what leaves it while the file is being read is in the file by then.
        found = {
            c.id: c
            for c in self._pending(upto)
            if (before is None or c.id < before) and wanted.accepts(c, self._gazetteer)
        }
        kept = self.read(lambda db: lookup.latest(db, wanted, limit, before, upto, self._gazetteer))
        found |= {c.id: c for c in kept or ()}
        return nlargest(limit, found.values(), key=attrgetter("id"))

    def get(self, id: str) -> "Connection | None":
        """Return the connection with that id, or None."""
        pending = next((c for c in self._pending() if c.id == id), None)
        return pending or self.read(
            lambda db: lookup.get(db, id, self._gazetteer) or shared.get(db, id, self._gazetteer)
        )

    def share(self, id: str) -> None:
        """Keep the connection with that id, if there is one, when pruning comes to it.

        Raises:
            HistoryError: the file cannot be written now.
        """
        if self.read(lambda db: shared.is_shared(db, id)):
            return
        self.flush()
        kept = False
        with self._write_lock:
            try:
                if self._writer is not None:
                    shared.share(self._writer, id, self._shared_max)
                    kept = self._shared_max == 0 or shared.is_shared(self._writer, id)
            except sqlite3.Error as error:
                raise HistoryError(f"this cannot be kept at the moment ({error}); try again later") from error
        if not kept and self.problem:
            raise HistoryError(f"this cannot be kept at the moment ({self.problem}); try again later")

    def tracks(self, limit: int) -> list[bytes]:
        """Return the tracks that were last in a connection, as wire JSON, the newest first."""
        pending = sorted(self._pending(), key=attrgetter("id"), reverse=True)
        kept = self.read(lambda db: lookup.tracks(db, limit)) or []
        return list(dict.fromkeys([*(c.track for c in pending), *kept]))[:limit]

    def oldest_id(self) -> str | None:
        """Return the smallest id that is kept, or None where there is none."""
        ids = [min((c.id for c in self._pending()), default=None), self.read(lookup.oldest_id)]
        return min((id for id in ids if id is not None), default=None)

    def has_forgotten(self, id: str) -> bool:
        """Tell whether an id that is not there is older than what is kept: pruning has come as far, or it was before.

        What was shared does not count: it is kept longer than what was around it.
        """
        oldest = self.oldest_id()
        return (oldest is not None and id < oldest) or id <= (self.read(lookup.pruned_upto) or "")

    def sizes(self) -> Sizes | None:
        """Return how many rows the file holds, or None where it cannot be read."""
        return self.read(sizes)

    def _pending(self, upto: tuple[str, int] | None = None) -> "Iterator[Connection]":
        with self._batch_lock:
            entries = tuple(self._batch)
        stream, last = upto or (None, 0)
        return (c for entry in entries if entry.stream != stream or entry.seq <= last for c in entry.connections)

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a query on a connection that no other thread uses; None where the file cannot be read."""
        try:
            return self._database.read(query)
        except sqlite3.Error as error:
            self._note(f"the history cannot be read: {error}")
            return None
