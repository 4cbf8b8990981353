"""From the plays' bus to the records' bus: waits for each slice to end, has it closed, publishes what was found."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

from webapp.bus import Bus
from webapp.plays import SLICE_MS, PlayBatch, plays_in
from webapp.slices import Slicer

Offload = Callable[..., Any]

TAKE_S = 0.05
"""So often plays are taken from the bus, so that little is left to do for them when their slice is due."""


class Pipeline:
    """Runs the slicer by the clock.

    Args:
        plays: the bus that batches of plays come from.
        records: the bus that slice records go to.
        slicer: the windower.
        clock: tells the time, epoch seconds.
        lateness_s: how long a slice waits after its end.
        offload: calls a function off the event loop and returns what it returns.
        on_closed: called with how many slices were closed in one go, and how many seconds that took.
    """

    def __init__(
        self,
        plays: Bus,
        records: Bus,
        slicer: Slicer,
        clock: Callable[[], float],
        lateness_s: float,
        offload: Offload,
        on_closed: Callable[[int, float], None],
    ) -> None:
        self._on_closed = on_closed
        self._records, self._slicer, self._clock, self._offload = records, slicer, clock, offload
        self._lateness_ms = round(lateness_s * 1000)
        self._inbox: deque[bytes] = deque()
        self._received = self._taken = 0  # plays; the one grows under the bus's lock, the other in _close
        self._end = plays.subscribe(self._receive)

    @property
    def waiting(self) -> int:
        """Plays taken in whose slice is not closed yet."""
        return self._received - self._taken + self._slicer.waiting

    @property
    def lag_s(self) -> float:
        """How far the newest closed slice is behind the one that should be closed by now; 0 when all is well."""
        return max(0.0, self._clock() - (self._slicer.closed_ms + SLICE_MS + self._lateness_ms) / 1000)

    @property
    def ahead_s(self) -> float:
        """How far the newest closed slice is ahead of the clock: no slice closes until a clock set back is there."""
        return max(0.0, self._slicer.closed_ms / 1000 + self._lateness_ms / 1000 - self._clock())

    def step(self) -> None:
        """Wait a little, take plays in, close what is due by then, and publish the records."""
        gevent.sleep(self._until_next())
        now_ms = round(self._clock() * 1000)
        began_s, closed_ms = time.perf_counter(), self._slicer.closed_ms
        records = self._offload(self._close, now_ms)
        if closed := (self._slicer.closed_ms - closed_ms) // SLICE_MS:
            self._on_closed(closed, time.perf_counter() - began_s)
        for record in records:
            self._records.publish(record)

    def stop(self) -> None:
        """Take no more plays."""
        self._end()

    def _receive(self, _: int, message: bytes) -> None:
        self._received += plays_in(message)
        self._inbox.append(message)

    def _close(self, now_ms: int) -> list[bytes]:
        batches = [PlayBatch.decode(self._inbox.popleft()) for _ in range(len(self._inbox))]
        self._taken += sum(map(len, batches))
        if batches:  # of many small ones each would cost as much as all as one
            self._slicer.add(PlayBatch.joined(batches))
        return [record.encode() for record in self._slicer.close(now_ms - self._lateness_ms, now_ms)]

    def _until_next(self) -> float:
        """Return seconds to wait, at most until the next slice may be closed; never none, so that others get a turn."""
        due_s = (self._slicer.closed_ms + SLICE_MS + self._lateness_ms) / 1000
        return min(max(due_s - self._clock(), 0.001), TAKE_S)
