"""Which exact plays of a crowd can matter to the few inexact plays of their songs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from webapp.core.columns import Numbers, Plays, Rows, run_sizes, run_starts
from webapp.core.inexact import Inexact, by_recording
from webapp.core.precision import slack_ms

CROWD = 64
"""Plays of one song and city, from which it is worth to choose."""
MOST = 20_000
"""Exact plays that are looked at for the inexact plays of a slice; of more the newest count."""


def relevant(exact: Plays, inexact: Inexact, recordings: Numbers | None, window_ms: int) -> Rows:
    """Return the rows of the exact plays that could be paired with an inexact one.

    Of a crowd in one city these are, for each inexact play, the first that are near it, and those next to it: as many
    as there are inexact plays that could take one before.

    Args:
        exact: n single plays.
        inexact: single plays, among them all that have one of their songs.
        recordings: as in `Matcher.close`.
        window_ms: the window.
    """
    order = np.lexsort((exact.listener, exact.at, exact.city, exact.group))
    group, city = exact.group[order], exact.city[order]
    starts = run_starts((group[1:] == group[:-1]) & (city[1:] == city[:-1]), len(order))
    sizes = run_sizes(starts, len(order))
    kept = np.repeat(sizes <= CROWD, sizes)
    numbers = by_recording(exact, recordings)[order]
    for start, size in zip(starts[sizes > CROWD].tolist(), sizes[sizes > CROWD].tolist(), strict=True):
        crowd = slice(start, start + size)
        those = inexact.take(_of_songs(inexact, recordings, group[start], numbers[crowd]))
        for part in _parts(exact.at[order[crowd]], those, window_ms):
            kept[crowd][part] = True
    rows = order[kept]
    return rows[np.argsort(exact.at[rows], kind="stable")[-MOST:]]


def _of_songs(inexact: Inexact, recordings: Numbers | None, group: np.uint32, numbers: Numbers) -> Rows:
    """Return the inexact plays that have a crowd's group, or one of its recordings."""
    own = by_recording(inexact.plays, recordings)
    return np.flatnonzero((inexact.plays.group == group) | ((own > 0) & np.isin(own, numbers)))


def _parts(at: Numbers, inexact: Inexact, window_ms: int) -> Iterator[slice]:
    """Yield the parts of a crowd, whose times are ascending, that are near inexact plays."""
    n = 2 * len(inexact.precision) + 1  # of each, one may be connected and another have a pulse
    for press_ms, precision in zip(inexact.plays.at.tolist(), inexact.precision.tolist(), strict=True):
        first = int(at.searchsorted(press_ms - window_ms - slack_ms(precision)))
        before, after = (int(at.searchsorted(press_ms, side)) for side in ("left", "right"))
        yield slice(first, first + n)
        yield slice(max(before - n, 0), after + n)
