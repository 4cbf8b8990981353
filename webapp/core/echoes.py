"""Echoes: plays soon after the same listener's play of the same song. They are counted and never matched."""

from collections import deque

import numpy as np

from webapp.core.columns import LONG_AGO, Cities, Groups, Hashes, Rows, Times, bloom_filter, possible_duplicates

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 / golden ratio: spreads neighbouring group numbers over all bits


class Echoes:
    """Finds echoes: plays within the window after the same listener's play of the same group, echo or not."""

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._seen: deque[tuple[int, Hashes, Times]] = deque()  # for each slice: its newest time, keys, times

    def find(self, group: Groups, city: Cities, listener: Hashes, at: Times, row: Rows) -> tuple[Rows, Rows]:
        """Return the rows that are echoes or duplicates, and those of them that are duplicates.

        Plays of one listener, group and time are duplicates of the one with the smallest city, then row.
        """
        key = listener ^ (group * GOLDEN)
        keys, times = self._with_earlier(key, at)
        self._seen.append((int(at.max(initial=LONG_AGO)), key, at))
        rows = possible_duplicates(keys)
        return self._repeats(rows, keys, times, city, row) if len(rows) else (rows, rows)

    def _with_earlier(self, key: Hashes, at: Times) -> tuple[Hashes, Times]:
        """Append to these plays the earlier ones that they may repeat."""
        repeated = bloom_filter(key)
        old = [(keys.take(rows), times.take(rows)) for _, keys, times in self._seen if len(rows := repeated(keys))]
        keys, times = zip((key, at), *old, strict=True)
        return np.concatenate(keys), np.concatenate(times)

    def _repeats(self, rows: Rows, keys: Hashes, times: Times, city: Cities, row: Rows) -> tuple[Rows, Rows]:
        newer, older = rows[rows < len(row)], rows[rows >= len(row)]
        newer = newer[np.lexsort((row[newer], city[newer]))]
        rows = np.concatenate((newer, older))
        rows = rows[np.lexsort((times[rows], keys[rows]))]  # stable: the play that counts comes before its duplicates
        before, after = rows[:-1], rows[1:]
        gap = times[after] - times[before]
        repeats = (keys[after] == keys[before]) & (gap <= self._window) & (after < len(row))
        return after[repeats], after[repeats & (gap == 0)]

    @property
    def state(self) -> list[tuple[int, Hashes, Times]]:
        """All that is remembered. Setting it restores it."""
        return list(self._seen)

    @state.setter
    def state(self, seen: list[tuple[int, Hashes, Times]]) -> None:
        self._seen = deque(seen)

    def forget(self, before_ms: int) -> None:
        """Forget the slices whose newest play is before the given time."""
        while self._seen and self._seen[0][0] < before_ms:
            self._seen.popleft()
