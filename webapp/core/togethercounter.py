"""Counts the plays that are together: within the window of another listener's play of the same song."""

import numpy as np

from webapp.core.columns import LONG_AGO, Groups, Mask, Rows, Times, run_sizes, run_starts


class TogetherCounter:
    """Counts plays with another play of their group within the window, each play once.

    Only a group's last play can still get a partner. So it keeps, for each group, that play's time and whether it has
    none yet.
    """

    def __init__(self, window_ms: int) -> None:
        self._window = window_ms
        self._last: Times = np.empty(0, np.int64)
        self._alone: Mask = np.empty(0, bool)

    @property
    def state(self) -> tuple[Times, Mask]:
        """All that is remembered. Setting it restores it."""
        return self._last, self._alone

    @state.setter
    def state(self, state: tuple[Times, Mask]) -> None:
        self._last, self._alone = state[0].copy(), state[1].copy()

    def count(self, group: Groups, at: Times) -> int:
        """Count the plays whose first partner is now known; columns of one slice, shape (n,), sorted by group."""
        if not len(at):
            return 0
        self._make_room(int(group[-1]) + 1)
        start, first, last, size = self._chains(group, at)
        groups = group[start]
        near = first - self._last[groups] <= self._window
        counted = np.where(size > 1, size, near).sum() + np.count_nonzero(near & self._alone[groups])
        # Of several chains in a group, numpy keeps what is assigned last.
        self._last[groups], self._alone[groups] = last, (size == 1) & ~near
        return int(counted)

    def _chains(self, group: Groups, at: Times) -> tuple[Rows, Times, Times, Rows]:
        """Split groups into chains, with neighbours within the window: start, first and last time, size of each."""
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
