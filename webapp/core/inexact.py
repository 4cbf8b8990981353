"""Plays whose time is not exact: their columns, and each as one value.

Two plays of one song are near each other if they are no farther apart than the window and what the precisions of both
add to it; see `webapp.core.precision`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from webapp.core.columns import NO_PLAYS, Mask, Numbers, Plays, Rows
from webapp.core.plays import SOURCES
from webapp.core.recordings import in_recordings

INEXACT_MOST = 2_000
"""Inexact plays of a slice and source that are matched: as many as two million people with music clients make."""

Precisions = npt.NDArray[np.uint16]


class Inexact(NamedTuple):
    """Columns of plays with their precisions, shape (n,)."""

    plays: Plays
    precision: Precisions

    def take(self, rows: Rows) -> Inexact:
        """Return the given rows, in their order."""
        return Inexact(self.plays.take(rows), self.precision.take(rows))

    def joined(self, *more: Inexact) -> Inexact:
        """Return these plays followed by more."""
        precisions = np.concatenate((self.precision, *(each.precision for each in more)))
        return Inexact(self.plays.joined(*(each.plays for each in more)), precisions)

    def limited(self) -> tuple[Rows, Rows]:
        """Return the rows of the plays of a slice that are matched, and of those that are too many of their source."""
        plays = self.plays
        source = plays.group % len(SOURCES)
        rows = np.lexsort((self.precision, plays.city, plays.listener, plays.at, source))
        place = np.arange(len(rows)) - np.searchsorted(source[rows], source[rows])
        return rows[place < INEXACT_MOST], rows[place >= INEXACT_MOST]


NO_INEXACT = Inexact(NO_PLAYS, np.empty(0, np.uint16))


class Press(NamedTuple):
    """One play. Plays are ordered by time, then the exact first, then from west to east.

    Attributes:
        at: as in `Plays`, like city, row, listener and group.
        precision: a code of `webapp.core.precision`.
        recording: a number above 0 for (source, recording); 0 if no other song has the recording.
    """

    at: int
    precision: int
    city: int
    row: int
    listener: int
    group: int
    recording: int

    @property
    def songs(self) -> tuple[tuple[str, int], ...]:
        """What plays of one song have in common: a group, or a recording."""
        by_group = ("group", self.group)
        return (by_group, ("recording", self.recording)) if self.recording else (by_group,)


def exactly(plays: Plays) -> Inexact:
    """Return exact plays with their precision."""
    return Inexact(plays, np.zeros(len(plays.at), np.uint16))


def presses(inexact: Inexact, recordings: Numbers | None) -> list[Press]:
    """Return plays one by one; `recordings` is as in `Matcher.close`."""
    group, city, listener, at, row = inexact.plays
    columns = at, inexact.precision, city, row, listener, group, by_recording(inexact.plays, recordings)
    return list(map(Press._make, zip(*(column.tolist() for column in columns), strict=True)))


def columns_of(some: Iterable[Press]) -> Plays:
    """Return the columns of plays."""
    those = list(some)
    return Plays(
        np.array([press.group for press in those], np.uint32),
        np.array([press.city for press in those], np.uint16),
        np.array([press.listener for press in those], np.uint64),
        np.array([press.at for press in those], np.int64),
        np.array([press.row for press in those], np.int64),
    )


def by_recording(plays: Plays, recordings: Numbers | None) -> Numbers:
    """Return a number above 0 for the (source, recording) of each play, or 0 if no other song has its recording."""
    found = np.zeros(len(plays.at), np.int64)
    if recordings is not None:
        rows, number = in_recordings(plays.group, plays.row, recordings)
        found[rows] = number
    return found


class Songs:
    """Tells which plays have the song of one of some plays.

    Args:
        of: those plays.
        recordings: as in `Matcher.close`.
    """

    def __init__(self, of: Plays, recordings: Numbers | None) -> None:
        self._recordings, numbers = recordings, by_recording(of, recordings)
        self._groups, self._numbers = _table(of.group), _table(numbers[numbers > 0])

    def rows(self, plays: Plays) -> Rows:
        """Return the rows of plays with these songs."""
        mask = _holds(self._groups, plays.group)
        if len(self._numbers):
            mask |= _holds(self._numbers, by_recording(plays, self._recordings))
        return np.flatnonzero(mask)


def _table(members: npt.NDArray[Any]) -> Mask:
    """Return a table that holds true at the place of each member; an empty one for none."""
    table = np.zeros(int(members.max()) + 1 if len(members) else 0, bool)
    table[members] = True
    return table


def _holds(table: Mask, keys: npt.NDArray[Any]) -> Mask:
    found: Mask = table.take(keys, mode="clip") & (keys < len(table)) if len(table) else np.zeros(len(keys), bool)
    return found
