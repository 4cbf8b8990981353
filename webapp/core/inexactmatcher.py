"""Matches inexact plays with each other, and with exact plays that are left, slice by slice.

Few plays are inexact, so they are handled one by one. An exact play costs something only if an inexact one has its song
or its listener.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from webapp.core.columns import NO_PLAYS, Mask, Numbers, Plays, Rows, bloom_filter, complement
from webapp.core.inexact import NO_INEXACT, Inexact, Press, Songs, exactly, presses
from webapp.core.inexactpairs import Candidate, Pool, Repeats, are_near
from webapp.core.neighbours import near_plays
from webapp.core.precision import SLACK_MOST_MS

EXACT_MOST = 1_000_000
"""Exact plays that are remembered for inexact ones to come: six seconds of all the music that the world plays."""

_NONE: Rows = np.empty(0, np.int64)
_OLD, _NEW, _FRESH = range(3)
_REST, _KNOWN = -1, -2
Pair = tuple[Press, Press]
Identity = tuple[int, int, int]
"""Listener, group and time of a play."""


class Exact(NamedTuple):
    """The exact plays of a slice, and which of them are echoes or duplicates."""

    plays: Plays
    is_repeat: Mask


class Known(NamedTuple):
    """The inexact plays that may still matter; columns of shape (n,).

    Attributes:
        inexact: the plays.
        is_repeat: whether it is an echo or a duplicate.
        is_single: whether it can still be connected.
        is_together: whether it has had a partner.
    """

    inexact: Inexact
    is_repeat: Mask
    is_single: Mask
    is_together: Mask

    def take(self, rows: Rows) -> Known:
        """Return the given rows, in their order."""
        inexact, *masks = self
        return Known(inexact.take(rows), *(mask.take(rows) for mask in masks))

    def with_new(self, fresh: Inexact, is_repeat: Mask) -> Known:
        """Return these and new ones."""
        inexact, *masks = self
        added = is_repeat, ~is_repeat, np.zeros(len(is_repeat), bool)
        return Known(inexact.joined(fresh), *map(np.concatenate, zip(masks, added, strict=True)))


class RepeatedRows(NamedTuple):
    """Repeats where one of the two plays is inexact: exact plays that are echoes, and inexact plays, by row."""

    exact: Rows
    echoes: Rows
    duplicates: Rows


class InexactState(msgspec.Struct, frozen=True, array_like=True):
    """All that an `InexactMatcher` remembers; see there."""

    exact: list[Exact]
    left: list[Plays]
    known: Known
    counted: list[Identity]
    waiting: list[Press]


NO_REPEATS = RepeatedRows(_NONE, _NONE, _NONE)
_NOTHING = Known(NO_INEXACT, np.empty(0, bool), np.empty(0, bool), np.empty(0, bool))


class InexactMatcher:
    """Matches inexact plays. For each slice, call its methods in the order in which they stand.

    A play that is single may be connected until it is older than the window and twice the largest slack.
    """

    def __init__(self, window_ms: int) -> None:
        self._window, self._reach = window_ms, window_ms + 2 * SLACK_MOST_MS
        self._exact: deque[Exact] = deque()
        self._left: deque[Plays] = deque()  # single exact plays, older than the window
        self._known = _NOTHING
        self._counted: dict[Identity, None] = {}  # exact plays that have had an inexact partner only
        self._waiting: dict[tuple[int, int], Press] = {}  # by group and city: too old for a connection, not for a pulse

    @property
    def state(self) -> InexactState:
        """All that is remembered. Setting it restores it."""
        waiting = list(self._waiting.values())
        return InexactState(list(self._exact), list(self._left), self._known, list(self._counted), waiting)

    @state.setter
    def state(self, state: InexactState) -> None:
        self._exact, self._left, self._known = deque(state.exact), deque(state.left), state.known
        self._counted = dict.fromkeys(state.counted)
        self._waiting = {(press.group, press.city): press for press in state.waiting}

    @property
    def rows(self) -> Numbers:
        """The rows of `Plays` of all inexact plays that are remembered."""
        waiting = np.array([press.row for press in self._waiting.values()], np.int64)
        return np.concatenate((self._known.inexact.plays.row, waiting))

    def repeats(self, new: Plays, fresh: Inexact, recordings: Numbers | None) -> RepeatedRows:
        """Return which of a slice's exact and inexact plays repeat another one, where one of both is inexact."""
        exact, echoes, duplicates = list[int](), list[int](), list[int]()
        for those in self._by_suspect(new, fresh, recordings).values():
            earlier = Repeats(self._window)
            for press, kind, row in sorted(those):
                if kind and earlier.is_repeat(press):
                    is_duplicate = kind == _FRESH and earlier.is_duplicate(press)
                    (exact if kind == _NEW else duplicates if is_duplicate else echoes).append(row)
                earlier.add(press)
        return RepeatedRows(*(np.array(rows, np.int64) for rows in (exact, echoes, duplicates)))

    def _by_suspect(
        self, new: Plays, fresh: Inexact, recordings: Numbers | None
    ) -> dict[int, list[tuple[Press, int, int]]]:
        """Return the plays of each listener who could have a repeat: the press, whether it is old or new, its row."""
        found = defaultdict[int, list[tuple[Press, int, int]]](list)
        known, listeners = self._known.inexact, fresh.plays.listener
        inexact = np.concatenate((listeners, known.plays.listener))
        if not len(inexact):
            return found
        again = bloom_filter(inexact)(new.listener)
        is_active, is_fresh = bloom_filter(np.concatenate((listeners, new.listener[again]))), bloom_filter(listeners)
        for some, kind, rows in (
            (exactly(new), _NEW, again),
            (fresh, _FRESH, np.arange(len(listeners))),
            (known, _OLD, is_active(known.plays.listener)),
            *((exactly(each.plays), _OLD, is_fresh(each.plays.listener)) for each in self._exact if len(listeners)),
        ):
            for press, row in zip(presses(some.take(rows), recordings), rows.tolist(), strict=True):
                found[press.listener].append((press, kind, row))
        return found

    def remember(self, exact: Exact, fresh: Inexact, repeats: RepeatedRows) -> None:
        """Remember a slice's plays."""
        if len(exact.is_repeat):
            self._exact.append(exact)
        _trim(self._exact, (len(each.is_repeat) for each in self._exact))
        is_repeat = np.zeros(len(fresh.precision), bool)
        is_repeat[np.concatenate((repeats.echoes, repeats.duplicates))] = True
        if len(is_repeat):
            self._known = self._known.with_new(fresh, is_repeat)

    def connect(self, rest: Plays, since_ms: int, recordings: Numbers | None) -> tuple[list[Pair], Rows]:
        """Pair each new play, in time order, with the oldest single one of another city that is near.

        Args:
            rest: the exact plays within the window that are single.
            since_ms: the start of the slice.
            recordings: as in `Matcher.close`.

        Returns:
            The pairs, the earlier play first, and the rows of `rest` that are in one.
        """
        pool, pairs, taken = Pool(self._window), list[Pair](), defaultdict[int, list[int]](list)
        for each in sorted(self._candidates(rest, since_ms, recordings), key=Candidate.rank):
            earlier = pool.partner(each.press) if each.press.at >= since_ms else None
            if earlier is None:
                pool.add(each)
                continue
            earlier.is_taken = True
            pairs.append((earlier.press, each.press))
            for where, row in (earlier.origin, each.origin):
                taken[where].append(row)
        self._take_out(taken)
        return pairs, np.array(taken.get(_REST, []), np.int64)

    def _candidates(self, rest: Plays, since_ms: int, recordings: Numbers | None) -> Iterator[Candidate]:
        """Yield the single inexact plays of songs with a new play, and the single exact ones of these songs."""
        singles = self._of_new_songs(np.flatnonzero(self._known.is_single), rest, since_ms, recordings)
        inexact = self._known.inexact.take(singles)
        if not len(singles):
            return
        yield from _with_origins(inexact, recordings, _KNOWN, singles)
        songs = Songs(inexact.plays, recordings)
        for where, plays in ((_REST, rest), *enumerate(self._left)):
            rows = songs.rows(plays)
            yield from _with_origins(exactly(plays.take(rows)), recordings, where, rows)

    def _of_new_songs(self, known: Rows, exact: Plays, since_ms: int, recordings: Numbers | None) -> Rows:
        """Return those of some inexact plays whose song has a new play, given the exact plays that count."""
        inexact = self._known.inexact.plays.take(known)
        if not len(known):
            return known
        new = exact.take(np.flatnonzero(exact.at >= since_ms))
        new = new.take(Songs(inexact, recordings).rows(new))
        songs = Songs(inexact.take(np.flatnonzero(inexact.at >= since_ms)).joined(new), recordings)
        return known[songs.rows(inexact)]

    def _take_out(self, taken: dict[int, list[int]]) -> None:
        """Note that these plays are connected, by where they are remembered, and row."""
        for where, rows in taken.items():
            if where == _KNOWN:
                is_single = self._known.is_single.copy()
                is_single[rows] = False
                self._known = self._known._replace(is_single=is_single)
            elif where != _REST:
                plays = self._left[where]
                self._left[where] = plays.take(complement(len(plays.at), np.array(rows)))

    def singles_since(self, since_ms: int) -> Plays:
        """Return the single inexact plays from this time on."""
        known = self._known
        return known.inexact.plays.take(np.flatnonzero(known.is_single & (known.inexact.plays.at >= since_ms)))

    def count_together(self, since_ms: int, recordings: Numbers | None) -> tuple[int, Plays]:
        """Count the plays whose first partner is now known, and is or has an inexact one.

        Args:
            since_ms: the start of the slice.
            recordings: as in `Matcher.close`.

        Returns:
            The number of plays, and the exact ones among them.
        """
        newest = self._exact[-1].plays if self._exact else NO_PLAYS
        known = self._of_new_songs(np.flatnonzero(~self._known.is_repeat), newest, since_ms, recordings)
        if not len(known):
            return 0, NO_PLAYS
        inexact = self._known.inexact.take(known)
        exact = self._exact_of(Songs(inexact.plays, recordings))
        if recordings is not None:  # an exact partner of an exact play may have another song than the inexact one
            exact = self._exact_of(Songs(inexact.plays.joined(exact), recordings))
        near = near_plays(exactly(exact).joined(inexact), recordings, self._window)
        n = len(exact.at)
        eligible = near.inexact[:n] & ~near.exact[:n] & (exact.at >= since_ms - self._window - SLACK_MOST_MS)
        first = [row for row in np.flatnonzero(eligible).tolist() if _identity(exact, row) not in self._counted]
        self._counted |= dict.fromkeys(_identity(exact, row) for row in first)
        met = known[near.inexact[n:]]
        count = len(first) + int(np.count_nonzero(~self._known.is_together[met]))
        is_together = self._known.is_together.copy()
        is_together[met] = True
        self._known = self._known._replace(is_together=is_together)
        return count, exact.take(np.array(first, np.int64))

    def _exact_of(self, songs: Songs) -> Plays:
        """Return the exact plays with these songs, without echoes and duplicates."""
        found = [NO_PLAYS]
        for plays, is_repeat in self._exact:
            rows = songs.rows(plays)
            found.append(plays.take(rows[~is_repeat[rows]]))
        return Plays(*map(np.concatenate, zip(*found, strict=True)))

    def expire(self, end_ms: int, left: Plays) -> list[Pair]:
        """Forget what no later play can be near.

        Args:
            end_ms: the end of the slice.
            left: the single exact plays that are now older than the window.

        Returns:
            The pulses: pairs in one city of plays that can no longer be connected, the earlier play first.
        """
        oldest_ms = end_ms - self._window - SLACK_MOST_MS
        if len(left.at):
            self._left.append(left)
        _trim(self._left, (len(each.at) for each in self._left))
        while self._left and self._left[0].at.max(initial=oldest_ms - 1) < oldest_ms:
            self._left.popleft()
        while self._exact and self._exact[0].plays.at.max() < oldest_ms - self._window:
            self._exact.popleft()
        self._counted = {each: None for each in self._counted if each[2] >= oldest_ms}
        leaves = self._known.inexact.plays.at < end_ms - self._reach
        pulses = self._pulses(self._known.take(np.flatnonzero(leaves)), end_ms)
        self._known = self._known.take(np.flatnonzero(~leaves))
        return pulses

    def _pulses(self, leaving: Known, end_ms: int) -> list[Pair]:
        """Pair neighbours in time in each group and city."""
        pulses, singles = list[Pair](), leaving.inexact.take(np.flatnonzero(leaving.is_single))
        for press in sorted(presses(singles, None), key=lambda press: (press.at, press.listener)):
            before = self._waiting.pop((press.group, press.city), None)
            if before and are_near(before, press, self._window):
                pulses.append((before, press))
            else:
                self._waiting[press.group, press.city] = press
        oldest_ms = end_ms - 2 * self._reach
        self._waiting = {place: press for place, press in self._waiting.items() if press.at >= oldest_ms}
        return pulses


def _trim(chunks: deque[Any], sizes: Iterable[int]) -> None:
    """Drop the oldest chunks while there are more plays than are remembered; `sizes` are the chunks'."""
    kept = list(sizes)
    excess = sum(kept) - EXACT_MOST
    for size in kept[:-1]:
        if excess <= 0:
            return
        chunks.popleft()
        excess -= size


def _with_origins(some: Inexact, recordings: Numbers | None, where: int, rows: Rows) -> Iterator[Candidate]:
    for press, row in zip(presses(some, recordings), rows.tolist(), strict=True):
        yield Candidate(press, (where, row))


def _identity(plays: Plays, row: int) -> Identity:
    return int(plays.listener[row]), int(plays.group[row]), int(plays.at[row])
