"""Sends plays as they become due, and sees them through whatever happens to the server."""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from webapp.seed.blocks import Block, Millis
from webapp.seed.client import Answer, Away, Complaint, Spoiled
from webapp.seed.feed import Clock, Feed
from webapp.seed.totals import Totals

TICK_MS = 50
"""How often the plays that are due are sent."""

BATCH_PLAYS = 10_000
BATCH_BYTES = 9_000_000
"""What the server takes at once: 10,000 plays and 10 MiB, their times included."""

TOO_OLD_MS = 4_800
"""The server takes plays of the last 5 s; a little less, as they travel."""

BEHIND_MS = 250
"""How far a clock that waits may fall behind before it does."""

BACKOFF_S = (0.1, 2.0)
COMPLAINTS_SHOWN = 20


def _nothing() -> None:
    pass


class Stop(Protocol):
    """What ends the sending: a threading.Event."""

    def is_set(self) -> bool:
        """Tell whether it is to end."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until it is to end."""
        ...


class Wire(Protocol):
    """What takes a batch: a Client."""

    def post(self, body: bytes) -> Answer | Away | Spoiled:
        """Send a batch of NDJSON."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How plays keep time.

    Attributes:
        lead_ms: how long before its press a play is sent.
        waits: the clock stands while the server is away; otherwise people press on, and what grew too old is missed.
    """

    lead_ms: int = 0
    waits: bool = False


