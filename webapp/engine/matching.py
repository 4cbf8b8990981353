"""Matching: what closes slices, in this process or, as `handover` has it, in one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from webapp.core.plays import PlayBatch, arrived_ms
from webapp.core.slices import Slicer
from webapp.engine.childprocess import serve
from webapp.gazetteerdata import load_gazetteer


class Closed(msgspec.Struct, frozen=True):
    """What came of closing the slices that were due.

    Attributes:
        records: of the slices, encoded.
        closed_ms: epoch milliseconds before which every slice is closed.
        waiting: plays taken in whose slice is not closed yet.
        left_out: plays lost with slices that were left out.
        saved: bytes of the snapshot, where one was asked for.
    """

    records: list[bytes]
    closed_ms: int
    waiting: int
    left_out: int = 0
    saved: int = 0


class Matching(Protocol):
    """What has slices closed."""

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int, begin_ms: int | None = None) -> Closed:
        """Take batches of plays in, as `PlayBatch.encode` writes them, and close every slice up to the watermark.

        Where the clock was set since the batches arrived, `begin_ms` is where slices begin from now on: those that are
        open are closed first.
        """


class InlineMatching:
    """A slicer in this process.

    Args:
        slicer: the slicer.
        lateness_ms: how long a slice waits after its end; it tells which plays were late when they arrived.
    """

    def __init__(self, slicer: Slicer, lateness_ms: int = 0) -> None:
        self.slicer = slicer
        self._lateness_ms = lateness_ms

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int, begin_ms: int | None = None) -> Closed:
        """See `Matching`."""
        decoded = list(map(PlayBatch.decode, batches))
        self.slicer.add_arrived(decoded, list(map(arrived_ms, batches)), self._lateness_ms)
        left_out = self.slicer.left_out
        records = [] if begin_ms is None else [record.encode() for record in self.slicer.begin_at(begin_ms, now_ms)]
        records += [record.encode() for record in self.slicer.close(watermark_ms, now_ms)]
        return self.closed(records, self.slicer.left_out - left_out)

    def closed(self, records: list[bytes], left_out: int = 0, saved: int = 0) -> Closed:
        """Return these records with how far the slicer is."""
        return Closed(records, self.slicer.closed_ms, self.slicer.waiting, left_out, saved)


class Start(msgspec.Struct):
    """What the child is told first; see `Slicer` and `InlineMatching`."""

    secret: bytes
    window_ms: int
    lateness_ms: int
    privacy_k: int


class Fresh(msgspec.Struct, tag=True):
    """Begin with the slice that holds this millisecond and with no plays."""

    start_ms: int


class Load(msgspec.Struct, tag=True):
    """Go on from the snapshot that is in a file, by its descriptor and size."""

    file: int
    size: int


class Save(msgspec.Struct, tag=True):
    """Write a snapshot to the file with this descriptor."""

    file: int


class Due(msgspec.Struct, tag=True):
    """Plays to take in and slices to close; see `Matching.close`.

    Attributes:
        lost: how many plays the next record says were lost.
        skip: leave the slices out, with what they hold.
    """

    batches: list[bytes]
    watermark_ms: int
    now_ms: int
    lost: int = 0
    skip: bool = False
    begin_ms: int | None = None


class Question(msgspec.Struct):
    """What the child is asked."""

    ask: Fresh | Load | Save | Due


class _Answering:
    """The slicer of the child process."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._gazetteer = load_gazetteer()
        self._here = self._begin(0)

    def _begin(self, start_ms: int) -> InlineMatching:
        start = self._start
        slicer = Slicer(self._gazetteer, start.secret, start.window_ms, start_ms, start.privacy_k)
        return InlineMatching(slicer, start.lateness_ms)

    def answer(self, question: Question) -> Closed:
        ask, slicer = question.ask, self._here.slicer
        if isinstance(ask, Due):
            slicer.count_lost(ask.lost)
            skipped = slicer.skip(ask.watermark_ms) if ask.skip else 0
            closed = self._here.close(ask.batches, ask.watermark_ms, ask.now_ms, ask.begin_ms)
            return msgspec.structs.replace(closed, left_out=closed.left_out + skipped)
        if isinstance(ask, Save):
            return self._here.closed([], saved=_written(ask.file, slicer.snapshot()))
        if isinstance(ask, Load):
            slicer.restore(os.pread(ask.file, ask.size, 0))
        else:
            self._here = self._begin(ask.start_ms)
        return self._here.closed([])


def _written(file: int, snapshot: bytearray) -> int:
    """Write over a file, but let go of memory that a much larger snapshot took; return how many bytes there are."""
    if os.fstat(file).st_size > 2 * len(snapshot):
        os.ftruncate(file, len(snapshot))
    return os.pwrite(file, snapshot, 0)


def _begin(start: Start) -> Callable[[Question], Closed]:
    return _Answering(start).answer


if __name__ == "__main__":
    serve(Start, Question, _begin)
