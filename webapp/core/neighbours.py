"""Which of many plays have a partner near enough, where some are inexact; see `webapp.core.inexact`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from webapp.core.columns import Mask, Numbers, Rows, Times
from webapp.core.inexact import Inexact, Precisions, by_recording
from webapp.core.precision import EXACT, kind_of, slack_ms, spread_ms

_LONG = np.int64(1 << 61)


class Near(NamedTuple):
    """Which plays have a partner: one where one of both is inexact, and an exact play another exact one; shape (n,)."""

    inexact: Mask
    exact: Mask


def near_plays(inexact: Inexact, recordings: Numbers | None, window_ms: int) -> Near:
    """Tell which plays have another play of their song near them. No two of them are one listener's.

    Args:
        inexact: n plays, exact ones among them.
        recordings: as in `Matcher.close`.
        window_ms: the window.
    """
    plays, precision = inexact
    found = Near(np.zeros(len(plays.at), bool), np.zeros(len(plays.at), bool))
    for rows in _by_song(inexact, recordings):
        found.inexact[rows] |= _have_inexact(plays.at[rows], precision[rows], window_ms)
        exact = rows[precision[rows] == EXACT]
        found.exact[exact] |= _have_exact(plays.at[exact], window_ms)
    return found


def _by_song(inexact: Inexact, recordings: Numbers | None) -> Iterator[Rows]:
    """Yield the rows of each group, and of each recording, in the order of time."""
    plays = inexact.plays
    for key in (plays.group.astype(np.int64) + 1, by_recording(plays, recordings)):
        rows = np.lexsort((plays.at, key))
        rows = rows[key[rows] > 0]
        ends = np.flatnonzero(np.diff(key[rows])) + 1
        yield from (run for run in np.split(rows, ends) if len(run) > 1)


def _have_exact(at: Times, window_ms: int) -> Mask:
    near = np.diff(at) <= window_ms
    found: Mask = np.append(near, False)[: len(at)] | np.append(False, near)[: len(at)]
    return found


def _have_inexact(at: Times, precision: Precisions, window_ms: int) -> Mask:
    """Tell which plays of one song have another one near, where one of both is inexact; times are ascending.

    Plays of one class are compared by their spreads, others by their slacks. Native plays have no delay: for them both
    are the same.
    """
    codes = precision.tolist()
    kinds, slack, spread = (np.array(list(map(of, codes)), np.int64) for of in (kind_of, slack_ms, spread_ms))
    found = np.zeros(len(at), bool)
    every = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    for rows in every:
        if precision[rows[0]] != EXACT:
            found[rows] |= _have_another(at[rows], spread[rows], window_ms)
        for others in every:
            if others is not rows:
                found[rows] |= _have_one_of(at[rows], slack[rows], at[others], slack[others], window_ms)
    return found


def _have_another(at: Times, reach: Times, window_ms: int) -> Mask:
    """Tell which plays have another of them no farther away than the window and the reaches of both."""
    before = np.concatenate(([-_LONG], np.maximum.accumulate(at + reach)))[:-1]
    after = np.concatenate((np.minimum.accumulate((at - reach)[::-1])[::-1], [_LONG]))[1:]
    found: Mask = (before >= at - reach - window_ms) | (after <= at + reach + window_ms)
    return found


def _have_one_of(at: Times, reach: Times, others: Times, their_reach: Times, window_ms: int) -> Mask:
    """Tell which plays have one of some others no farther away than the window and the reaches of both."""
    before = np.concatenate(([-_LONG], np.maximum.accumulate(others + their_reach)))
    after = np.concatenate((np.minimum.accumulate((others - their_reach)[::-1])[::-1], [_LONG]))
    place = np.searchsorted(others, at, side="right")
    found: Mask = (before[place] >= at - reach - window_ms) | (after[place] <= at + reach + window_ms)
    return found
