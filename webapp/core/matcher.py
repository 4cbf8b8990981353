"""The matcher: the plays of one slice in, connections and pulses out. No clock, no I/O; time is whole milliseconds."""

from collections import deque
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.core.columns import (
    LONG_AGO,
    Cities,
    Groups,
    Hashes,
    Mask,
    Rows,
    Times,
    couples,
    halves,
    others,
    sort_west_to_east,
)
from webapp.core.echoes import Echoes
from webapp.core.togethercounter import TogetherCounter


class Plays(NamedTuple):
    """Columns of plays, each of shape (n,), one row a play.

    Attributes:
        group: A dense number for each (source, track); which number does not matter.
        city: Index into the gazetteer, which is ordered by (lon, geoname_id).
        listener: A keyed hash of the opaque id, all bits random.
        at: When it was pressed, in milliseconds.
        row: The number of the play's details, in the order of their encoded bytes within one slice's input.
    """

    group: Groups
    city: Cities
    listener: Hashes
    at: Times
    row: Rows

    def take(self, rows: Rows) -> "Plays":
        """Return the given rows, in their order."""
        group, city, listener, at, row = self
        return Plays(group.take(rows), city.take(rows), listener.take(rows), at.take(rows), row.take(rows))

    def joined(self, more: "Plays") -> "Plays":
        """Return these plays and then more."""
        return Plays(
            np.concatenate((self.group, more.group)),
            np.concatenate((self.city, more.city)),
            np.concatenate((self.listener, more.listener)),
            np.concatenate((self.at, more.at)),
            np.concatenate((self.row, more.row)),
        )


NO_PLAYS = Plays(
    np.empty(0, np.uint32), np.empty(0, np.uint16), np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
)


class Pairs(NamedTuple):
    """Aligned rows: the play pressed earlier (if at once, that of the smaller geoname_id) and the later one."""

    earlier: Plays
    later: Plays


class Found(NamedTuple):
    """What closing a slice brought.

    Attributes:
        connections: Pairs of two cities; in no order that means something.
        pulses: Pairs of one city, of plays that left the window single.
        singles: Plays of this slice that are in no connection, echoes aside.
        together: Plays, of this slice or before, whose first partner is now known, in whatever city.
        echoes: Plays of this slice that repeat their listener's press; equal plays are one.
        equal: Which of the plays given are equal to another and so are no plays of their own.
    """

    connections: Pairs
    pulses: Pairs
    singles: Plays
    together: int
    echoes: int
    equal: Rows


class MatcherState(msgspec.Struct, frozen=True, array_like=True):
    """All that a matcher remembers.

    Attributes:
        closed_ms: Where the newest closed slice ended.
        single: Plays that are not connected and still within the window.
        alone: Plays that left the window single, and may still pulse.
        seen: What `Echoes` remembers.
        company: What `TogetherCounter` remembers.
    """

    closed_ms: int
    single: Plays
    alone: Plays
    seen: list[tuple[int, Hashes, Times]]
    company: tuple[Times, Mask]


