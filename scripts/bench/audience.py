"""Ten thousand viewers of `unison serve` in one process, with frames of any size: the load of `world.py`.

It records each frame's arrival, and keeps one copy of equal frames: viewers of one filter get the same bytes.
"""

from __future__ import annotations

import json
import os
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bench.viewers import HANDSHAKE, TEXT, Viewers

_READ = 1 << 16
_BEGINNING = b'{"type":"connections","seq":'


@dataclass(frozen=True, slots=True)
class Seen:
    """What the viewers received in a period.

    Attributes:
        frames: those that came to all viewers together.
        due: as many as would have come, had every viewer had each frame that one of its filter had.
        distinct: frames of different content.
        sent_s: latencies from when the first viewer of a frame had it to when each had it; p50 and p99.
        closed_s: from when its slice was closed, before that was matched, to when a viewer had it; p50 and p99.
        pressed_s: from the later press of a connection to when a viewer had it; p50 and p99.
        late: share of the plays that came after their slice was closed, by the frames' counts.
        own_cpu_s: processor time of the viewers.
    """

    frames: int
    due: int
    distinct: int
    sent_s: tuple[float, float]
    closed_s: tuple[float, float]
    pressed_s: tuple[float, float]
    late: float
    own_cpu_s: float


class Audience(Viewers):
    """Viewers that use a list of filters in turn; at first none."""

    def __init__(self, port: int, payload_bytes: int) -> None:
        super().__init__(port, payload_bytes)
        self._queries: Sequence[str] = ("",)
        self._query: dict[int, str] = {}
        self._asked = 0
        self._came: dict[tuple[str, int], array[float]] = {}
        self._frames: dict[tuple[str, int], bytes] = {}

    def ask_for(self, queries: Sequence[str]) -> None:
        """Set the filters of the viewers that join from now on, such as "city=2267057"."""
        self._queries = queries

    def _handshake(self, fd: int) -> bytes:
        query = self._query[fd] = self._queries[self._asked % len(self._queries)]
        self._asked += 1
        return HANDSHAKE.replace(b"/stream", f"/stream?{query}".encode() if query else b"/stream", 1)

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, _READ)
        except OSError:
            data = b""
        if len(data) > 4 and data[0] == TEXT and fd not in self._partial and len(data) == self._frame_size(data):
            self._take(fd, data)
        elif data:
            self._read_slowly(fd, data)
        else:
            self._close(fd)

    def _frame_size(self, data: bytes) -> int:
        if (short := data[1]) < 126:
            return 2 + short
        wide = 2 if short == 126 else 8
        return 2 + wide + int.from_bytes(data[2 : 2 + wide])

    def _take(self, fd: int, frame: bytes) -> None:
        if frame[0] != TEXT:
            super()._take(fd, frame)
            return
        start = frame.index(b"{")
        if not frame.startswith(_BEGINNING, start):
            return
        number = start + len(_BEGINNING)
        key = self._query[fd], int(frame[number : frame.index(b",", number)])
        if key not in self._came:
            self._came[key], self._frames[key] = array("d"), frame[start:]
        self._came[key].append(time.time())

    def see(self, seconds: float) -> Seen:
        """Record what arrives in that many seconds."""
        self._came, self._frames = {}, {}
        began, own = time.monotonic(), time.process_time()
        while time.monotonic() < began + seconds:
            self.turn()
        own = time.process_time() - own
        viewers = {query: list(self._query.values()).count(query) for query in set(self._query.values())}
        sent, closed, pressed = zip(*(self._latencies_of(key) for key in self._came), strict=True)
        return Seen(
            frames=sum(map(len, self._came.values())),
            due=sum(viewers[query] for query, _ in self._came),
            distinct=len(self._came),
            sent_s=_middle_and_end(sent),
            closed_s=_middle_and_end(closed),
            pressed_s=_middle_and_end(pressed),
            late=self._late(),
            own_cpu_s=own,
        )

    def _late(self) -> float:
        query = next(iter(self._came))[0]
        counts = [json.loads(frame)["counts"] for (asked, _), frame in self._frames.items() if asked == query]
        late, plays = (sum(count[name] for count in counts) for name in ("late", "plays"))
        return late / max(1, late + plays)

    def _latencies_of(self, key: tuple[str, int]) -> tuple[Any, Any, Any]:
        came, frame = np.array(self._came[key]), json.loads(self._frames[key])
        at = np.array([connection["at"] for connection in frame["connections"]])
        return came - came.min(), came - frame["now"], (came[:, None] - at).ravel()


def _middle_and_end(parts: Sequence[Any]) -> tuple[float, float]:
    values = np.concatenate(parts)
    return (float(np.quantile(values, 0.5)), float(np.quantile(values, 0.99))) if len(values) else (np.nan, np.nan)
