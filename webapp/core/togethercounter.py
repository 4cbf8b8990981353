"""Counts the plays that are together: within the window of another listener's play of the same song."""

import numpy as np

from webapp.core.columns import LONG_AGO, Groups, Mask, Numbers, Plays, Rows, Times, run_sizes, run_starts
from webapp.core.recordings import have_neighbours, in_recordings


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
        return self._count(group, at)[0]

    def count_with_recordings(self, fresh: Plays, earlier: tuple[Numbers, Times, Groups], recordings: Numbers) -> int:
        """Count likewise, where partners may also have the play's recording in another group.

        Args:
            fresh: the plays of one slice, without echoes, sorted by group.
            earlier: those of earlier slices, as `Echoes.earlier` returns them.
            recordings: as in `Matcher.close`.
        """
        rows, number = in_recordings(fresh.group, fresh.row, recordings)
        old_number, old_at, old_group = earlier
        at = np.concatenate((old_at, fresh.at[rows]))
        near = have_neighbours(np.concatenate((old_number, number)), at, self._window)
        old_met = near[: len(old_at)] & self._are_alone(old_group, old_at)
        self._alone[old_group[old_met]] = False
        counted, alone = self._count(fresh.group, fresh.at)
        met = rows[near[len(old_at) :] & np.isin(rows, alone)]
        self._alone[fresh.group[met][self._are_alone(fresh.group[met], fresh.at[met])]] = False
        return counted + int(np.count_nonzero(old_met)) + len(met)

    def note_partners(self, plays: Plays) -> None:
        """Note that these plays have been counted for another reason."""
        alone = self._are_alone(plays.group, plays.at)
        self._alone[plays.group[alone]] = False

    def _are_alone(self, group: Groups, at: Times) -> Mask:
        """Tell which plays are the last of their group, and still have no partner."""
        alone: Mask = self._alone[group] & (self._last[group] == at)
        return alone

    def _count(self, group: Groups, at: Times) -> tuple[int, Rows]:
        """Return how many plays' first partner is now known, and the rows that have none yet."""
        if not len(at):
            return 0, np.empty(0, np.int64)
        self._make_room(int(group[-1]) + 1)
        start, first, last, size, by = self._chains(group, at)
        groups = group[start]
        near = first - self._last[groups] <= self._window
        counted = np.where(size > 1, size, near).sum() + np.count_nonzero(near & self._alone[groups])
        # Of several chains in a group, numpy keeps what is assigned last.
        self._last[groups], self._alone[groups] = last, (size == 1) & ~near
        lonely = start[(size == 1) & ~near]
        return int(counted), lonely if by is None else by[lonely]

    def _chains(self, group: Groups, at: Times) -> tuple[Rows, Times, Times, Rows, Rows | None]:
        """Split groups into chains, with neighbours within the window: start, first and last time, size of each.

        The last value is the order of the rows, or None if it is theirs.
        """
        n, linked, by = len(at), group[1:] == group[:-1], None
        if at.max() - at.min() > self._window:
            by = np.lexsort((at, group))
            at = at[by]
            linked &= at[1:] - at[:-1] <= self._window
        start = run_starts(linked, n)
        return start, np.minimum.reduceat(at, start), np.maximum.reduceat(at, start), run_sizes(start, n), by

    def _make_room(self, groups: int) -> None:
        more = max(groups, 2 * len(self._last)) - len(self._last) if groups > len(self._last) else 0
        if more:
            self._last = np.append(self._last, np.full(more, LONG_AGO))
            self._alone = np.append(self._alone, np.zeros(more, bool))
