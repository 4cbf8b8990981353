"""From the plays' bus to the records' bus: waits for each slice to end, has it closed, publishes what was found."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Self

import gevent
from gevent.event import Event

from webapp.core.plays import AHEAD_MS, SLICE_MS, late_in, plays_in, stamped
from webapp.core.slices import HEARTBEAT_MS, JUMP_MS
from webapp.engine.bus import Bus
from webapp.engine.clock import Clock
from webapp.engine.matching import Closed, Matching

log = logging.getLogger(__name__)

TAKE_S = 0.05
"""So often plays are taken from the bus, so that little is left to do for them when their slice is due."""
CATCH_UP_MS = JUMP_MS // 2
"""So much is closed at once where matching is behind."""


class Pipeline:
    """Runs the matching by the clock.

    Args:
        plays: the bus that batches of plays come from.
        records: the bus that slice records go to.
        matching: what has slices closed.
        clock: tells the time; where it was set, matching goes on from there.
        lateness_s: how long a slice waits after its end.
        on_closed: called with how many slices were closed in one go, and how many seconds that took.
        steady: tells seconds that nobody sets.
    """

    def __init__(
        self,
        plays: Bus,
        records: Bus,
        matching: Matching,
        clock: Clock,
        lateness_s: float,
        on_closed: Callable[[int, float], None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steady = steady
        self._on_closed = on_closed
        self._records, self._matching, self._clock = records, matching, clock
        self._lateness_ms = round(lateness_s * 1000)
        self._closed = Closed([], 0, 0)
        self._plays, self._arriving = plays, threading.Lock()
        self._began_s = 0.0
        self._inbox: deque[bytes] = deque()
        self._turns: list[tuple[list[bytes], int]] = []
        self._received = self._taken = 0  # plays; the one grows under the bus's lock, the other in step
        self._end = plays.subscribe(self._receive)
        self._is_ending, self._ended = False, Event()

    def start(self) -> Self:
        """Begin with the slice that is due now; earlier plays are late."""
        self._closed = Closed([], (self._now_ms() - self._lateness_ms) // SLICE_MS * SLICE_MS, 0)
        self._began_s = self._steady()
        return self

    @property
    def waiting(self) -> int:
        """Plays taken in whose slice is not closed yet."""
        return self._received - self._taken + self._closed.waiting

    @property
    def closed_ms(self) -> int:
        """Up to when all slices are closed, epoch milliseconds."""
        return self._closed.closed_ms

    @property
    def lag_s(self) -> float:
        """How far the newest closed slice is behind the one that should be closed by now; 0 when all is well."""
        return max(0.0, self._clock.looked_at - (self._closed.closed_ms + SLICE_MS + self._lateness_ms) / 1000)

    def step(self) -> None:
        """Wait a little, take plays in, close what is due by then, and publish the records."""
        gevent.sleep(self._until_next())
        if self._ended.is_set():
            return
        ending = self._is_ending
        with self._arriving:  # what arrives from now on is stamped with a later time
            self._look_at_clock()
            now_ms, turns, batches = self._now_ms(), self._turns, self._drained()
            self._turns = []
        for before, begin_ms in turns:
            self._close(before, begin_ms, now_ms, begin_ms)
        ahead_ms = AHEAD_MS + HEARTBEAT_MS + SLICE_MS if ending else -self._lateness_ms
        for watermark_ms in self._watermarks(now_ms + ahead_ms):
            self._close(batches, watermark_ms, now_ms)
            batches = []
        if ending:
            self._ended.set()

    def submit(self, batch: bytes) -> int:
        """Publish encoded plays, stamped with their time of arrival; return how many of them come too late.

        Whether a play is late is judged here, once: by the time of arrival, not by when its slice is really closed.
        """
        with self._arriving:
            self._look_at_clock()
            now_ms = self._now_ms()
            self._plays.publish(stamped(batch, now_ms))
        return late_in(batch, now_ms, self._lateness_ms)

    def _now_ms(self) -> int:
        return round(self._clock.now() * 1000)

    def _look_at_clock(self) -> None:
        """Where the clock was set, have what arrived before it matched by the time of then."""
        if set_by_s := self._clock.look():
            self._turns.append((self._drained(), self._now_ms() - self._lateness_ms))
            more = {"event": "clock_set", "seconds": round(set_by_s, 3)}
            log.warning("the clock was set %s", self._clock.jump_text, extra=more)

    def _drained(self) -> list[bytes]:
        return [self._inbox.popleft() for _ in range(len(self._inbox))]

    def _close(self, batches: list[bytes], watermark_ms: int, now_ms: int, begin_ms: int | None = None) -> None:
        began_s, closed_ms = time.perf_counter(), self._closed.closed_ms
        try:
            self._closed = self._matching.close(batches, watermark_ms, now_ms, begin_ms)
        finally:
            self._taken += sum(map(plays_in, batches))
        if begin_ms is None and (closed := (self._closed.closed_ms - closed_ms) // SLICE_MS):
            self._on_closed(closed, time.perf_counter() - began_s)
        for record in self._closed.records:
            self._records.publish(record)
            gevent.sleep(0)  # after a pause there are many, and others want their turn

    def _watermarks(self, watermark_ms: int) -> Iterator[int]:
        """Yield up to where slices are closed, one after the other, so that none is left out where matching took long.

        A slicer leaves slices out where the watermark jumps. Where it moved on by no more than time has really passed
        since the step before, that is no jump.
        """
        before_s, self._began_s = self._began_s, self._steady()
        passed_ms = 1000 * (self._began_s - before_s)
        if watermark_ms - self._closed.closed_ms <= passed_ms + JUMP_MS:
            while watermark_ms - self._closed.closed_ms > CATCH_UP_MS:
                yield self._closed.closed_ms + CATCH_UP_MS
        yield watermark_ms

    def finish(self, most_s: float) -> None:
        """Take no more plays, and close the slices of all that were taken, which may be ahead of the clock.

        Call it on the loop; it waits until that is done, for a number of seconds at most.
        """
        self._end()
        self._is_ending = True
        if not self._ended.wait(most_s):
            log.error("lost %d plays: their slices did not close within %g s of the shutdown", self.waiting, most_s)

    def _receive(self, _: int, message: bytes) -> None:
        self._received += plays_in(message)
        self._inbox.append(message)

    def _until_next(self) -> float:
        """Return seconds to wait, at most until the next slice may be closed; never none, so that others get a turn."""
        due_s = (self._closed.closed_ms + SLICE_MS + self._lateness_ms) / 1000
        return min(max(due_s - self._clock.now(), 0.001), TAKE_S)
