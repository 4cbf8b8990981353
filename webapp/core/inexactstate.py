"""What is remembered of exact and inexact plays for the matching of inexact ones, and what that finds."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from webapp.core.columns import Mask, Plays, Rows
from webapp.core.inexact import NO_INEXACT, Inexact, Press

Pair = tuple[Press, Press]
Identity = tuple[int, int, int]
"""Listener, group and time of a play."""


class Exact(NamedTuple):
    """The exact plays of a slice, and which of them are echoes or duplicates."""

    plays: Plays
    is_repeat: Mask


class Known(NamedTuple):
    """The inexact plays that may still matter; columns of shape (n,).

    Attributes:
        inexact: the plays.
        is_repeat: whether it is an echo or a duplicate.
        is_single: whether it can still be connected.
        is_together: whether it has had a partner.
        has_pulse: whether it is in a pulse.
    """

    inexact: Inexact
    is_repeat: Mask
    is_single: Mask
    is_together: Mask
    has_pulse: Mask

    def take(self, rows: Rows) -> Known:
        """Return the given rows, in their order."""
        inexact, *masks = self
        return Known(inexact.take(rows), *(mask.take(rows) for mask in masks))

    def with_new(self, fresh: Inexact, is_repeat: Mask) -> Known:
        """Return these and new ones."""
        inexact, *masks = self
        added = is_repeat, ~is_repeat, np.zeros(len(is_repeat), bool), np.zeros(len(is_repeat), bool)
        return Known(inexact.joined(fresh), *map(np.concatenate, zip(masks, added, strict=True)))


class RepeatedRows(NamedTuple):
    """Repeats where one of the two plays is inexact: exact plays that are echoes, and inexact plays, by row."""

    exact: Rows
    echoes: Rows
    duplicates: Rows


class Connected(NamedTuple):
    """What was found for the single plays of a slice; in a pair the earlier play is first.

    Attributes:
        pairs: in two cities.
        pulses: in one city.
        rows: of the exact plays within the window that are in a pair.
    """

    pairs: list[Pair]
    pulses: list[Pair]
    rows: Rows


class InexactState(msgspec.Struct, frozen=True, array_like=True):
    """All that an `InexactMatcher` remembers; see there."""

    exact: list[Exact]
    left: list[Plays]
    known: Known
    counted: list[Identity]
    with_pulse: list[Identity]


NOTHING = Known(NO_INEXACT, *(np.empty(0, bool) for _ in range(4)))
