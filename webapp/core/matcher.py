"""The matcher: the plays of one slice in, connections and pulses out. All times are whole milliseconds."""

from collections import deque
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.core.columns import (
    LONG_AGO,
    NO_PLAYS,
    Mask,
    Numbers,
    Plays,
    Rows,
    Times,
    complement,
    pair_halves,
    pair_neighbours,
    sort_west_to_east,
)
from webapp.core.echoes import Echoes, Seen
from webapp.core.inexact import NO_INEXACT, Inexact, columns_of, exactly
from webapp.core.inexactmatcher import InexactMatcher
from webapp.core.inexactstate import Exact, InexactState, Pair
from webapp.core.precision import added_ms
from webapp.core.recordings import in_recordings
from webapp.core.togethercounter import TogetherCounter


class Pairs(NamedTuple):
    """Aligned rows: the earlier play (of two at one time that with the smaller geoname_id) and the later one.

    `within_s` is 0 for two exact plays; of others it says within how many seconds they were pressed.
    """

    earlier: Plays
    later: Plays
    within_s: npt.NDArray[np.uint8]

    def take(self, rows: Rows) -> "Pairs":
        """Return the given rows, in their order."""
        return Pairs(self.earlier.take(rows), self.later.take(rows), self.within_s.take(rows))

    def joined(self, more: "Pairs") -> "Pairs":
        """Return these pairs followed by more."""
        within_s = np.concatenate((self.within_s, more.within_s))
        return Pairs(self.earlier.joined(more.earlier), self.later.joined(more.later), within_s)


class Found(NamedTuple):
    """What was found when a slice closed.

    Attributes:
        connections: Pairs in two cities, in no particular order.
        pulses: Pairs in one city, of plays that left the window without a connection.
        singles: Plays of this slice that are in no connection, without echoes, with their precisions.
        together: Number of plays, of this slice or earlier ones, whose first partner in any city is now known.
        echoes: Number of echoes in this slice, without duplicates.
        duplicates: Rows of the input that duplicate another play; they do not count as plays.
        repeats: Rows of the input that are echoes or duplicates.
        inexact: The inexact plays of this slice, without duplicates.
        inexact_repeats: Rows of its inexact plays that are echoes or duplicates.
    """

    connections: Pairs
    pulses: Pairs
    singles: Inexact
    together: int
    echoes: int
    duplicates: Rows
    repeats: Rows
    inexact: Plays
    inexact_repeats: Rows


class MatcherState(msgspec.Struct, frozen=True, array_like=True):
    """All that a matcher remembers.

    Attributes:
        closed_ms: End of the newest closed slice.
        unmatched: Plays within the window that are in no connection.
        expired: Plays that left the window without a connection, and may still pulse.
        echoes: What `Echoes` remembers.
        together: What `TogetherCounter` remembers.
        inexact: What `InexactMatcher` remembers.
    """

    closed_ms: int
    unmatched: Plays
    expired: Plays
    echoes: list[Seen]
    together: tuple[Times, Mask]
    inexact: InexactState


