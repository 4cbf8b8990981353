"""What writes a node's plays to the log: many batches at once, again and again while the log cannot be reached.

Each message carries the node's mark, and where the node has no plays, ticks carry it: see `webapp.core.marks`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from webapp.bus.log import FullError, Log, UnavailableError
from webapp.core.gazetteer import Gazetteer
from webapp.core.playlog import LogBatch, LogMessage
from webapp.core.plays import SLICE_MS, PlayBatch, late_in, plays_in, stamped

MESSAGE_BYTES = 900_000
"""NATS takes messages of 1 MiB."""
TRY_S = 15.0
"""So long plays are sent again; then whoever sent them is told."""
GONE_S = 1.5
"""So long a node that stops tries to say so; without that, all wait 3 s for it."""
RETRY_S = 0.1
TICK_S = 0.005
"""How long after a slice is due a tick is sent."""

log = logging.getLogger(__name__)


class NotWrittenError(Exception):
    """Not all plays of a body are in the log.

    Attributes:
        taken: how many of its first plays are.
        is_full: whether the log is full, and not out of reach.
    """

    def __init__(self, taken: int, *, is_full: bool) -> None:
        super().__init__("the log of plays is full" if is_full else "the log of plays cannot be reached")
        self.taken, self.is_full = taken, is_full


@dataclass(slots=True)
class _Waiting:
    """A batch that is to be written; `done` tells whether it was."""

    batch: LogBatch
    arrived_ms: int
    until_s: float
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """Writes a node's plays.

    Args:
        node: its name.
        plays: the log.
        gazetteer: the cities.
        lateness_ms: how long a slice waits after its end.
        clock: epoch seconds.
        now: seconds of a clock that nobody sets.

    Attributes:
        waiting: how many plays are not in the log yet.
        retries: how often a message was not taken, to be sent again.
    """

    def __init__(
        self,
        node: str,
        plays: Log,
        gazetteer: Gazetteer,
        lateness_ms: int,
        *,
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.waiting = self.retries = 0
        self._node, self._plays, self._gazetteer, self._lateness_ms = node, plays, gazetteer, lateness_ms
        self._clock, self._now = clock, now
        self._queue = deque[_Waiting]()
        self._news = asyncio.Event()
        self._sent, self._name = 0, f"{node} {secrets.token_hex(6)}"
        self._told_ms = 0  # the newest mark that is in the log

    async def write(self, batch: bytes) -> int:
        """Write plays; return how many of them come too late, once they are in the log.

        Args:
            batch: as `PlayBatch.encode` writes it.

        Raises:
            NotWrittenError: not all of them are in the log.
        """
        arrived_ms, plays = self._clock_ms(), plays_in(batch)
        parts = [
            _Waiting(LogBatch.of(stamped(part, arrived_ms), self._gazetteer), arrived_ms, self._now() + TRY_S)
            for part in _parts(batch)
        ]
        self._queue.extend(parts)
        self.waiting += plays
        self._news.set()
        try:
            await self._all_written(parts)
        finally:
            self.waiting -= plays
        return late_in(batch, arrived_ms, self._lateness_ms)

    async def _all_written(self, parts: Sequence[_Waiting]) -> None:
        taken = 0
        for part in parts:
            try:
                await part.done
            except (FullError, UnavailableError) as error:
                for rest in parts:  # none of them may come later
                    rest.done.cancel()
                raise NotWrittenError(taken, is_full=isinstance(error, FullError)) from error
            taken += plays_in(part.batch.data)

    async def run(self) -> None:
        """Write until cancelled; then say that the node stops."""
        try:
            while True:
                some = self._next()
                if some or self._is_tick_due():
                    await self._write(some)
                else:
                    await self._wait()
        finally:
            with suppress(UnavailableError, FullError):
                await self._append(LogMessage(self._node, self._clock_ms(), gone=True), self._now() + GONE_S)

    def _next(self) -> list[_Waiting]:
        """Take the oldest batches that fit in a message."""
        some, size = list[_Waiting](), 0
        while self._queue and size + self._queue[0].batch.size <= MESSAGE_BYTES:
            first = self._queue.popleft()
            if not first.done.done():  # nobody gave it up
                some.append(first)
                size += first.batch.size
        return some

    async def _write(self, some: Sequence[_Waiting]) -> None:
        message = LogMessage(self._node, self._mark_ms(), batches=tuple(each.batch for each in some))
        until_s = max((each.until_s for each in some), default=self._now())
        try:
            await self._append(message, until_s)
        except (FullError, UnavailableError) as error:
            for each in some:
                if not each.done.done():
                    each.done.set_exception(error)
            if not some:
                await asyncio.sleep(RETRY_S)
        else:
            self._told_ms = message.mark_ms
            for each in some:
                if not each.done.done():
                    each.done.set_result(None)

    async def _append(self, message: LogMessage, until_s: float) -> None:
        """Append a message, again and again until a time; a message that is sent twice is taken once."""
        self._sent += 1
        data, id = message.encode(), f"{self._name} {self._sent}"
        while True:
            try:
                await self._plays.append(data, id=id)
            except UnavailableError:
                self.retries += 1
                if self._now() >= until_s:
                    raise
                await asyncio.sleep(RETRY_S)
            else:
                return

    def _mark_ms(self) -> int:
        """Return the earliest arrival of what is still to be written, or else the time."""
        return min((each.arrived_ms for each in self._queue), default=self._clock_ms())

    def _is_tick_due(self) -> bool:
        """Tell whether a slice is due by the clock, but not yet by what this node wrote."""
        return self._due(self._clock_ms() - round(TICK_S * 1000)) > self._due(self._told_ms)

    def _due(self, mark_ms: int) -> int:
        return (mark_ms - self._lateness_ms) // SLICE_MS

    async def _wait(self) -> None:
        """Wait for plays, or until a tick is due."""
        self._news.clear()
        due_ms = (self._due(self._clock_ms()) + 1) * SLICE_MS + self._lateness_ms
        with suppress(TimeoutError):
            async with asyncio.timeout((due_ms - self._clock_ms()) / 1000 + 2 * TICK_S):
                await self._news.wait()

    def _clock_ms(self) -> int:
        return round(self._clock() * 1000)


def _parts(batch: bytes) -> list[bytes]:
    """Cut a batch into parts each of which fits in a message."""
    if len(batch) <= MESSAGE_BYTES // 2:
        return [batch]
    plays = PlayBatch.decode(batch)
    if len(plays) == 1:
        return [batch]
    halves = (plays.part(0, len(plays) // 2), plays.part(len(plays) // 2, len(plays)))
    return [part for half in halves for part in _parts(half.encode())]
