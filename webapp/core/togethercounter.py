"""How many plays are together: near another listener's play of the same song."""

import numpy as np

from webapp.core.columns import LONG_AGO, Groups, Mask, Rows, Times, run_sizes, run_starts


class TogetherCounter:
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
