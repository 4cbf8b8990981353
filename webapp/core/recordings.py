"""Recordings that several songs have: plays of one recording are of one song, whatever the spellings."""

import numpy as np

from webapp.core.columns import Groups, Mask, Numbers, Rows, Times
from webapp.core.plays import SOURCES

TRACK_BITS = 32
"""Bits of a track's number in `Plays.row`."""


def track_numbers(rows: Numbers) -> Numbers:
    """Return the track numbers of `Plays.row`."""
    return rows & ((1 << TRACK_BITS) - 1)


def in_recordings(group: Groups, row: Rows, recordings: Numbers) -> tuple[Rows, Numbers]:
    """Return the plays whose recording several songs have, and a number for the (source, recording) of each.

    Args:
        group: (n,) as in `Plays`.
        row: likewise.
        recordings: for each track number, a number above 0 for its recording; 0 if no other song has it.
    """
    number = recordings.take(track_numbers(row))
    rows = np.flatnonzero(number)
    return rows, number.take(rows) * len(SOURCES) + group.take(rows) % len(SOURCES)


def have_neighbours(number: Numbers, at: Times, window_ms: int) -> Mask:
    """Tell which of n plays have another play of the same number within the window."""
    by = np.lexsort((at, number))
    near = (np.diff(number[by]) == 0) & (np.diff(at[by]) <= window_ms)
    found = np.zeros(len(at), bool)
    found[by[1:][near]] = found[by[:-1][near]] = True
    return found
