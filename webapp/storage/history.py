"""The history: shown connections and slice records in SQLite, written in batches.

`record` only appends to a buffer. `flush` and `prune` do the slow work; call them, and the reads, in a worker thread.
Reads include the buffer, so a connection is readable at once. Disk errors never reach the stream: the buffer waits, up
to a bound; beyond it the oldest rows are dropped and counted. `problem` says what is wrong.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from gevent import monkey

from webapp.core.moderation import NO_RULES, Rules
from webapp.core.records import id_floor
from webapp.storage import momentexchange, periodsums, pruning, quartersums, queries, sharedmoments
from webapp.storage.database import Database
from webapp.storage.migration import UPGRADING
from webapp.storage.momentexchange import MomentExchange
from webapp.storage.periods import PERIODS
from webapp.storage.reading import Lately, NothingLately, Reading
from webapp.storage.schema import HistoryError, NewerHistory, Sizes, sizes, transaction, write
from webapp.storage.writebuffer import WriteBuffer

if TYPE_CHECKING:
    from webapp.core.filters import Filter
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection
    from webapp.core.trackids import TrackAliases
    from webapp.storage.pastframes import PastFrame

__all__ = ["FILE_NAME", "History", "HistoryError"]

FILE_NAME = "history.sqlite3"
SUMS_INTERVAL_S = 5.0
"""How often complete sums are updated."""
MAX_STEPS = 4
"""Steps for each period in one call of `update_sums`."""
MAX_AHEAD_S = 2.0
"""How far a connection may be ahead of the clock: its time is the sender's."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class History:
    """The shown connections, and the counts and pulses of each slice record.

    All methods but `open` and `close` are thread-safe. Before `open` and after `close` they see only the buffer.

    Args:
        path: the SQLite file, created if missing; its folder must be locked for this process (`DataDir`).
        gazetteer: the cities that connections name by index.
        days: how long rows are kept.
        max_rows: how many connections are kept, at most a tenth of them shown only under a filter.
        shared_max: how many shared connections are kept in addition.
        from_log: whether a `Recorder` writes it, from a log of records that several servers share. It then holds only
            what everyone was shown, so that it depends on nothing but the records.
        clock: returns epoch seconds.
        prune_clock: returns epoch seconds for pruning, or None while the clock may be wrong; by default `clock`.
        exchange: has the shared connections of all servers of a bus; None if this server works alone.

    Attributes:
        rules: what reads leave out; the rows stay.
        from_log: see above.
        lately: what the newest records show, which the history may not have.
    """

    def __init__(
        self,
        path: Path,
        gazetteer: "Gazetteer",
        *,
        days: float,
        max_rows: int,
        shared_max: int = 100_000,
        from_log: bool = False,
        clock: Callable[[], float] = time.time,
        prune_clock: Callable[[], float | None] | None = None,
        exchange: MomentExchange | None = None,
    ) -> None:
        self.path, self._gazetteer, self._days, self._max_rows, self._clock = path, gazetteer, days, max_rows, clock
        self._shared_max, self._prune_clock, self._exchange = shared_max, prune_clock or clock, exchange
        # Unpatched by gevent, because worker threads are native. The event loop never takes it.
        self._write_lock = monkey.get_original("threading", "Lock")()
        self._buffer = WriteBuffer()
        self._database = Database(path, self._set_problem)
        self._losses = 0
        self.from_log, self.lately = from_log, cast("Lately", NothingLately())
        self._is_open = self._is_closing = False
        self._sums_updated_s, self._logged_dropped = 0.0, 0
        self.rules = NO_RULES
        self.problem: str | None = None
        """What is wrong with the file, in a sentence; None once it works again."""
        self.sums_are_complete = False
        """Whether the sums cover all of their periods."""

    @property
    def pending(self) -> int:
        """Rows not written yet."""
        return self._buffer.pending

    @property
    def dropped(self) -> int:
        """Rows lost because they could not be written in time."""
        return self._buffer.dropped

    @property
    def _writer(self) -> sqlite3.Connection | None:
        return self._database.writer

    @property
    def aliases(self) -> "TrackAliases":
        """The ids that kept tracks had in an earlier version; none before the file is open."""
        return self._database.aliases

    @property
    def damaged(self) -> list[str]:
        """Names of the damaged files that were moved aside and are still there."""
        return self._database.damaged

    @property
    def warnings(self) -> list[str]:
        """Sentences for the operator: the problem, and the damaged files."""
        damage = f"the history was damaged and is set aside as {', '.join(self.damaged)} until you move it elsewhere"
        return ([self.problem] if self.problem else []) + ([damage] if self.damaged else [])

    def open(self) -> None:
        """Open the file; move a damaged one aside. `flush` does what takes long or fails now.

        Raises:
            NewerHistory: a newer Unison wrote it.
        """
        self._is_open, self._is_closing = True, False
        with self._write_lock:
            try:
                if self._database.is_older():
                    self._set_problem(UPGRADING)
                else:
                    self._database.ensure_open()
            except (sqlite3.Error, OSError, HistoryError) as error:
                if isinstance(error, NewerHistory):
                    raise
                self._handle_error("the history cannot be opened", error)

    def close(self) -> None:
        """Write what is pending and close the file."""
        self._is_closing = True
        self.flush()
        with self._write_lock:
            self._is_open = False
            self._database.close()

    @property
    def era(self) -> int:
        """How often another file has taken the place of one from a log; the records must then be recorded again."""
        return self._buffer.era

    def record(
        self,
        stream: str,
        seq: int,
        at_ms: int,
        connections: "Sequence[Connection]",
        counts: bytes,
        pulses: bytes,
        era: int | None = None,
    ) -> bool:
        """Append the unfiltered frame of a record: the connections that everyone saw, its counts and pulses as JSON.

        If an era is given, append it only in that one; return whether it was appended.
        """
        return self._buffer.append(stream, seq, at_ms, connections, True, counts, pulses, era=era)

    def record_filtered(self, stream: str, seq: int, connections: "Sequence[Connection]") -> None:
        """Append connections of a record that were shown under a filter; some may have been recorded before.

        A history from a log keeps none of these.
        """
        if connections and not self.from_log:
            self._buffer.append(stream, seq, 0, connections, False)

    def flush(self) -> None:
        """Write the buffer, in transactions of about BATCH_ROWS rows. Never raises: see `problem`."""
        with self._write_lock:
            if not self._is_open:  # a worker thread may have waited for the lock while the history was closed
                return
            try:
                self._database.ensure_open()
                self._begin_era_if_lost()
                self._write_all(self._buffer.number)
            except (sqlite3.Error, OSError, HistoryError) as error:
                self._handle_error("the history cannot be written", error)
            else:
                self._set_problem(None)
            self._log_dropped()

    def _begin_era_if_lost(self) -> None:
        """If another file took the place of one from a log, write nothing to it that follows on what it lacks."""
        is_lost, self._losses = self._database.losses > self._losses, self._database.losses
        if is_lost and self.from_log:
            self._buffer.clear()

    def _log_dropped(self) -> None:
        """Log how many rows were lost since the last call."""
        lost, self._logged_dropped = self.dropped - self._logged_dropped, self.dropped
        if lost:
            log.warning("lost %d rows of the history: they waited too long to be written", lost)

    def _handle_error(self, what: str, error: Exception) -> None:
        self._database.report_error(error)
        self._set_problem(str(error) if isinstance(error, HistoryError) else f"{what}: {error}")

    def _write_all(self, last: int) -> None:
        while self._writer is not None and (entries := self._buffer.oldest(last)):
            try:
                write(self._writer, entries, self._gazetteer)
            except (ValueError, OverflowError, LookupError):  # would fail each time and block the entries behind it
                self._buffer.count_dropped(entries)
                log.exception("history: dropped %d records that cannot be written", len(entries))
            self._buffer.remove(entries[-1].number)
        if self.problem is not None and self._writer is not None:
            sizes(self._writer)

    def _set_problem(self, problem: str | None) -> None:
        if problem != self.problem:
            log.warning("%s (%s)", problem or "the history works again", self.path)
        self.problem = problem

    def prune(self, now: float | None = None) -> int:
        """Delete rows beyond the limits of age and number, a bounded part of them; return how many.

        Free space in the file goes back to the disk once there is much of it. Call it after each flush. Never raises:
        see `problem`.
        """
        with self._write_lock:
            if self._writer is None:
                return 0
            try:
                now = self._prune_clock() if now is None else now
                deleted = pruning.prune(self._writer, now, self._days, self._max_rows)
                quartersums.forget(self._writer, now)
                pruning.shrink(self._writer)
                return deleted
            except sqlite3.Error as error:
                self._handle_error("the history cannot be pruned", error)
                return 0

    def update_sums(
        self, now: float | None = None, *, max_steps: int = MAX_STEPS, step_rows: int = periodsums.STEP_ROWS
    ) -> int:
        """Move the sums of the last hour, day and week on, by a bounded part; return how many rows were counted.

        Call it after each flush; it writes only every SUMS_INTERVAL_S. Never raises: see `problem`.

        Args:
            now: epoch seconds; the clock's time if left out.
            max_steps: how many steps a period moves at most.
            step_rows: how many rows a step counts at most.
        """
        now = self._clock() if now is None else now
        if self.sums_are_complete and abs(now - self._sums_updated_s) < SUMS_INTERVAL_S:
            return 0
        moved, unfinished = 0, False
        for period in PERIODS:
            steps = [self._update_sums_step(period, now, step_rows)]
            while steps[-1] == step_rows and len(steps) < max_steps:
                steps.append(self._update_sums_step(period, now, step_rows))
            moved += sum(steps)
            unfinished |= steps[-1] == step_rows
        self.sums_are_complete, self._sums_updated_s = not unfinished, now
        return moved

    def _update_sums_step(self, period: str, now: float, max_rows: int) -> int:
        """Move a period's start by one step; the lock is free between steps, so that nobody waits long."""
        with self._write_lock:
            if self._writer is None or self._is_closing:
                return 0
            try:
                with transaction(self._writer) as db:
                    return periodsums.move_start(db, period, now, max_rows)
            except sqlite3.Error as error:
                self._handle_error("the sums cannot be updated", error)
                return 0

    def latest(
        self,
        wanted: "Filter",
        limit: int,
        before: str | None = None,
        upto: tuple[str, int] | None = None,
        *,
        rules: Rules | None = None,
    ) -> "list[Connection]":
        """Return the newest connections that pass a filter, in descending order of their ids.

        If the file cannot be read, only those in the buffer: see `problem`.

        Args:
            wanted: the filter; an empty one passes all, also connections that were only shown under a filter.
            limit: how many at most.
            before: return only smaller ids.
            upto: (stream, seq): skip what that stream recorded after that seq.
            rules: what is left out; those of the history by default.
        """
        rules = self.rules if rules is None else rules
        if rules.hides_all_of(wanted):
            return []
        # Hide connections recorded while the clock was ahead, or they would stay the newest for that long.
        ceiling = id_floor(self._clock() + MAX_AHEAD_S)
        before = ceiling if before is None else min(before, ceiling)
        return self._reading.latest(wanted, limit, before, upto, rules)

    def past(self, after_ms: int, until_ms: int, wanted: "Filter") -> "list[PastFrame] | None":
        """Return the frames whose slices end in a period, in order; None if the file cannot be read.

        Args:
            after_ms: start of the period, epoch milliseconds, not included.
            until_ms: end of the period, epoch milliseconds, included.
            wanted: the filter for connections; an empty one passes those that everyone was shown, and no others.
        """
        return self._reading.past(after_ms, until_ms, wanted, self.rules)

    @property
    def _reading(self) -> Reading:
        return Reading(self._buffer, self.read, self.lately, self._gazetteer)

    def get(self, id: str) -> "Connection | None":
        """Return the connection with that id, or None if there is none or it is hidden.

        Raises:
            HistoryError: other servers may have it, and cannot be asked now.
        """
        found = self._find(id)
        return None if found is None or self.rules.hides_connection(found, self._gazetteer) else found

    def is_hidden(self, id: str) -> bool:
        """Return whether there is a connection with that id, but it is hidden. Raises what `get` raises."""
        found = self._find(id) if self.rules else None
        return found is not None and self.rules.hides_connection(found, self._gazetteer)

    def _find(self, id: str) -> "Connection | None":
        pending = next((c for c in self._buffer.connections() if c.id == id), None)
        return pending or self.read(lambda db: self._stored(db, id)) or self._of_others(id)

    def _stored(self, db: sqlite3.Connection, id: str) -> "Connection | None":
        return queries.get(db, id, self._gazetteer) or sharedmoments.get(db, id, self._gazetteer)

    def _of_others(self, id: str) -> "Connection | None":
        """Return the connection with that id if another server has it; keep it here, too."""
        if self._exchange is None or self.problem or not (data := self._exchange.find(id)):
            return None
        with self._write_lock:
            if self._writer is None:
                return None
            momentexchange.keep(self._writer, id, data, max(1, self._shared_max))
        return self.read(lambda db: self._stored(db, id))

    def share(self, connection: "Connection") -> None:
        """Keep a connection, whether it is recorded or not, longer than others.

        Raises:
            HistoryError: the file cannot be written now.
        """
        if self.read(lambda db: sharedmoments.is_shared(db, connection.id)):
            return
        self.flush()  # opens the file again if need be
        values = sharedmoments.values_of(connection, self._gazetteer)
        if self._exchange and self._shared_max:
            self._exchange.pass_on(connection.id, values)
        is_saved = False
        with self._write_lock:
            try:
                if self._writer is not None:
                    sharedmoments.share(self._writer, connection.id, values, self._shared_max)
                    is_saved = True
            except sqlite3.Error as error:
                raise HistoryError(f"this cannot be saved at the moment ({error}); try again later") from error
        if not is_saved and self.problem:
            raise HistoryError(f"this cannot be saved at the moment ({self.problem}); try again later")

    def tracks(self, limit: int) -> list[bytes]:
        """Return the most recently connected tracks, as wire JSON, the newest first."""
        pending = sorted(self._buffer.connections(), key=attrgetter("id"), reverse=True)
        rules = self.rules
        stored = self.read(lambda db: queries.tracks(db, limit, rules)) or []
        found = dict.fromkeys([*(c.track for c in pending if not (rules and rules.hides_track(c.track))), *stored])
        return list(found)[:limit]

    def oldest_id(self) -> str | None:
        """Return the smallest id, or None if the history is empty."""
        ids = [min((c.id for c in self._buffer.connections()), default=None), self.read(queries.oldest_id)]
        return min((id for id in ids if id is not None), default=None)

    def is_expired(self, id: str) -> bool:
        """Return whether a missing id is older than the history, or pruning has passed it.

        Shared connections do not count: they outlive their neighbours.
        """
        oldest = self.oldest_id()
        return (oldest is not None and id < oldest) or id <= (self.read(queries.pruned_upto) or "")

    def sizes(self) -> Sizes | None:
        """Return how many rows the file holds, or None if it cannot be read."""
        return self.read(sizes)

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run a query on a connection that no other thread uses; return None if the file cannot be read."""
        try:
            return self._database.read(query)
        except sqlite3.Error as error:
            self._set_problem(f"the history cannot be read: {error}")
            return None
