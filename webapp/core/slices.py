"""Event time cut into slices: batches of plays in, in any order, and the record of each closed slice out. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from webapp.core.columns import others
from webapp.core.findings import Recorder
from webapp.core.gazetteer import Gazetteer
from webapp.core.matcher import NO_PLAYS, Found, Matcher, Plays
from webapp.core.plays import SLICE_MS, SOURCES, PlayBatch
from webapp.core.records import Counts, SliceRecord
from webapp.core.tracks import Tracks

HEARTBEAT_MS = 1_000
JUMP_MS = 10_000
SWEEP_SLICES = 40


class Slicer:
    """Collects plays until their slice closes, has them matched, and tells what was found.

    Args:
        gazetteer: the cities that plays refer to.
        secret: key of the connection ids.
        window_ms: how far apart two presses may lie to be together, inclusive.
        start_ms: the first slice is the one that holds this millisecond.
    """

    def __init__(self, gazetteer: Gazetteer, secret: bytes, window_ms: int, start_ms: int) -> None:
        self._gazetteer, self._window_ms = gazetteer, window_ms
        self._recorder = Recorder(gazetteer, secret)
        self._tracks = Tracks()
        self._open: defaultdict[int, list[Plays]] = defaultdict(list)
        self._counts = Counts()
        self.waiting = 0
        self._begin(start_ms // SLICE_MS)

    def _begin(self, number: int) -> None:
        self._next = number
        self._matcher = Matcher(self._window_ms, self._gazetteer.geoname_id)

    @property
    def closed_ms(self) -> int:
        """Every slice before this millisecond is closed."""
        return self._next * SLICE_MS

    def add(self, batch: PlayBatch) -> None:
        """Take plays in; those whose slice is closed are late: counted, not matched."""
        slice_ = batch.at // SLICE_MS
        changes = np.append(np.diff(slice_) != 0, True)[: len(slice_)]  # plays come more or less in order
        on_time = [number for number in np.unique(slice_[changes]).tolist() if number >= self._next]
        self._count_late(int(np.count_nonzero(slice_ < self._next)))
        if not on_time:
            return
        plays = self._plays(batch, on_time[-1])
        for number in on_time:
            part = plays.take(np.flatnonzero(slice_ == number))
            self._open[number].append(part)
            self.waiting += len(part.at)

    def close(self, watermark_ms: int, now_ms: int) -> Iterator[SliceRecord]:
        """Close every slice that ends at or before the watermark; yield the records of those worth one.

        A record is made where something was found, and at each full second. After a jump of more than 10 s (a clock
        that was set, a machine that slept) the slices between are left out, what they held is late.
        """
        last = watermark_ms // SLICE_MS
        if (last - self._next) * SLICE_MS > JUMP_MS:
            for number in [number for number in self._open if number < last]:
                self._count_late(sum(len(plays.at) for plays in self._take(number)))
            self._begin(last)
        while self._next < last:
            yield from self._close_next(now_ms)

    def _close_next(self, now_ms: int) -> Iterator[SliceRecord]:
        number, end_ms = self._next, (self._next + 1) * SLICE_MS
        plays = Plays(*map(np.concatenate, zip(NO_PLAYS, *self._take(number), strict=True)))
        plays = plays._replace(row=self._tracks.rows(plays.row))
        found = self._matcher.close(end_ms, plays)
        plays = plays.take(others(len(plays.at), found.equal))
        self._next += 1
        record, thinned = self._recorder.record(end_ms, now_ms, found, plays, self._tracks)
        self._counts += _count(plays, found, thinned)
        self._forget(number)
        if end_ms % HEARTBEAT_MS == 0 or len(record.pairs) or len(record.pulses) or len(record.sparks):
            counts, self._counts = self._counts, Counts()
            yield replace(record, counts=counts)

    def _take(self, number: int) -> list[Plays]:
        parts = self._open.pop(number, [])
        self.waiting -= sum(len(plays.at) for plays in parts)
        return parts

    def _plays(self, batch: PlayBatch, newest: int) -> Plays:
        """Columns for the matcher, but that rows are the numbers of tracks yet; `newest` is the batch's last slice."""
        track = self._tracks.numbers(batch.tracks, newest)[batch.track]
        group = (self._tracks.group[track] * len(SOURCES) + batch.source).astype(np.uint32)
        return Plays(group, batch.city, batch.listener, batch.at, track)

    def _count_late(self, n: int) -> None:
        self._counts += Counts(late=n)

    def _forget(self, number: int) -> None:
        """Now and then, forget the tracks that no play in the matcher has any more."""
        if number % SWEEP_SLICES == 0:
            self._tracks.forget(number - 2 * self._window_ms // SLICE_MS - 3)


def _count(plays: Plays, found: Found, thinned: int) -> Counts:
    by_source = np.bincount(plays.group % len(SOURCES), minlength=len(SOURCES)).tolist()
    return Counts(
        plays=len(plays.at),
        together=found.together,
        connections=len(found.connections.later.at),
        same_city=len(found.pulses.later.at),
        echoes=found.echoes,
        thinned=thinned,
        **dict(zip(SOURCES, by_source, strict=True)),
    )
