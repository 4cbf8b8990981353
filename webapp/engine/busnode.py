"""A server of several: its plays go to the bus, and the records that it shows come from there."""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec

import gevent
from gevent.event import AsyncResult

from webapp.bus.log import NEEDS_NATS, GoneError, UnavailableError
from webapp.bus.messages import (
    Condition,
    Following,
    Found,
    FromNode,
    Read,
    Ready,
    Record,
    Refused,
    Start,
    State,
    Stored,
    Write,
    Written,
)
from webapp.core.marks import CLOCK_OFF_MS, MARK_OFF_MS
from webapp.core.plays import SLICE_MS, plays_in
from webapp.core.slices import HEARTBEAT_MS
from webapp.engine.beside import AGAIN_S, STEP_S, Beside
from webapp.engine.bus import MemoryBus
from webapp.engine.clock import Clock
from webapp.engine.intake import NotTakenError
from webapp.engine.sharedstate import SharedState

NODE, MATCHING = "webapp.bus.node", "webapp.bus.matching"
ANSWER_S = 25.0
"""Longer than the process itself tries to write plays."""
READ_S = 5.0
READY_S, FOLLOWING_S = 30.0, 15.0
AGAIN_AFTER_S = 5
AGAIN_MOST_S = 60.0
"""Longest time until a matching process that cannot work is tried again."""
DELAY_S, DELAYED_S = 1.0, 2.0
"""If no record comes for the second of these, viewers are told so, again and again after the first."""

log = logging.getLogger(__name__)


class BusError(RuntimeError):
    """The server cannot take part in the bus; the message is for its operator."""


