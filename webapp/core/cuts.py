"""Where slices are cut from the log of plays: each slice counts what the log has up to its cut.

By the rule, a slice's cut is the message with which the watermark passes the slice's end. But what counts for a record
is the cuts that it names: whoever wrote it may have had another rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

import msgspec

from webapp.core.marks import MARK_OFF_MS, Marks
from webapp.core.playlog import LogMessage
from webapp.core.plays import AHEAD_MS, SLICE_MS

STRETCH_MS = 10_000
"""If the log has no message for so long, the slices of that time may be passed over."""
REACH_MS = 30_000
"""So long before the first message after it, slices are closed again: nodes try for so long to write what they took."""


class Cut(NamedTuple):
    """The end of a slice in the log.

    Attributes:
        slice: its number: its first millisecond divided by SLICE_MS.
        seq: the last message that counts for it.
        now_ms: that message's time stamp.
    """

    slice: int
    seq: int
    now_ms: int


class CutterState(msgspec.Struct, array_like=True):
    """All that a cutter remembers.

    Attributes:
        marks: of the messages up to now.
        next: number of the first slice without a cut; None before the first mark.
        passed: stretches that are passed over, as the numbers of their first slice and of the first one after them.
    """

    marks: Marks
    next: int | None = None
    passed: list[tuple[int, int]] = []


class Cutter:
    """Cuts slices by the rule. Give it every message, in order.

    Args:
        lateness_ms: how long a slice waits after its end.
        state: of another cutter, to continue from.
    """

    def __init__(self, lateness_ms: int, state: CutterState | None = None) -> None:
        self._lateness_ms = lateness_ms
        self._state = CutterState(Marks()) if state is None else deepcopy(state)

    @property
    def state(self) -> CutterState:
        """All that is remembered."""
        return self._state

    def hear(self, log_ms: int, message: LogMessage) -> None:
        """Take in a message, with the log's time stamp, epoch milliseconds."""
        marks, before_ms = self._state.marks, self._state.marks.log_ms
        marks.take(log_ms, message.node, message.mark_ms, gone=message.gone)
        if before_ms and log_ms - before_ms >= STRETCH_MS:
            self._pass_over(before_ms, log_ms)

    def due(self, seq: int) -> Iterator[Cut]:
        """Yield the cuts of the slices that are due by the message that was heard last; `seq` is its number."""
        state = self._state
        if not state.marks.watermark_ms:
            return
        end = (state.marks.watermark_ms - self._lateness_ms) // SLICE_MS
        if state.next is None:
            state.next = end
        while state.next < end:
            yield Cut(state.next, seq, state.marks.log_ms)
            self.skip_to(state.next + 1)

    def skip_to(self, slice_: int) -> None:
        """Continue with a slice, or behind the stretch that it lies in."""
        for first, after in self._state.passed:
            if first <= slice_ < after:
                slice_ = after
        self._state.next = slice_
        self._state.passed = [(first, after) for first, after in self._state.passed if after > slice_]

    def _pass_over(self, before_ms: int, log_ms: int) -> None:
        """Pass over what no play can be in: none from before is so far ahead, and none after so late."""
        first = (before_ms + MARK_OFF_MS + AHEAD_MS) // SLICE_MS + 1
        after = (log_ms - REACH_MS) // SLICE_MS
        if first < after:
            self._state.passed.append((first, after))
