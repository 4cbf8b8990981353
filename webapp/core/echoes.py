"""Echoes: plays soon after the same listener's play of the same song. They are counted and never matched."""

from collections import deque
from typing import NamedTuple

import numpy as np

from webapp.core.columns import (
    LONG_AGO,
    Groups,
    Hashes,
    Numbers,
    Plays,
    Rows,
    Times,
    bloom_filter,
    complement,
    possible_duplicates,
)
from webapp.core.recordings import in_recordings

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 / golden ratio: spreads neighbouring numbers over all bits


class Seen(NamedTuple):
    """The plays of a slice, as they are remembered: columns of shape (n,).

    Attributes:
        newest: Time of the newest play.
        key: Listener and group.
        at: As in `Plays`.
        group: Likewise.
        row: Likewise.
        repeats: The rows that are echoes or duplicates.
    """

    newest: int
    key: Hashes
    at: Times
    group: Groups
    row: Rows
    repeats: Rows


class Echoes:
    """Finds echoes: plays within the window after the same listener's play of the same song, echo or not.

    Plays are of one song if they are of one group, or have one source and recording.
    """

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._seen: deque[Seen] = deque()

    def find(self, plays: Plays, recordings: Numbers | None, others: Rows) -> tuple[Rows, Rows]:
        """Return the rows that are echoes or duplicates, and those of them that are duplicates.

        Plays of one listener, song and time are duplicates of the one with the smallest city, then row.

        Args:
            plays: of one slice.
            recordings: as in `Matcher.close`.
            others: rows that are echoes for another reason.
        """
        key = plays.listener ^ (plays.group * GOLDEN)
        repeats, duplicates = self._repeats(*self._with_earlier(key, plays.at), plays)
        if recordings is not None:
            more = self._with_recordings(plays, recordings)
            repeats, duplicates = np.union1d(repeats, more[0]), np.union1d(duplicates, more[1])
        if len(others):
            repeats = np.union1d(repeats, others)
        newest = int(plays.at.max(initial=LONG_AGO))
        self._seen.append(Seen(newest, key, plays.at, plays.group, plays.row, repeats))
        return repeats, duplicates

    def earlier(self, recordings: Numbers) -> tuple[Numbers, Times, Groups]:
        """Return number, time and group of the plays before the newest slice that `in_recordings` finds, no echoes."""
        found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint32))]
        for seen in list(self._seen)[:-1]:
            counted = complement(len(seen.at), seen.repeats)
            rows, number = in_recordings(seen.group[counted], seen.row[counted], recordings)
            found.append((number, seen.at[counted[rows]], seen.group[counted[rows]]))
        number, at, group = map(np.concatenate, zip(*found, strict=True))
        return number, at, group

    def _with_recordings(self, plays: Plays, recordings: Numbers) -> tuple[Rows, Rows]:
        """Return repeats and duplicates among plays of one recording."""
        new, number = in_recordings(plays.group, plays.row, recordings)
        keys, times = [plays.listener[new] ^ _spread(number)], [plays.at[new]]
        for seen in self._seen if len(new) else ():
            rows, number = in_recordings(seen.group, seen.row, recordings)
            listener = seen.key[rows] ^ (seen.group[rows] * GOLDEN)
            keys.append(listener ^ _spread(number))
            times.append(seen.at[rows])
        repeats, duplicates = self._repeats(np.concatenate(keys), np.concatenate(times), plays.take(new))
        return new[repeats], new[duplicates]

    def _with_earlier(self, key: Hashes, at: Times) -> tuple[Hashes, Times]:
        """Append to these plays the earlier ones that they may repeat."""
        repeated = bloom_filter(key)
        old = [(seen.key.take(rows), seen.at.take(rows)) for seen in self._seen if len(rows := repeated(seen.key))]
        keys, times = zip((key, at), *old, strict=True)
        return np.concatenate(keys), np.concatenate(times)

    def _repeats(self, keys: Hashes, times: Times, plays: Plays) -> tuple[Rows, Rows]:
        """Return the rows of plays that repeat another one; `keys` and `times` begin with theirs."""
        rows, n = possible_duplicates(keys), len(plays.at)
        if not len(rows):
            return rows, rows
        newer, older = rows[rows < n], rows[rows >= n]
        newer = newer[np.lexsort((plays.row[newer], plays.city[newer]))]
        rows = np.concatenate((newer, older))
        rows = rows[np.lexsort((times[rows], keys[rows]))]  # stable: the play that counts comes before its duplicates
        before, after = rows[:-1], rows[1:]
        gap = times[after] - times[before]
        repeats = (keys[after] == keys[before]) & (gap <= self._window) & (after < n)
        return after[repeats], after[repeats & (gap == 0)]

    @property
    def state(self) -> list[Seen]:
        """All that is remembered. Setting it restores it."""
        return list(self._seen)

    @state.setter
    def state(self, seen: list[Seen]) -> None:
        self._seen = deque(seen)

    def forget(self, before_ms: int) -> None:
        """Forget the slices whose newest play is before the given time."""
        while self._seen and self._seen[0].newest < before_ms:
            self._seen.popleft()


def _spread(number: Numbers) -> Hashes:
    return number.astype(np.uint64) * GOLDEN