class BusNode:
    """The intake of a server of several.

    Args:
        start: makes what the processes are told first.
        records: gets the records.
        clock: tells the time.
        lateness_s: how long a slice waits after its end.
        on_ready: is told the number of the oldest record in the log, before the first one comes.
        on_delay: called each second in which there are no records.
        shared: gets what all servers share; None if this server needs nothing of it.
        matches: whether this server takes part in matching.

    Attributes:
        closed_ms: see `Intake`, as are waiting and lost.
        condition: how the bus is, as its process said last.
    """

    def __init__(
        self,
        start: Callable[[], Start],
        records: MemoryBus,
        clock: Clock,
        lateness_s: float,
        on_ready: Callable[[int], None],
        on_delay: Callable[[], None],
        *,
        shared: SharedState | None = None,
        matches: bool = True,
    ) -> None:
        self.waiting, self.closed_ms = 0, 0
        self.lost = Counter[str]()
        self.condition = Condition()
        self._records, self._clock, self._lateness_s, self._on_ready = records, clock, lateness_s, on_ready
        self._on_delay, self._heard_s = on_delay, time.monotonic()
        self._node, self._shared = Beside("bus", NODE, start), shared
        self._match_again_s = AGAIN_S
        self._matching = Beside("matching", MATCHING, start) if matches else None
        self._numbers = itertools.count(1)
        self._asked: dict[int, AsyncResult[Written | Found | None]] = {}
        self._newest = 0
        self._silent: tuple[str, ...] = ()
        self._off_ms = 0
        self._is_ending = False

    @property
    def processes(self) -> Sequence[Beside]:
        """See `Intake`."""
        return [self._node, self._matching] if self._matching else [self._node]

    @property
    def lag_s(self) -> float:
        """See `Intake`; there is a record each second at least."""
        due_s = (self.closed_ms + HEARTBEAT_MS + SLICE_MS) / 1000 + self._lateness_s
        return max(0.0, self._clock.now() - due_s)

    @property
    def record(self) -> int:
        """Number of the newest record."""
        return self._records.last

    @property
    def quiet_s(self) -> float:
        """How long ago it came."""
        return time.monotonic() - self._heard_s

    @property
    def off_s(self) -> float:
        """How far the bus's time is ahead of this machine's."""
        return self._off_ms / 1000

    @property
    def silent(self) -> int:
        """How many servers were not heard for long."""
        return len(self._silent)

    @property
    def problems(self) -> list[str]:
        """See `Intake`."""
        if abs(self._off_ms) <= MARK_OFF_MS:
            return []
        return [f"this machine's clock is {abs(self._off_ms) / 1000:.1f} s from that of the bus"]

    @property
    def troubles(self) -> list[str]:
        """See `Intake`."""
        silent = [f"no message from {', '.join(self._silent)}; plays from there may be late"] if self._silent else []
        return silent + self._clock_troubles()

    def _clock_troubles(self) -> list[str]:
        off_s = self._off_ms / 1000
        if not CLOCK_OFF_MS <= abs(self._off_ms) <= MARK_OFF_MS:
            return []
        side = "behind" if off_s > 0 else "ahead of"
        return [f"this machine's clock is {abs(off_s):.2f} s {side} that of the bus; its plays count as much off"]

    def start(self) -> None:
        """See `Intake`; returns once this server is connected, and has the records and what is shared up to now.

        Viewers must not come in before: the first frames lack what was shown before them in their 10 s.

        Raises:
            BusError: it cannot take part.
        """
        if not find_spec("nats"):
            raise BusError(NEEDS_NATS)
        with gevent.Timeout(READY_S, BusError(f"the bus did not answer within {READY_S:g} s")):
            while not self._is_connected():
                gevent.sleep(AGAIN_S)
        if self._matching:
            self._matching.begin()
        try:
            self._catch_up()
        except OSError as error:
            raise BusError(f"the process that talks with the bus ended: {error}") from error
        if not self.closed_ms:  # it has no record yet, and is not behind for it
            self.closed_ms = round((self._clock.now() - self._lateness_s) * 1000)
        if self._matching:
            self._await_matching(self._matching)

    def _catch_up(self) -> None:
        """Take the records up to now, and what is shared, as long as some of it comes."""
        until_s = time.monotonic() + READY_S
        while (is_behind := self._records.last < self._newest) or (self._shared and not self._shared.is_complete):
            self._take(message := self._node.receive())
            if isinstance(message, State) or (is_behind and isinstance(message, Record)):
                until_s = time.monotonic() + READY_S
            elif time.monotonic() > until_s:
                missing = "its records" if is_behind else "all that servers share"
                raise BusError(f"the bus did not tell {missing} within {READY_S:g} s; see what was logged before")

    def _await_matching(self, matching: Beside) -> None:
        """Wait until the process that matches can take over: the next server may be restarted once this one is ready.

        Where it cannot match, or takes long, others may; then the server starts all the same.
        """
        with suppress(gevent.Timeout, OSError), gevent.Timeout(FOLLOWING_S):
            said = matching.receive()
            if isinstance(said, Refused):
                log.error("%s", said.why)

    def _is_connected(self) -> bool:
        """Start the node's process; return whether it is connected."""
        try:
            self._node.begin()
            first = self._node.receive()
        except OSError as error:
            log.warning("the bus's process ended (%s); trying again", error)
            return False
        if isinstance(first, Ready):
            self._begin(first)
            return True
        if isinstance(first, Refused) and not first.is_final:
            log.warning("waiting for the bus: %s", first.why, extra={"event": "bus_waiting"})
            self._node.end()
            return False
        raise BusError(first.why if isinstance(first, Refused) else "the bus's process answers what nobody asked")

    def _begin(self, ready: Ready) -> None:
        self._newest = ready.newest
        if self._shared:
            self._shared.attach(self._node.send)
        if self._records.stream != ready.stream:
            self._records.stream = ready.stream
            self._records.skip_to(ready.first - 1)
            self._on_ready(ready.oldest)

    @property
    def steps(self) -> Sequence[Callable[[], None]]:
        """See `Intake`."""
        matching = [partial(self._watch_matching, self._matching)] if self._matching else []
        return [self._follow_node, self._watch_records, *matching]

    def _watch_records(self) -> None:
        """Tell of it if there are no records."""
        gevent.sleep(DELAY_S)
        if time.monotonic() - self._heard_s > DELAYED_S and not self._is_ending:
            self._on_delay()

    def _follow_node(self) -> None:
        """Take what the process says; if it is lost, start another one."""
        try:
            self._take(self._node.receive())
        except OSError as error:
            self._fail_all()
            if self._is_ending:
                gevent.sleep(AGAIN_S)
                return
            log.warning("the bus's process died (%s); another one takes over", error)
            self._node.end()
            while not self._is_connected():
                gevent.sleep(AGAIN_S)

    def _watch_matching(self, matching: Beside) -> None:
        """Take what the matching process says; if it is lost, start another one."""
        try:
            said = matching.receive()
        except OSError as error:
            if not self._is_ending:
                log.warning("the matching process died (%s); another one takes over", error)
            self._match_again_s = AGAIN_S
        else:
            if isinstance(said, Following):
                return
            log.error("%s", said.why if isinstance(said, Refused) else said)
            self._match_again_s = min(2 * self._match_again_s, AGAIN_MOST_S)
        matching.end()
        gevent.sleep(self._match_again_s)
        if not self._is_ending:
            matching.begin()

    def _take(self, message: FromNode) -> None:
        if isinstance(message, Record):
            self._take_record(message)
        elif isinstance(message, Written | Found):
            if asked := self._asked.get(message.number):
                asked.set(message)
        elif isinstance(message, Condition):
            self.condition = message
        elif isinstance(message, Refused):
            log.error("%s", message.why)
        elif self._shared and isinstance(message, State):
            self._shared.take(message)
        elif self._shared and isinstance(message, Stored):
            self._shared.take_answer(message)

    def _take_record(self, record: Record) -> None:
        if record.seq <= self._records.last:  # the process before told it
            return
        if record.seq != self._records.last + 1:
            log.error("record %d came after record %d", record.seq, self._records.last)
            self._records.skip_to(record.seq - 1)
        self.closed_ms, self._heard_s = record.end_ms, time.monotonic()
        self._silent, self._off_ms = record.silent, record.off_ms
        if record.data:
            self._records.publish(record.data)
        else:  # this server shows nothing
            self._records.last = record.seq

    def submit(self, batch: bytes) -> int:
        """See `Intake`; returns once the plays are in the log."""
        if problems := self.problems:
            raise NotTakenError(problems[0], 0, AGAIN_AFTER_S)
        plays = plays_in(batch)
        self.waiting += plays
        try:
            answer = self._ask(Write(next(self._numbers), batch), ANSWER_S)
        finally:
            self.waiting -= plays
        if not isinstance(answer, Written):
            raise NotTakenError("the bus cannot be reached", 0, AGAIN_AFTER_S)
        if answer.error:
            raise NotTakenError(answer.error, answer.taken, AGAIN_AFTER_S)
        return answer.late

    def read(self, after: int, upto: int) -> Sequence[tuple[int, bytes]]:
        """Read the records above a number, up to another, from the log; return the first ones of them.

        Raises:
            GoneError: the log no longer has the first one.
            UnavailableError: the bus does not answer now.
        """
        answer = self._ask(Read(next(self._numbers), after, upto), READ_S)
        if not isinstance(answer, Found) or answer.error:
            raise UnavailableError("the bus cannot be reached")
        if answer.oldest:
            raise GoneError(f"the bus no longer has record {after + 1}", answer.oldest)
        return answer.records

    def _ask(self, question: Write | Read, wait_s: float) -> Written | Found | None:
        """Return the process's answer; None if there is none."""
        asked = self._asked[question.number] = AsyncResult()
        try:
            self._node.send(question)
            return asked.get(timeout=wait_s)
        except (OSError, gevent.Timeout):
            return None
        finally:
            del self._asked[question.number]

    def _fail_all(self) -> None:
        for asked in list(self._asked.values()):
            asked.set(None)
        if self._shared:
            self._shared.fail_all()

    def finish(self, most_s: float) -> None:
        """See `Intake`; what was taken is in the log, where others match it."""
        until_s = time.monotonic() + most_s
        while self.waiting and time.monotonic() < until_s:
            gevent.sleep(STEP_S)
        self._is_ending = True

    def stop(self) -> None:
        """See `Intake`."""
        self._is_ending = True
        if self._shared:
            self._shared.detach()
        for process in self.processes:
            process.end()