class Matcher:
    """Finds who pressed play together; holds the last windows' plays, so close every slice, in order, empty ones too.

    Args:
        window_ms: How far apart two presses may lie, inclusive.
        geoname_id: The id of each city by city index, int64 of shape (cities,).
    """

    def __init__(self, window_ms: int, geoname_id: npt.NDArray[np.int64]) -> None:
        self._window = window_ms
        self._geoname_id = geoname_id
        self._echoes = Echoes(window_ms)
        self._company = TogetherCounter(window_ms)
        self._single = NO_PLAYS  # not connected, still within the window
        self._alone = NO_PLAYS  # left the window single; may still pulse with one that leaves later
        self._closed = int(LONG_AGO)

    @property
    def state(self) -> MatcherState:
        """All that it remembers; a matcher of the same window to which this is set goes on as this one would."""
        return MatcherState(self._closed, self._single, self._alone, self._echoes.state, self._company.state)

    @state.setter
    def state(self, state: MatcherState) -> None:
        self._closed, self._single, self._alone = state.closed_ms, state.single, state.alone
        self._echoes.state, self._company.state = state.seen, state.company

    def close(self, end_ms: int, new: Plays) -> Found:
        """Close the slice that ends before end_ms, given its plays in any order.

        A group's number must not pass to another group while a play of it can matter: two windows and a slice.

        Raises:
            ValueError: a play lies outside the slice, that is before the previous end or not before this one.
        """
        self._check(end_ms, new.at)
        repeats, equal = self._echoes.find(*new)
        plays = self._single.joined(new.take(others(len(new.at), repeats)) if len(repeats) else new)
        plays = plays.take(sort_west_to_east(plays.group, plays.city, plays.listener, plays.at))
        fresh = np.flatnonzero(plays.at >= self._closed)
        together = self._company.count(plays.group.take(fresh), plays.at.take(fresh))
        a, b = _connect(plays, self._window)
        rest = plays.take(others(len(plays.at), a, b))
        singles = rest.take(np.flatnonzero(rest.at >= self._closed))
        pulses = self._let_go(end_ms, rest)
        self._closed = end_ms
        return Found(self._pairs(plays, a, b), pulses, singles, together, len(repeats) - len(equal), equal)

    def _check(self, end_ms: int, at: Times) -> None:
        if end_ms <= self._closed or (len(at) and not self._closed <= at.min() <= at.max() < end_ms):
            raise ValueError(f"the slice from {self._closed} to {end_ms} ms is empty or has plays from outside")

    def _let_go(self, end_ms: int, rest: Plays) -> Pairs:
        """Keep what may still be connected; pair what leaves the window with neighbours of its own city."""
        leaves = rest.at < end_ms - self._window  # whatever comes now is at end_ms or later
        self._single = rest.take(np.flatnonzero(~leaves))
        self._echoes.forget(end_ms - self._window)
        return self._pulse(end_ms, self._alone.joined(rest.take(np.flatnonzero(leaves))))

    def _pulse(self, end_ms: int, plays: Plays) -> Pairs:
        plays = plays.take(np.lexsort((plays.at, plays.city, plays.group)))
        linked = (plays.group[1:] == plays.group[:-1]) & (plays.city[1:] == plays.city[:-1])
        a = couples(linked & (plays.at[1:] - plays.at[:-1] <= self._window), len(plays.at))
        rest = plays.take(others(len(plays.at), a, a + 1))
        self._alone = rest.take(np.flatnonzero(rest.at >= end_ms - 2 * self._window))
        return Pairs(plays.take(a), plays.take(a + 1))

    def _pairs(self, plays: Plays, a: Rows, b: Rows) -> Pairs:
        """Order the two of each pair: the earlier first, of two at once that of the smaller geoname_id."""
        at_a, at_b = plays.at.take(a), plays.at.take(b)
        swap = at_b < at_a
        tie = np.flatnonzero(at_a == at_b)
        name = self._geoname_id
        swap[tie] = name[plays.city[b[tie]]] < name[plays.city[a[tie]]]
        return Pairs(plays.take(np.where(swap, b, a)), plays.take(np.where(swap, a, b)))


def _connect(plays: Plays, window_ms: int) -> tuple[Rows, Rows]:
    """Return a maximal set of disjoint connections, rows a and b, among plays sorted from west to east in each group.

    Each of a group's western half goes with its counterpart in the eastern half, which is far; what that leaves is
    repaired.
    """
    group, city, at = plays.group, plays.city, plays.at
    a, b = halves(group[1:] == group[:-1], len(group))
    good = np.flatnonzero((city.take(a) != city.take(b)) & (np.abs(at.take(a) - at.take(b)) <= window_ms))
    a, b = a.take(good), b.take(good)
    c, d = _repair(plays, others(len(group), a, b), window_ms)
    return np.concatenate([a, c]), np.concatenate([b, d])


def _repair(plays: Plays, left: Rows, window_ms: int) -> tuple[Rows, Rows]:
    """Connect what is left over, in groups where two cities are."""
    group, city, at = plays.group, plays.city, plays.at
    mixed = (group[left[1:]] == group[left[:-1]]) & (city[left[1:]] != city[left[:-1]])
    if not mixed.any():
        return left[:0], left[:0]
    left = left[np.isin(group[left], group[left[1:][mixed]])]
    left = left[np.lexsort((at[left], group[left]))]
    a, b = _pair_in_time(group[left].tolist(), city[left].tolist(), at[left].tolist(), window_ms)
    return left[a], left[b]


def _pair_in_time(group: list[int], city: list[int], at: list[int], window_ms: int) -> tuple[list[int], list[int]]:
    """Pair the oldest with the next of another city. The queue never holds two cities, so this is maximal."""
    a: list[int] = []
    b: list[int] = []
    queue: deque[int] = deque()
    for i in range(len(at)):
        while queue and (group[queue[0]] != group[i] or at[i] - at[queue[0]] > window_ms):
            queue.popleft()
        if queue and city[queue[0]] != city[i]:
            a.append(queue.popleft())
            b.append(i)
        else:
            queue.append(i)
    return a, b
