"""Matches inexact plays with each other, and with exact plays that are left, slice by slice.

Few plays are inexact, so they are handled one by one. An exact play costs something only if an inexact one has its song
or its listener.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from webapp.core.columns import NO_PLAYS, Numbers, Plays, Rows, bloom_filter, complement
from webapp.core.crowds import relevant
from webapp.core.inexact import Inexact, Press, Songs, exactly, presses
from webapp.core.inexactpairs import Candidate, Companions, Pool, Repeats
from webapp.core.inexactstate import NOTHING, Connected, Exact, Identity, InexactState, Pair, RepeatedRows
from webapp.core.neighbours import near_plays
from webapp.core.precision import SLACK_MOST_MS

EXACT_MOST = 1_000_000
"""Exact plays that are remembered for inexact ones to come: six seconds of all the music that the world plays."""

_OLD, _NEW, _FRESH = range(3)
_REST, _KNOWN = -1, -2


class InexactMatcher:
    """Matches inexact plays. For each slice, call its methods in the order in which they stand.

    A play that is single may be connected until it is older than the window and twice the largest slack.
    """

    def __init__(self, window_ms: int) -> None:
        self._window, self._reach = window_ms, window_ms + 2 * SLACK_MOST_MS
        self._exact: deque[Exact] = deque()
        self._left: deque[Plays] = deque()  # single exact plays, older than the window
        self._known = NOTHING
        self._counted: dict[Identity, None] = {}  # exact plays that have had an inexact partner only
        self._with_pulse: dict[Identity, None] = {}  # exact plays that are in a pulse with an inexact one

    @property
    def state(self) -> InexactState:
        """All that is remembered. Setting it restores it."""
        exact, left = list(self._exact), list(self._left)
        return InexactState(exact, left, self._known, list(self._counted), list(self._with_pulse))

    @state.setter
    def state(self, state: InexactState) -> None:
        self._exact, self._left, self._known = deque(state.exact), deque(state.left), state.known
        self._counted, self._with_pulse = dict.fromkeys(state.counted), dict.fromkeys(state.with_pulse)

    @property
    def rows(self) -> Numbers:
        """The rows of `Plays` of all inexact plays that are remembered."""
        return self._known.inexact.plays.row

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

    def connect(self, rest: Plays, since_ms: int, recordings: Numbers | None) -> Connected:
        """Pair each new play, in time order, with the oldest single one of another city that is near.

        Then each new play that is left pulses with the newest one of its city that has no pulse, if that is near. A
        play with a pulse can still be connected later.

        Args:
            rest: the exact plays within the window that are single.
            since_ms: the start of the slice.
            recordings: as in `Matcher.close`.
        """
        those = sorted(self._candidates(rest, since_ms, recordings), key=Candidate.rank)
        pairs, pulses = _pairs(those, since_ms, self._window), _pulses(those, since_ms, self._window)
        self._note(those)
        rows = [each.origin[1] for each in those if each.is_taken and each.origin[0] == _REST]
        return Connected(pairs, pulses, np.array(rows, np.int64))

    def _candidates(self, rest: Plays, since_ms: int, recordings: Numbers | None) -> Iterator[Candidate]:
        """Yield the single inexact plays of songs with a new play, and the single exact ones of these songs."""
        singles = self._of_new_songs(np.flatnonzero(self._known.is_single), rest, since_ms, recordings)
        inexact = self._known.inexact.take(singles)
        if not len(singles):
            return
        has_pulse = self._known.has_pulse[singles].tolist()
        for press, row, pulses in zip(presses(inexact, recordings), singles.tolist(), has_pulse, strict=True):
            yield Candidate(press, (_KNOWN, row), pulses)
        exact, where, row = self._exact_singles(Songs(inexact.plays, recordings), rest)
        rows = relevant(exact, inexact, recordings, self._window)
        origins = zip(where[rows].tolist(), row[rows].tolist(), strict=True)
        for press, origin in zip(presses(exactly(exact.take(rows)), recordings), origins, strict=True):
            yield Candidate(press, origin, _identity(press) in self._with_pulse)

    def _exact_singles(self, songs: Songs, rest: Plays) -> tuple[Plays, Rows, Rows]:
        """Return the single exact plays of songs, and for each where it is remembered, and its row there."""
        chunks = [(_REST, rest), *enumerate(self._left)]
        rows = [songs.rows(plays) for _, plays in chunks]
        where = np.repeat([number for number, _ in chunks], list(map(len, rows)))
        exact = NO_PLAYS.joined(*(plays.take(some) for (_, plays), some in zip(chunks, rows, strict=True)))
        return exact, where, np.concatenate(rows)

    def _of_new_songs(self, known: Rows, exact: Plays, since_ms: int, recordings: Numbers | None) -> Rows:
        """Return those of some inexact plays whose song has a new play, given the exact plays that count."""
        inexact = self._known.inexact.plays.take(known)
        if not len(known):
            return known
        new = exact.take(np.flatnonzero(exact.at >= since_ms))
        new = new.take(Songs(inexact, recordings).rows(new))
        songs = Songs(inexact.take(np.flatnonzero(inexact.at >= since_ms)).joined(new), recordings)
        return known[songs.rows(inexact)]

    def _note(self, those: Iterable[Candidate]) -> None:
        """Remember which plays are connected, and which have a pulse."""
        is_single, has_pulse = self._known.is_single.copy(), self._known.has_pulse.copy()
        taken = defaultdict[int, list[int]](list)
        for each in those:
            where, row = each.origin
            if where == _KNOWN:
                is_single[row], has_pulse[row] = not each.is_taken, each.has_pulse
            elif each.has_pulse:
                self._with_pulse[_identity(each.press)] = None
            if each.is_taken and where >= 0:
                taken[where].append(row)
        self._known = self._known._replace(is_single=is_single, has_pulse=has_pulse)
        for where, rows in taken.items():
            plays = self._left[where]
            self._left[where] = plays.take(complement(len(plays.at), np.array(rows)))

    def singles_since(self, since_ms: int) -> Inexact:
        """Return the single inexact plays from this time on."""
        known = self._known
        return known.inexact.take(np.flatnonzero(known.is_single & (known.inexact.plays.at >= since_ms)))

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
        rows = np.flatnonzero(eligible)
        names = map(_identity, presses(exactly(exact.take(rows)), None))
        first = {row: name for row, name in zip(rows.tolist(), names, strict=True) if name not in self._counted}
        self._counted |= dict.fromkeys(first.values())
        met = known[near.inexact[n:]]
        count = len(first) + int(np.count_nonzero(~self._known.is_together[met]))
        is_together = self._known.is_together.copy()
        is_together[met] = True
        self._known = self._known._replace(is_together=is_together)
        return count, exact.take(np.array(list(first), np.int64))

    def _exact_of(self, songs: Songs) -> Plays:
        """Return the exact plays with these songs, without echoes and duplicates."""
        found = ((plays, is_repeat, songs.rows(plays)) for plays, is_repeat in self._exact)
        return NO_PLAYS.joined(*(plays.take(rows[~is_repeat[rows]]) for plays, is_repeat, rows in found))

    def expire(self, end_ms: int, left: Plays) -> None:
        """Forget what no later play can be near.

        Args:
            end_ms: the end of the slice.
            left: the single exact plays that are now older than the window.
        """
        oldest_ms = end_ms - self._window - SLACK_MOST_MS
        if len(left.at):
            self._left.append(left)
        _trim(self._left, (len(each.at) for each in self._left))
        while self._left and self._left[0].at.max(initial=oldest_ms - 1) < oldest_ms:
            self._left.popleft()
        while self._exact and self._exact[0].plays.at.max() < oldest_ms - self._window:
            self._exact.popleft()
        self._counted, self._with_pulse = (
            {each: None for each in some if each[2] >= oldest_ms} for some in (self._counted, self._with_pulse)
        )
        self._known = self._known.take(np.flatnonzero(self._known.inexact.plays.at >= end_ms - self._reach))


def _pairs(those: Iterable[Candidate], since_ms: int, window_ms: int) -> list[Pair]:
    """Pair plays in two cities, given all in order."""
    pool, pairs = Pool(window_ms), list[Pair]()
    for each in those:
        earlier = pool.partner(each.press) if each.press.at >= since_ms else None
        if earlier:
            earlier.is_taken = each.is_taken = True
            pairs.append((earlier.press, each.press))
        else:
            pool.add(each)
    return pairs


def _pulses(those: Iterable[Candidate], since_ms: int, window_ms: int) -> list[Pair]:
    """Pair plays in one city that are not connected, given all in order."""
    companions, pulses = Companions(window_ms), list[Pair]()
    for each in those:
        if each.is_taken or each.has_pulse:
            continue
        earlier = companions.take(each.press) if each.press.at >= since_ms else None
        if earlier:
            earlier.has_pulse = each.has_pulse = True
            pulses.append((earlier.press, each.press))
        else:
            companions.add(each)
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


def _identity(press: Press) -> Identity:
    return press.listener, press.group, press.at
