"""Sends plays when they are due, and retries while the server is unavailable."""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from webapp.seed.blocks import Block, Millis
from webapp.seed.client import Answer, BatchRejected, PlayError, Unavailable
from webapp.seed.feed import Clock, Feed
from webapp.seed.totals import Totals

TICK_MS = 50
"""How often due plays are sent."""

BATCH_PLAYS = 10_000
BATCH_BYTES = 9_000_000
"""The server accepts 10,000 plays and 10 MiB at once, their times included."""

TOO_OLD_MS = 4_800
"""The server accepts plays of the last 5 s; a little less here, for the time on the way."""

MAX_BEHIND_MS = 250
"""How far a clock may fall behind before it pauses."""

BACKOFF_S = (0.1, 2.0)
ERRORS_SHOWN = 20


def _nothing() -> None:
    pass


class Stop(Protocol):
    """The event that ends sending: a threading.Event."""

    def is_set(self) -> bool:
        """Return whether sending should end."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait up to that many seconds for the end."""
        ...


class Transport(Protocol):
    """Sends a batch: a Client."""

    def post(self, body: bytes) -> Answer | Unavailable | BatchRejected:
        """Send a batch of NDJSON."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """The timing of plays.

    Attributes:
        lead_ms: how long before its press a play is sent.
        waits: pause the clock while the server is unavailable; otherwise time goes on, and old plays are dropped.
    """

    lead_ms: int = 0
    waits: bool = False


class Sender:
    """Sends a feed's plays in order, when they are due, until the feed ends or `stop` is set.

    Attributes:
        totals: counts of the plays so far.
        number: the number of the last play that was due.
    """

    def __init__(
        self,
        transport: Transport,
        feed: Feed,
        *,
        speed: float = 1.0,
        pace: Pace = Pace(),
        say: Callable[[str], None],
        stop: Stop,
        now: Callable[[], float] = time.time,
        named: Callable[[int], str] = "play {}".format,
    ) -> None:
        """Prepare the sender; `run` starts the clock.

        Args:
            transport: sends batches.
            feed: the plays.
            speed: divides the gaps between presses.
            pace: the timing of plays.
            say: prints a message line.
            stop: ends the sending, and every wait.
            now: returns epoch seconds.
            named: returns what a play with a number is called in messages, such as "line 5" of a file.
        """
        self.totals = Totals()
        self._transport, self._feed, self._pace, self._speed = transport, feed, pace, speed
        self._say, self._stop, self._now, self._named = say, stop, now, named
        self._clock = Clock(0, speed)
        self._errors = 0
        self._down_since: float | None = None
        self._tries = 0
        self.number = 0

    @property
    def next_s(self) -> float | None:
        """Seconds until the next play is sent; None after the last."""
        next_ms = self._feed.next_ms()
        return None if next_ms is None else (self._due_ms(next_ms) - self._now_ms()) / 1000

    def run(self, on_start: Callable[[], None] = _nothing, on_tick: Callable[[], None] = _nothing) -> None:
        """Send all plays; call `on_start` when the first are ready, and `on_tick` after every tick."""
        self._feed.next_ms()  # computes the first block, which may take a while, before the clock starts
        on_start()
        self._clock = Clock(self._now_ms() + self._pace.lead_ms, self._speed)
        while not self._stop.is_set() and (next_ms := self._feed.next_ms()) is not None:
            self._pause_if_behind(next_ms)
            tick_ms = self._now_ms()
            due = self._feed.take_due(self._clock.at_ms(tick_ms + self._pace.lead_ms), BATCH_PLAYS)
            self._send(due)
            on_tick()
            if len(due) < BATCH_PLAYS:
                self._stop.wait(max(0, tick_ms + TICK_MS - self._now_ms()) / 1000)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    def _due_ms(self, at_ms: int) -> int:
        """Return the epoch millisecond at which a play is sent."""
        return int(self._clock.wall_ms(np.array([at_ms]))[0]) - self._pace.lead_ms

    def _pause_if_behind(self, next_ms: int) -> None:
        """Pause a clock with `Pace.waits` for as long as the next play is late."""
        if self._pace.waits and (behind_ms := self._now_ms() - self._due_ms(next_ms)) > MAX_BEHIND_MS:
            self._clock = self._clock.paused(behind_ms)

    def _send(self, due: Block) -> None:
        for rows in _batch_slices(due.heads.tolist()):
            self.number = int(due.number[rows][-1])
            self._deliver(self._with_times(due[rows]))

    def _with_times(self, plays: Block) -> "_Batch":
        pressed_ms = self._clock.wall_ms(plays.at_ms)
        return _Batch(plays, pressed_ms, plays.lines(pressed_ms).tolist())

    def _deliver(self, batch: "_Batch") -> None:
        """Send a batch, and retry until the server answers, the plays are too old, or `stop` is set."""
        may_have_arrived = False
        while (batch := self._without_old(batch)).lines:
            outcome = self._transport.post(b"".join(batch.lines))
            if not isinstance(outcome, Unavailable):
                return self._handle_answer(batch, outcome)
            may_have_arrived |= outcome.may_have_arrived
            self._back_off(outcome)
            if self._stop.is_set():
                self.totals.missed += len(batch.lines)
                return None
            if self._pace.waits and not may_have_arrived:
                batch = self._postponed(batch)
        return None

    def _back_off(self, outcome: Unavailable) -> None:
        if self._down_since is None:
            self._down_since = self._now()
            self._say(_unavailable_text(outcome))
        self._stop.wait(_backoff_s(outcome, self._tries))
        self._tries += 1

    def _handle_answer(self, batch: "_Batch", outcome: Answer | BatchRejected) -> None:
        """Count an answered batch; halve a rejected one until the bad play is found."""
        if self._down_since is not None:
            self._say(f"The server is back after {self._now() - self._down_since:.1f} s.")
            self._down_since, self._tries = None, 0
        if isinstance(outcome, Answer):
            return self._count(len(batch.lines), outcome, batch.plays.number)
        if (half := len(batch.lines) // 2) == 0:
            rejected = Answer(0, 0, 1, (PlayError(0, outcome.reason),))
            return self._count(1, rejected, batch.plays.number)
        self._deliver(batch.part(slice(half)))
        return self._deliver(batch.part(slice(half, None)))

    def _without_old(self, batch: "_Batch") -> "_Batch":
        fresh = batch.pressed_ms >= 1000 * self._now() - TOO_OLD_MS
        if fresh.all():
            return batch
        self.totals.missed += int(len(fresh) - fresh.sum())
        lines = [line for line, is_fresh in zip(batch.lines, fresh, strict=True) if is_fresh]
        return _Batch(batch.plays[fresh], batch.pressed_ms[fresh], lines)

    def _postponed(self, batch: "_Batch") -> "_Batch":
        """Pause the clock, and return the batch with later times; only for plays that cannot have arrived."""
        self._pause_if_behind(int(batch.plays.at_ms[0]))
        return self._with_times(batch.plays)

    def _count(self, plays: int, answer: Answer, number: Millis) -> None:
        self.totals.sent += plays
        self.totals.accepted += answer.accepted
        self.totals.late += answer.late
        self.totals.rejected += answer.rejected
        for error in answer.errors[: max(0, ERRORS_SHOWN - self._errors)]:
            self._errors += 1
            where = f"{error.field}: " if error.field else ""
            self._say(f"{self._named(int(number[error.index]))} rejected: {where}{error.error}")


@dataclass(frozen=True, slots=True)
class _Batch:
    plays: Block
    pressed_ms: Millis
    lines: list[bytes]

    def part(self, rows: slice) -> "_Batch":
        return _Batch(self.plays[rows], self.pressed_ms[rows], self.lines[rows])


def _batch_slices(heads: list[bytes]) -> Iterator[slice]:
    """Yield slices of at most BATCH_BYTES."""
    start, size = 0, 0
    for end, head in enumerate(heads):
        if end > start and size + len(head) > BATCH_BYTES:
            yield slice(start, end)
            start, size = end, 0
        size += len(head)
    if heads:
        yield slice(start, len(heads))


def _backoff_s(outcome: Unavailable, tries: int) -> float:
    """Return how long to wait: what the server asks for, else exponential backoff with jitter."""
    if outcome.retry_s is not None:
        return outcome.retry_s
    shortest, longest = BACKOFF_S
    return min(longest, math.ldexp(shortest, min(tries, 10))) * random.uniform(0.5, 1.0)


def _unavailable_text(outcome: Unavailable) -> str:
    state = "The server is busy" if outcome.busy else "The server is unavailable"
    return f"{state} ({outcome.reason}); retrying."
