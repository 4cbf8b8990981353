"""One filter: its viewers, and the frames of the last two aligned 10 s."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import gevent
from gevent.event import AsyncResult, Event

from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.records import Connection, SliceRecord
from webapp.core.selection import LATELY_MS, Chosen, Selection
from webapp.engine.viewer import Viewer

Frame = tuple[int, bytes]
"""The seq of a frame and its JSON."""


def period(record: SliceRecord) -> int:
    """Return the number of the aligned 10 s that a record's slice lies in."""
    return record.start_ms // LATELY_MS


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """One record as a filter shows it."""

    payload: bytes
    chosen: Chosen
    connections: list[Connection]


class FrameMaker:
    """Makes the frames of one filter, record by record; to rebuild one is to run another maker over the same."""

    def __init__(self, wanted: Filter, shown_per_s: int, gazetteer: Gazetteer, rules: Rules = NO_RULES) -> None:
        self._filter, self._gazetteer = wanted, gazetteer
        self._selection = Selection(wanted, shown_per_s, gazetteer, rules)

    def make(self, seq: int, record: SliceRecord) -> ShownFrame:
        """Make the frame of the next record."""
        chosen = self._selection.choose(record)
        if self._filter and not (chosen.matching or chosen.pulses or chosen.sparks):
            return ShownFrame(frames.empty_frame(seq, record), chosen, [])
        connections = frames.shown(record, chosen.pairs, self._gazetteer)
        payload = frames.frame(seq, record, chosen, connections, self._filter, self._gazetteer)
        return ShownFrame(payload, chosen, connections)


class Channel:
    """One filter with its viewers, and its frames of the current and the previous aligned 10 s.

    Attributes:
        seq: number of the newest frame. It stays while frames are made anew.
        live: set while each record is shown as it comes; else earlier ones are shown first.
    """

    def __init__(self, wanted: Filter, maker: FrameMaker, seq: int) -> None:
        self.filter, self.seq = wanted, seq
        self.subscribers: set[Viewer] = set()
        self.joining = 0
        self.live = Event()
        self._maker = maker
        self._frames: deque[tuple[int, Frame]] = deque()
        self._recent: tuple[int, AsyncResult[list[bytes]]] | None = None

    def advance(self, seq: int, record: SliceRecord) -> ShownFrame:
        """Make the next frame, and keep it for viewers who come in."""
        shown = self._maker.make(seq, record)
        self.seq = max(self.seq, seq)
        self._frames.append((period(record), (seq, shown.payload)))
        while self._frames[0][0] < period(record) - 1:
            self._frames.popleft()
        return shown

    def begin_anew(self, maker: FrameMaker) -> None:
        """Forget what was shown: from the next record on, time is another, or what is hidden."""
        self._maker = maker
        self._frames.clear()
        self._recent = None

    def kept(self, after: int) -> list[Frame] | None:
        """Return the frames above `after`, or None if some of them are no longer kept."""
        oldest = self._frames[0][1][0] if self._frames else self.seq + 1
        return None if after + 1 < oldest else [frame for _, frame in self._frames if frame[0] > after]

    def recent(self, read: Callable[[int], list[bytes]]) -> tuple[int, list[bytes]]:
        """Return the newest seq, and the connections up to it; read once for all who ask at one seq."""
        if self._recent is None or self._recent[0] != self.seq:
            self._recent = self.seq, AsyncResult()
            gevent.spawn(read, self.seq).link(self._recent[1])
        seq, result = self._recent
        return seq, result.get() or []