class Matcher:
    """Pairs plays of one group within the window. Close every slice, in order, empty ones too.

    Args:
        window_ms: How far apart two plays may lie, inclusive.
        geoname_id: The id of each city by city index, int64 of shape (cities,).
    """

    def __init__(self, window_ms: int, geoname_id: npt.NDArray[np.int64]) -> None:
        self._window = window_ms
        self._geoname_id = geoname_id
        self._echoes = Echoes(window_ms)
        self._together = TogetherCounter(window_ms)
        self._inexact = InexactMatcher(window_ms)
        self._unmatched = NO_PLAYS  # within the window
        self._expired = NO_PLAYS  # left the window unmatched; may still pulse with plays that leave later
        self._closed = int(LONG_AGO)

    @property
    def state(self) -> MatcherState:
        """All that is remembered. A matcher with the same window that is set to it continues as this one would."""
        parts = self._echoes.state, self._together.state, self._inexact.state
        return MatcherState(self._closed, self._unmatched, self._expired, *parts)

    @state.setter
    def state(self, state: MatcherState) -> None:
        self._closed, self._unmatched, self._expired = state.closed_ms, state.unmatched, state.expired
        self._echoes.state, self._together.state, self._inexact.state = state.echoes, state.together, state.inexact

    @property
    def inexact_rows(self) -> Numbers:
        """The rows (see `Plays`) of the inexact plays that are remembered: their numbers are in use."""
        return self._inexact.rows

    def close(self, end_ms: int, new: Plays, recordings: Numbers | None = None, fresh: Inexact = NO_INEXACT) -> Found:
        """Close the slice from the previous end to end_ms, exclusive, given its plays in any order.

        A number of a group, track or recording may be reused once it had no play for two windows, the largest slack and
        a slice, unless it is one of `inexact_rows`.

        Args:
            end_ms: End of the slice.
            new: Its exact plays.
            recordings: For each track number, a number above 0 for its recording, or 0 if no other song has that
                recording; None if all would be 0.
            fresh: Its inexact plays.

        Raises:
            ValueError: a play lies outside the slice.
        """
        self._check(end_ms, np.concatenate((new.at, fresh.plays.at)))
        since_ms, self._closed = self._closed, end_ms
        crossed = self._inexact.repeats(new, fresh, recordings)
        repeats, duplicates = self._echoes.find(new, recordings, crossed.exact)
        is_repeat = np.zeros(len(new.at), bool)
        is_repeat[repeats] = True
        self._inexact.remember(Exact(new, is_repeat), fresh, crossed)
        plays = self._unmatched.joined(new.take(np.flatnonzero(~is_repeat)) if len(repeats) else new)
        plays = plays.take(sort_west_to_east(plays.group, plays.city, plays.listener, plays.at))
        together = self._count_together(plays.take(np.flatnonzero(plays.at >= since_ms)), since_ms, recordings)
        a, b = _connect(plays, self._window, recordings)
        rest = plays.take(complement(len(plays.at), a, b))
        inexact = self._inexact.connect(rest, since_ms, recordings)
        rest = rest.take(complement(len(rest.at), inexact.rows)) if len(inexact.rows) else rest
        singles = exactly(rest.take(np.flatnonzero(rest.at >= since_ms))).joined(self._inexact.singles_since(since_ms))
        pulses = self._expire(end_ms, rest)
        return Found(
            self._in_time_order(plays, a, b).joined(self._pairs(inexact.pairs)),
            pulses.joined(self._pairs(inexact.pulses)),
            singles,
            together,
            len(repeats) - len(duplicates) + len(crossed.echoes),
            duplicates,
            repeats,
            fresh.plays.take(complement(len(fresh.precision), crossed.duplicates)),
            np.concatenate((crossed.echoes, crossed.duplicates)),
        )

    def _count_together(self, fresh: Plays, since_ms: int, recordings: Numbers | None) -> int:
        if recordings is None:
            exact = self._together.count(fresh.group, fresh.at)
        else:
            exact = self._together.count_with_recordings(fresh, self._echoes.earlier(recordings), recordings)
        inexact, met = self._inexact.count_together(since_ms, recordings)
        self._together.note_partners(met)
        return exact + inexact

    def _check(self, end_ms: int, at: Times) -> None:
        if end_ms <= self._closed or (len(at) and not self._closed <= at.min() <= at.max() < end_ms):
            raise ValueError(f"the slice from {self._closed} to {end_ms} ms is empty or has plays from outside")

    def _expire(self, end_ms: int, rest: Plays) -> Pairs:
        """Keep the plays that may still be connected; return the pulses among those that leave the window."""
        leaves = rest.at < end_ms - self._window  # later plays are at end_ms at the earliest
        self._unmatched, left = rest.take(np.flatnonzero(~leaves)), rest.take(np.flatnonzero(leaves))
        self._echoes.forget(end_ms - self._window)
        self._inexact.expire(end_ms, left)
        return self._pulses(end_ms, self._expired.joined(left))

    def _pulses(self, end_ms: int, plays: Plays) -> Pairs:
        """Pair neighbours in time in each group and city."""
        plays = plays.take(np.lexsort((plays.at, plays.city, plays.group)))
        linked = (plays.group[1:] == plays.group[:-1]) & (plays.city[1:] == plays.city[:-1])
        a = pair_neighbours(linked & (plays.at[1:] - plays.at[:-1] <= self._window), len(plays.at))
        rest = plays.take(complement(len(plays.at), a, a + 1))
        self._expired = rest.take(np.flatnonzero(rest.at >= end_ms - 2 * self._window))
        return Pairs(plays.take(a), plays.take(a + 1), np.zeros(len(a), np.uint8))

    def _in_time_order(self, plays: Plays, a: Rows, b: Rows) -> Pairs:
        """Put the earlier play of each pair first; of two at one time that with the smaller geoname_id."""
        at_a, at_b = plays.at.take(a), plays.at.take(b)
        swap = at_b < at_a
        tie = np.flatnonzero(at_a == at_b)
        id_a, id_b = self._geoname_id[plays.city[a[tie]]], self._geoname_id[plays.city[b[tie]]]
        swap[tie] = id_b < id_a
        return Pairs(plays.take(np.where(swap, b, a)), plays.take(np.where(swap, a, b)), np.zeros(len(a), np.uint8))

    def _pairs(self, pairs: list[Pair]) -> Pairs:
        """Return inexact pairs, of two at one time that with the smaller geoname_id first."""
        ordered = [sorted(pair, key=lambda press: (press.at, self._geoname_id[press.city])) for pair in pairs]
        within_s = [-(-(b.at - a.at + added_ms(a.precision, b.precision)) // 1000) for a, b in ordered]
        earlier, later = (columns_of(pair[end] for pair in ordered) for end in (0, 1))
        return Pairs(earlier, later, np.array(within_s, np.uint8))


def _connect(plays: Plays, window_ms: int, recordings: Numbers | None) -> tuple[Rows, Rows]:
    """Return a maximal set of disjoint connections, rows a and b, among plays sorted from west to east in each group.

    Each play in a group's western half is paired with its counterpart in the eastern half, so that pairs are far
    apart. Then `_repair` pairs the plays for which that failed. What is left is paired within each recording.
    """
    group, city, at = plays.group, plays.city, plays.at
    a, b = pair_halves(group[1:] == group[:-1], len(group))
    good = np.flatnonzero((city.take(a) != city.take(b)) & (np.abs(at.take(a) - at.take(b)) <= window_ms))
    a, b = a.take(good), b.take(good)
    c, d = _repair(plays, complement(len(group), a, b), window_ms)
    a, b = np.concatenate([a, c]), np.concatenate([b, d])
    if recordings is None:
        return a, b
    c, d = _pair_in_recordings(plays, complement(len(group), a, b), window_ms, recordings)
    return np.concatenate([a, c]), np.concatenate([b, d])


def _repair(plays: Plays, left: Rows, window_ms: int) -> tuple[Rows, Rows]:
    """Pair plays that are left, in groups with two cities or more."""
    group, city, at = plays.group, plays.city, plays.at
    mixed = (group[left[1:]] == group[left[:-1]]) & (city[left[1:]] != city[left[:-1]])
    if not mixed.any():
        return left[:0], left[:0]
    left = left[np.isin(group[left], group[left[1:][mixed]])]
    left = left[np.lexsort((at[left], group[left]))]
    a, b = _pair_in_time(group[left].tolist(), city[left].tolist(), at[left].tolist(), window_ms)
    return left[a], left[b]


def _pair_in_recordings(plays: Plays, left: Rows, window_ms: int, recordings: Numbers) -> tuple[Rows, Rows]:
    """Pair plays that are left and have one recording, in time order."""
    rows, number = in_recordings(plays.group[left], plays.row[left], recordings)
    left = left[rows]
    city, at = plays.city[left], plays.at[left]
    by = np.lexsort((plays.listener[left], city, at, number))
    a, b = _pair_in_time(number[by].tolist(), city[by].tolist(), at[by].tolist(), window_ms)
    return left[by[a]], left[by[b]]


def _pair_in_time(group: list[int], city: list[int], at: list[int], window_ms: int) -> tuple[list[int], list[int]]:
    """Pair the oldest play with the next in another city. The queue never holds two cities, so the set is maximal."""
    a, b, queue = list[int](), list[int](), deque[int]()
    for i in range(len(at)):
        while queue and (group[queue[0]] != group[i] or at[i] - at[queue[0]] > window_ms):
            queue.popleft()
        if queue and city[queue[0]] != city[i]:
            a.append(queue.popleft())
            b.append(i)
        else:
            queue.append(i)
    return a, b