class Sender:
    """Takes plays from a feed when they are due and sends them in order, until the feed ends or `stop` is set.

    Attributes:
        totals: what became of the plays so far.
        number: the number of the last play that was due.
    """

    def __init__(
        self,
        wire: Wire,
        feed: Feed,
        *,
        speed: float = 1.0,
        pace: Pace = Pace(),
        say: Callable[[str], None],
        stop: Stop,
        now: Callable[[], float] = time.time,
        named: str = "play",
    ) -> None:
        """Start no clock yet.

        Args:
            wire: where batches go.
            feed: where plays come from.
            speed: what gaps between presses are divided by.
            pace: how plays keep time.
            say: takes a line for a person.
            stop: ends the sending, and every wait.
            now: the clock, in epoch seconds.
            named: what a complaint calls a play, before its number: "play", or "line" of a file.
        """
        self.totals = Totals()
        self._wire, self._feed, self._pace, self._speed = wire, feed, pace, speed
        self._say, self._stop, self._now, self._named = say, stop, now, named
        self._clock = Clock(0, speed)
        self._complaints = 0
        self._away_since: float | None = None
        self._tries = 0
        self.number = 0

    def run(self, begun: Callable[[], None] = _nothing, each: Callable[[], None] = _nothing) -> None:
        """Send all there is, calling `begun` when the first plays are ready and `each` after every tick."""
        self._feed.next_ms()  # made before the clock starts: it may take a while
        begun()
        self._clock = Clock(self._now_ms() + self._pace.lead_ms, self._speed)
        while not self._stop.is_set() and (next_ms := self._feed.next_ms()) is not None:
            self._keep_up(next_ms)
            tick_ms = self._now_ms()
            due = self._feed.take(self._clock.at_ms(tick_ms + self._pace.lead_ms), BATCH_PLAYS)
            self._send(due)
            each()
            if len(due) < BATCH_PLAYS:
                self._stop.wait(max(0, tick_ms + TICK_MS - self._now_ms()) / 1000)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    def _keep_up(self, next_ms: int) -> None:
        """Let a clock that waits stand as long as the next play is behind."""
        due_ms = int(self._clock.wall_ms(np.array([next_ms]))[0]) - self._pace.lead_ms
        if self._pace.waits and (behind_ms := self._now_ms() - due_ms) > BEHIND_MS:
            self._clock = self._clock.paused(behind_ms)

    def _send(self, due: Block) -> None:
        for rows in _portions(due.heads.tolist()):
            self.number = int(due.number[rows][-1])
            self._see_through(self._stamped(due[rows]))

    def _stamped(self, plays: Block) -> "_Batch":
        pressed_ms = self._clock.wall_ms(plays.at_ms)
        return _Batch(plays, pressed_ms, plays.lines(pressed_ms).tolist())

    def _see_through(self, batch: "_Batch") -> None:
        """Send a batch until it is answered, too old, or no longer wanted."""
        perhaps_taken = False
        while (batch := self._without_old(batch)).lines:
            outcome = self._wire.post(b"".join(batch.lines))
            if not isinstance(outcome, Away):
                return self._settle(batch, outcome)
            perhaps_taken |= outcome.perhaps_taken
            self._wait_out(outcome)
            if self._stop.is_set():
                self.totals.missed += len(batch.lines)
                return None
            if self._pace.waits and not perhaps_taken:
                batch = self._pressed_later(batch)
        return None

    def _wait_out(self, outcome: Away) -> None:
        if self._away_since is None:
            self._away_since = self._now()
            self._say(_away_text(outcome))
        self._stop.wait(_pause_s(outcome, self._tries))
        self._tries += 1

    def _settle(self, batch: "_Batch", outcome: Answer | Spoiled) -> None:
        if self._away_since is not None:
            self._say(f"The server is back after {self._now() - self._away_since:.1f} s.")
            self._away_since, self._tries = None, 0
        if isinstance(outcome, Answer):
            return self._count(len(batch.lines), outcome, batch.plays.number)
        if (half := len(batch.lines) // 2) == 0:
            spoiled = Answer(0, 0, 1, (Complaint(0, outcome.why),))
            return self._count(1, spoiled, batch.plays.number)
        self._see_through(batch.part(slice(half)))
        return self._see_through(batch.part(slice(half, None)))

    def _without_old(self, batch: "_Batch") -> "_Batch":
        fresh = batch.pressed_ms >= 1000 * self._now() - TOO_OLD_MS
        if fresh.all():
            return batch
        self.totals.missed += int(len(fresh) - fresh.sum())
        lines = [line for line, is_fresh in zip(batch.lines, fresh, strict=True) if is_fresh]
        return _Batch(batch.plays[fresh], batch.pressed_ms[fresh], lines)

    def _pressed_later(self, batch: "_Batch") -> "_Batch":
        """Move plays that the server surely does not have, and all that follow, behind the wait."""
        self._keep_up(int(batch.plays.at_ms[0]))
        return self._stamped(batch.plays)

    def _count(self, plays: int, answer: Answer, number: Millis) -> None:
        self.totals.sent += plays
        self.totals.accepted += answer.accepted
        self.totals.late += answer.late
        self.totals.rejected += answer.rejected
        for complaint in answer.errors[: max(0, COMPLAINTS_SHOWN - self._complaints)]:
            self._complaints += 1
            where = f"{complaint.field}: " if complaint.field else ""
            self._say(f"{self._named} {number[complaint.index]} is rejected: {where}{complaint.error}")


@dataclass(frozen=True, slots=True)
class _Batch:
    plays: Block
    pressed_ms: Millis
    lines: list[bytes]

    def part(self, rows: slice) -> "_Batch":
        return _Batch(self.plays[rows], self.pressed_ms[rows], self.lines[rows])


def _portions(heads: list[bytes]) -> Iterator[slice]:
    """Yield slices of plays that have few enough bytes for one batch."""
    start, size = 0, 0
    for end, head in enumerate(heads):
        if end > start and size + len(head) > BATCH_BYTES:
            yield slice(start, end)
            start, size = end, 0
        size += len(head)
    if heads:
        yield slice(start, len(heads))


def _pause_s(outcome: Away, tries: int) -> float:
    """Return how long to wait: what the server asked for, else ever longer, jittered so that not all return at once."""
    if outcome.retry_s is not None:
        return outcome.retry_s
    least, most = BACKOFF_S
    return min(most, math.ldexp(least, min(tries, 10))) * random.uniform(0.5, 1.0)


def _away_text(outcome: Away) -> str:
    who = "The server is busy" if outcome.busy else "The server is away"
    return f"{who} ({outcome.why}); trying again until it takes plays."
