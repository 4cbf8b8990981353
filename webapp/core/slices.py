"""Cuts event time into slices: takes batches of plays in any order, and yields the record of each closed slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from webapp.core import snapshots
from webapp.core.columns import NO_PLAYS, Numbers, Plays, Rows, Times, complement
from webapp.core.gazetteer import Gazetteer
from webapp.core.inexact import NO_INEXACT, Inexact
from webapp.core.matcher import Found, Matcher, MatcherState
from webapp.core.mostplayed import Pressed, joined, most_played
from webapp.core.plays import AHEAD_MS, SLICE_MS, SOURCES, PlayBatch
from webapp.core.precision import EXACT, SLACK_MOST_MS, UNMATCHED
from webapp.core.privacy import CityPrivacy, PrivacyState
from webapp.core.recordbuilder import RecordBuilder
from webapp.core.recordings import track_numbers
from webapp.core.records import Counts, SliceRecord
from webapp.core.tracks import Tracks, TracksState

HEARTBEAT_MS = 1_000
JUMP_MS = 10_000
SWEEP_SLICES = 40
STATE_VERSION = 3
_LONG_AGO_MS, NEVER_MS = 0, 1 << 62


class OpenSlice(msgspec.Struct, array_like=True):
    """The plays of a slice that is not closed.

    Attributes:
        exact: those that are.
        inexact: those whose time is not exact.
        unmatched: how many are only counted, by source.
    """

    exact: list[Plays] = msgspec.field(default_factory=list)
    inexact: list[Inexact] = msgspec.field(default_factory=list)
    unmatched: list[int] = msgspec.field(default_factory=lambda: [0] * len(SOURCES))

    @property
    def size(self) -> int:
        """Number of plays."""
        return sum(len(p.at) for p in self.exact) + sum(len(p.precision) for p in self.inexact) + sum(self.unmatched)


class SlicerState(msgspec.Struct, frozen=True, array_like=True):
    """All that a slicer holds.

    Attributes:
        version: of this struct and all that is in it.
        next: number of the first open slice.
        open: the plays of open slices, by the slice's number.
        counts: of the slices since the newest record.
        matcher: what the matcher remembers.
        tracks: the tracks and their numbers.
        privacy: who pressed play where.
    """

    version: int
    next: int
    open: dict[int, OpenSlice]
    counts: Counts
    matcher: MatcherState
    tracks: TracksState
    privacy: PrivacyState


class Slicer:
    """Collects plays until their slice closes, has them matched, and makes records of what was found.

    Args:
        gazetteer: the cities that plays refer to.
        secret: key of the connection ids.
        window_ms: how far apart two plays may lie to be together, inclusive.
        start_ms: a millisecond in the first slice.
        privacy_k: how many different listeners must have pressed play in a city for it to be named; see `CityPrivacy`.

    Attributes:
        waiting: number of plays in open slices.
        left_out: number of plays lost in slices that were skipped.
    """

    def __init__(self, gazetteer: Gazetteer, secret: bytes, window_ms: int, start_ms: int, privacy_k: int = 0) -> None:
        self._gazetteer, self._window_ms = gazetteer, window_ms
        self.privacy = CityPrivacy(gazetteer, privacy_k)
        self._recorder = RecordBuilder(gazetteer, secret)
        self._tracks = Tracks()
        self._open: defaultdict[int, OpenSlice] = defaultdict(OpenSlice)
        self._counts = Counts()
        self.waiting = self.left_out = 0
        self._begin(start_ms // SLICE_MS)

    def _begin(self, number: int) -> None:
        self._next = number
        self._matcher = Matcher(self._window_ms, self._gazetteer.geoname_id)

    @property
    def closed_ms(self) -> int:
        """The end of the newest closed slice: every slice before it is closed."""
        return self._next * SLICE_MS

    @property
    def state(self) -> SlicerState:
        """All that is remembered."""
        parts = self._matcher.state, self._tracks.state, self.privacy.state
        return SlicerState(STATE_VERSION, self._next, self._open, self._counts, *parts)

    def snapshot(self) -> bytearray:
        """Return the slicer's state as bytes; a slicer that is restored from them continues as this one would."""
        return snapshots.encode(self.state)

    def restore(self, data: bytes | bytearray | memoryview) -> None:
        """Continue from a snapshot of a slicer with the same secret and window.

        Raises:
            ValueError: the snapshot is of another version, or it is cut short.
        """
        state = snapshots.decode(data, SlicerState)
        if state.version != STATE_VERSION:
            raise ValueError(f"snapshot of version {state.version}; this program reads version {STATE_VERSION}")
        self._begin(state.next)
        self._matcher.state, self._tracks.state, self.privacy.state = state.matcher, state.tracks, state.privacy
        self._counts = state.counts
        self._open = defaultdict(OpenSlice, state.open)
        self.waiting = sum(each.size for each in self._open.values())

    def add(
        self, batch: PlayBatch, watermark_ms: int | Times = _LONG_AGO_MS, newest_ms: int | Times = NEVER_MS
    ) -> None:
        """Take plays in; late ones are counted, not matched.

        Args:
            batch: the plays.
            watermark_ms: the watermark when they arrived, for all or for each, shape (plays,). A play is late if its
                slice had ended by then, even if that slice is still open.
            newest_ms: likewise, the newest time that a play may have; plays after it count as late.
        """
        slice_ = batch.at // SLICE_MS
        late = slice_ < np.maximum(watermark_ms // SLICE_MS, self._next)
        late |= batch.at > newest_ms
        if late.any():
            self._counts += Counts(late=int(np.count_nonzero(late)))
            slice_[late] = self._next - 1
        self._add_on_time(batch, slice_)

    def add_arrived(self, batches: Sequence[PlayBatch], arrived_ms: Sequence[int], lateness_ms: int) -> None:
        """Take several batches in at once, as many small ones would each cost as much as all as one.

        Args:
            batches: of plays.
            arrived_ms: when each of them arrived; 0 if that is not known.
            lateness_ms: how long a slice waits after its end; it tells which plays were late when they arrived.
        """
        if batches:
            arrived = np.repeat(np.array(arrived_ms, np.int64), list(map(len, batches)))
            newest = np.where(arrived > 0, arrived + AHEAD_MS, NEVER_MS)
            self.add(PlayBatch.joined(batches), arrived - lateness_ms, newest)

    def _add_on_time(self, batch: PlayBatch, slice_: Times) -> None:
        """Add the plays whose slice is open; `slice_` has the number of each play's slice, shape (plays,)."""
        changes = np.append(np.diff(slice_) != 0, True)[: len(slice_)]  # few, as plays come more or less in order
        on_time = [number for number in np.unique(slice_[changes]).tolist() if number >= self._next]
        if not on_time:
            return
        plays, all_exact = self._plays(batch, on_time[-1]), not batch.precision.any()
        for number in on_time:
            rows, into = np.flatnonzero(slice_ == number), self._open[number]
            self.waiting += len(rows)
            exact = rows if all_exact else _add_inexact(into, plays, batch, rows)
            into.exact.append(plays.take(exact))

    def close(self, watermark_ms: int, now_ms: int) -> Iterator[SliceRecord]:
        """Close every slice that ends at or before the watermark; yield their records.

        A slice has a record if something was found in it, or if it ends a full second. After a jump of more than 10 s
        (the clock was set, the machine slept) the slices between are skipped, and their plays are lost.
        """
        last = watermark_ms // SLICE_MS
        if (last - self._next) * SLICE_MS > JUMP_MS:
            self.skip(watermark_ms)
        while self._next < last:
            yield from self._close_next(now_ms)

    def begin_at(self, start_ms: int, now_ms: int) -> Iterator[SliceRecord]:
        """Close every slice that has plays, then continue at another time, earlier or later: the clock was set.

        No play from before is together with one from after.
        """
        while self._open:
            yield from self._close_next(now_ms)
        self._tracks = Tracks()
        self.privacy.forget()
        self._begin(start_ms // SLICE_MS)

    def skip(self, watermark_ms: int) -> int:
        """Skip every slice that ends at or before the watermark; return how many plays are lost."""
        last = watermark_ms // SLICE_MS
        lost = sum(self._pop(number).size for number in [n for n in self._open if n < last])
        self.count_lost(lost)
        self.left_out += lost
        self._begin(last)
        return lost

    def count_lost(self, n: int) -> None:
        """Count n plays as lost in the next record."""
        self._counts += Counts(lost=n)

    def _close_next(self, now_ms: int) -> Iterator[SliceRecord]:
        number, end_ms = self._next, (self._next + 1) * SLICE_MS
        open_ = self._pop(number)
        plays, (inexact, unmatched) = NO_PLAYS.joined(*open_.exact), _inexact(open_)
        recordings = self._tracks.recordings()
        plays, fresh = self._with_rows(plays, inexact.plays, recordings)
        found = self._matcher.close(end_ms, plays, recordings, Inexact(fresh, inexact.precision))
        pressed = joined(Pressed(plays, found.repeats), Pressed(fresh, found.inexact_repeats))
        plays = plays.take(complement(len(plays.at), found.duplicates)).joined(found.inexact)
        self._next += 1
        self.privacy.note(plays)
        drawn = self.privacy.drawn(end_ms, found.connections, found.pulses, found.singles)
        named = self.privacy.may_be_named(end_ms)
        crowd = most_played(pressed, self._tracks.texts, named, self._gazetteer.geoname_id)
        record, thinned = self._recorder.record(end_ms, now_ms, drawn, plays, self._tracks, crowd)
        self._counts += _count(plays, found, thinned, unmatched)
        self._forget(number)
        if end_ms % HEARTBEAT_MS == 0 or len(record.pairs) or len(record.pulses) or len(record.sparks):
            counts, self._counts = self._counts, Counts()
            yield replace(record, counts=counts)

    def _with_rows(self, exact: Plays, inexact: Plays, recordings: Numbers | None) -> tuple[Plays, Plays]:
        """Return plays with their rows for the matcher."""
        rows = self._tracks.rows(np.concatenate((exact.row, inexact.row)), recordings)
        n = len(exact.at)
        return exact._replace(row=rows[:n]), inexact._replace(row=rows[n:])

    def _pop(self, number: int) -> OpenSlice:
        slice_ = self._open.pop(number, None) or OpenSlice()
        self.waiting -= slice_.size
        return slice_

    def _plays(self, batch: PlayBatch, newest: int) -> Plays:
        """Return columns for the matcher, with track numbers for rows; `newest` is the batch's last slice."""
        track = self._tracks.numbers(batch.tracks, newest)[batch.track]
        group = (self._tracks.group[track] * len(SOURCES) + batch.source).astype(np.uint32)
        return Plays(group, batch.city, batch.listener, batch.at, track)

    def _forget(self, number: int) -> None:
        """Forget the tracks that no play in the matcher has, once every SWEEP_SLICES."""
        if number % SWEEP_SLICES == 0:
            self.privacy.forget_before((number + 1) * SLICE_MS)
            self._tracks.use(track_numbers(self._matcher.inexact_rows), number)
            self._tracks.forget(number - (2 * self._window_ms + SLACK_MOST_MS) // SLICE_MS - 3)


def _add_inexact(into: OpenSlice, plays: Plays, batch: PlayBatch, rows: Rows) -> Rows:
    """Add the plays whose time is not exact, and count those that are not matched; return the rows of the exact."""
    precision = batch.precision[rows]
    inexact, unmatched = rows[(precision != EXACT) & (precision != UNMATCHED)], rows[precision == UNMATCHED]
    if len(inexact):
        into.inexact.append(Inexact(plays.take(inexact), batch.precision[inexact]))
    counts = np.bincount(batch.source[unmatched], minlength=len(SOURCES)).tolist()
    into.unmatched = [before + more for before, more in zip(into.unmatched, counts, strict=True)]
    exact: Rows = rows[precision == EXACT]
    return exact


def _inexact(slice_: OpenSlice) -> tuple[Inexact, list[int]]:
    """Return the inexact plays that are matched, and how many are not matched, by source."""
    inexact = NO_INEXACT.joined(*slice_.inexact)
    kept, rest = inexact.limited()
    more = np.bincount(inexact.plays.group[rest] % len(SOURCES), minlength=len(SOURCES)).tolist()
    return inexact.take(kept), [one + other for one, other in zip(slice_.unmatched, more, strict=True)]


def _count(plays: Plays, found: Found, thinned: int, unmatched: list[int]) -> Counts:
    matched = np.bincount(plays.group % len(SOURCES), minlength=len(SOURCES)).tolist()
    by_source = [one + more for one, more in zip(matched, unmatched, strict=True)]
    return Counts(
        plays=sum(by_source),
        unmatched=sum(unmatched),
        together=found.together,
        connections=len(found.connections.later.at),
        same_city=len(found.pulses.later.at),
        echoes=found.echoes,
        thinned=thinned,
        **dict(zip(SOURCES, by_source, strict=True)),
    )
