"""A release night: a new song comes out at midnight by each zone's own clock, and people press play together. Pure."""

from typing import NamedTuple

import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.seed.hours import Floats, since_midnight
from webapp.seed.world import Ints, World, cumulative

SHARE = 0.8
"""Share of the new song among all plays."""
TOGETHER = 0.7
"""Share of its plays that people count down to together, in one city."""
GATHERING = 12
"""How many of them press play at once."""
SPREAD_S = 0.2
"""How long their presses take."""
AT_MIDNIGHT = 0.7
"""Share of the gatherings that are where it was midnight not long ago; the others are wherever people are awake."""
LEAST_PEOPLE = 100_000
"""Smaller cities have no gatherings."""


_LATEST = 0.999  # within the second


class Plays(NamedTuple):
    """A second of plays as columns: when (0 to 1, in seconds, ascending), and the indices of cities and tracks."""

    when: Floats
    city: Ints
    track: Ints


def gathering_places(world: World, gazetteer: Gazetteer, utc_s: float) -> Floats:
    """Return the cumulative shares (cities,) of the gatherings at an epoch second, ascending to 1."""
    large = world.listeners * (gazetteer.population >= LEAST_PEOPLE)
    hours, awake = world.hours_and_activity(utc_s)
    night, others = (weights / weights.sum() for weights in (large * since_midnight(hours), large * awake))
    return cumulative(AT_MIDNIGHT * night + (1.0 - AT_MIDNIGHT) * others)


def released(plays: Plays, where: Floats, whim: Floats, places: Floats) -> Plays:
    """Let most plays be of track 0, and most of these of gatherings.

    Args:
        plays: a second of everyday plays.
        where: (plays,) uniform random numbers in [0, 1), which place the gatherings.
        whim: (plays,) uniform random numbers in [0, 1), which decide who joins in.
        places: what `gathering_places` returns.
    """
    when, city, track = plays.when.copy(), plays.city.copy(), np.where(whim < SHARE, 0, plays.track)
    rows = np.flatnonzero(whim < SHARE * TOGETHER)
    first = rows[np.arange(len(rows)) // GATHERING * GATHERING]
    city[rows] = np.searchsorted(places, where[first], side="right")
    when[rows] = np.minimum(plays.when[first] + SPREAD_S * where[rows], _LATEST)
    order = np.argsort(when, kind="stable")
    return Plays(when[order], city[order], track[order])
