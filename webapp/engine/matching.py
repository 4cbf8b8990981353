"""Matching in a process of its own, so that whoever takes plays in or serves viewers never waits for a slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from webapp.core.gazetteer import load_gazetteer
from webapp.core.plays import PlayBatch
from webapp.core.slices import Slicer
from webapp.engine.children import Child, serve

ANSWER_S = 20.0
"""After so long without an answer the process is stuck; a slicer leaves out what is older than half of it anyway."""


class Closed(msgspec.Struct, frozen=True):
    """What came of closing the slices that were due.

    Attributes:
        records: of the slices, encoded.
        closed_ms: epoch milliseconds before which every slice is closed.
        waiting: plays taken in whose slice is not closed yet.
    """

    records: list[bytes]
    closed_ms: int
    waiting: int


class Matching(Protocol):
    """What has slices closed."""

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int) -> Closed:
        """Take batches of plays in, as `PlayBatch.encode` writes them, and close every slice up to the watermark."""


class MatchingHere:
    """A slicer in this process."""

    def __init__(self, slicer: Slicer) -> None:
        self._slicer = slicer

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int) -> Closed:
        """See `Matching`."""
        if batches:  # of many small ones each would cost as much as all as one
            self._slicer.add(PlayBatch.joined(list(map(PlayBatch.decode, batches))))
        records = [record.encode() for record in self._slicer.close(watermark_ms, now_ms)]
        return Closed(records, self._slicer.closed_ms, self._slicer.waiting)


class _Start(msgspec.Struct):
    """What the child is told first; see `Slicer`."""

    secret: bytes
    window_ms: int
    start_ms: int


class _Due(msgspec.Struct):
    """The arguments of `Matching.close`."""

    batches: Sequence[bytes]
    watermark_ms: int
    now_ms: int


class MatchingElsewhere:
    """A slicer in a process of its own. If that is lost, so are the plays that it had; another goes on from there.

    Args:
        secret: key of the connection ids.
        window_ms: how far apart two presses may lie to be together, inclusive.
        start_ms: epoch milliseconds; plays before it are late.
    """

    def __init__(self, secret: bytes, window_ms: int, start_ms: int) -> None:
        self._closed_ms = start_ms
        self._child = Child(__name__, lambda: _Start(secret, window_ms, self._closed_ms), Closed, ANSWER_S)

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int) -> Closed:
        """See `Matching`.

        Raises:
            OSError: the process was lost, with the plays.
        """
        closed = self._child.asked(lambda: _Due(batches, watermark_ms, now_ms))
        self._closed_ms = closed.closed_ms
        return closed

    def stop(self) -> None:
        """End the process."""
        self._child.stop()


def _begin(start: _Start) -> Callable[[_Due], Closed]:
    here = MatchingHere(Slicer(load_gazetteer(), start.secret, start.window_ms, start.start_ms))
    return lambda due: here.close(due.batches, due.watermark_ms, due.now_ms)


if __name__ == "__main__":
    serve(_Start, _Due, _begin)
