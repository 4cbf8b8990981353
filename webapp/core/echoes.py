"""Echoes: presses soon after the same listener's press of the same song. They are counted and never matched."""

from collections import deque

import numpy as np

from webapp.core.columns import LONG_AGO, Cities, Groups, Hashes, Rows, Times, recurring, sieve

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 / golden ratio: spreads neighbouring group numbers over all bits


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
