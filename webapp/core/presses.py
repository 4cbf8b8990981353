"""What is remembered of earlier presses, matched or not: to know echoes, and to count plays that are together."""

from collections import deque

import numpy as np

from webapp.core.columns import Cities, Groups, Hashes, Mask, Rows, Times, recurring, run_sizes, run_starts, sieve

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 / golden ratio: spreads neighbouring group numbers over all bits
LONG_AGO = np.int64(-(1 << 62))


class Echoes:
    """Tells echoes: presses within the window after the same listener's press of the same group, echo or not."""

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._seen: deque[tuple[int, Hashes, Times]] = deque()  # a slice each: newest press, who pressed what, when

    def find(self, group: Groups, city: Cities, listener: Hashes, at: Times, row: Rows) -> tuple[Rows, Rows]:
        """Return the rows that are an echo or equal to another, and those of them that are equal; equal plays are one.

        Of equal plays one stays: that of the smallest city, then row.
        """
        presser = listener ^ (group * GOLDEN)
        keys, times = self._with_earlier(presser, at)
        self._seen.append((int(at.max(initial=LONG_AGO)), presser, at))
        rows = recurring(keys)
        return self._repeats(rows, keys, times, city, row) if len(rows) else (rows, rows)

    def _with_earlier(self, presser: Hashes, at: Times) -> tuple[Hashes, Times]:
        """Append to these presses the earlier ones that they may repeat."""
        meets = sieve(presser)
        old = [(key.take(rows), times.take(rows)) for _, key, times in self._seen if len(rows := meets(key))]
        keys, times = zip((presser, at), *old, strict=True)
        return np.concatenate(keys), np.concatenate(times)

    def _repeats(self, rows: Rows, keys: Hashes, times: Times, city: Cities, row: Rows) -> tuple[Rows, Rows]:
        newer, older = rows[rows < len(row)], rows[rows >= len(row)]
        newer = newer[np.lexsort((row[newer], city[newer]))]
        rows = np.concatenate((newer, older))
        rows = rows[np.lexsort((times[rows], keys[rows]))]  # stable, so of equal plays the one that counts is first
        before, again = rows[:-1], rows[1:]
        gap = times[again] - times[before]
        near = (keys[again] == keys[before]) & (gap <= self._window) & (again < len(row))
        return again[near], again[near & (gap == 0)]

    @property
    def state(self) -> list[tuple[int, Hashes, Times]]:
        """What is remembered; set it to go on from there."""
        return list(self._seen)

    @state.setter
    def state(self, seen: list[tuple[int, Hashes, Times]]) -> None:
        self._seen = deque(seen)

    def forget(self, before_ms: int) -> None:
        """Forget slices whose newest press is before the given time."""
        while self._seen and self._seen[0][0] < before_ms:
            self._seen.popleft()


class Company:
    """Counts plays that have company: another play of the group within the window, each once.

    Only a group's last press can still gain company, so for each group that press and whether it was counted are kept.
    """

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._last: Times = np.empty(0, np.int64)
        self._alone: Mask = np.empty(0, bool)

    @property
    def state(self) -> tuple[Times, Mask]:
        """What is remembered; set it to go on from there."""
        return self._last, self._alone

    @state.setter
    def state(self, state: tuple[Times, Mask]) -> None:
        self._last, self._alone = state[0].copy(), state[1].copy()

    def count(self, group: Groups, at: Times) -> int:
        """Count the plays whose first company is now known; columns of one slice, shape (n,), sorted by group."""
        if not len(at):
            return 0
        self._make_room(int(group[-1]) + 1)
        start, first, last, size = self._chains(group, at)
        who = group[start]
        near = first - self._last[who] <= self._window
        counted = np.where(size > 1, size, near).sum() + np.count_nonzero(near & self._alone[who])
        self._last[who], self._alone[who] = last, (size == 1) & ~near  # of several chains in a group the last stays
        return int(counted)

    def _chains(self, group: Groups, at: Times) -> tuple[Rows, Times, Times, Rows]:
        """Split into chains of plays with neighbours within the window: start, first and last time, size of each."""
        n, linked = len(at), group[1:] == group[:-1]
        if at.max() - at.min() > self._window:
            by = np.lexsort((at, group))
            at = at[by]
            linked &= at[1:] - at[:-1] <= self._window
        start = run_starts(linked, n)
        return start, np.minimum.reduceat(at, start), np.maximum.reduceat(at, start), run_sizes(start, n)

    def _make_room(self, groups: int) -> None:
        more = max(groups, 2 * len(self._last)) - len(self._last) if groups > len(self._last) else 0
        if more:
            self._last = np.append(self._last, np.full(more, LONG_AGO))
            self._alone = np.append(self._alone, np.zeros(more, bool))
