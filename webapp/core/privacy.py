"""Which cities may be named: those where enough different listeners pressed play within the last hour.

Of a city that may not be named the record holds a stand-in: the most populous place of its region or of its country, if
that may be named. Simulated plays are nobody's, so they keep their cities, and never make one that may be named.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.core.columns import LONG_AGO, Hashes, Mask, Plays, Rows, Times
from webapp.core.gazetteer import Gazetteer
from webapp.core.inexact import Inexact
from webapp.core.matcher import Pairs
from webapp.core.plays import SOURCES

HOUR_MS = 3_600_000
_LIVE, _SIMULATED = SOURCES.index("live"), SOURCES.index("synthetic")
NOWHERE = -1

Indices = npt.NDArray[np.int64]


class PrivacyState(msgspec.Struct, frozen=True, array_like=True):
    """The newest presses of the cities that had one.

    Attributes:
        cities: (n,) city indices.
        listener: (n, k) flattened: of each city the listeners who pressed last, the newest first.
        at: likewise, when they did.
    """

    cities: npt.NDArray[np.int64]
    listener: Hashes
    at: Times


class Drawn(NamedTuple):
    """What may be drawn of a slice: see `webapp.core.matcher.Found`."""

    connections: Pairs
    pulses: Pairs
    singles: Inexact


class CityPrivacy:
    """Remembers who pressed play where, as far as it decides which cities may be named.

    Of each city it remembers the k listeners who pressed last: if the last of these did within the hour, k did.

    Args:
        gazetteer: the cities.
        k: how many different listeners it takes; 0 names all cities.
    """

    def __init__(self, gazetteer: Gazetteer, k: int) -> None:
        self._gazetteer, self._k, n = gazetteer, k, len(gazetteer)
        self._listener, self._at = np.zeros((n, k), np.uint64), np.full((n, k), LONG_AGO)

    @property
    def state(self) -> PrivacyState:
        """All that is remembered. Setting it restores it."""
        cities = np.flatnonzero((self._at > LONG_AGO).any(axis=1))
        return PrivacyState(cities, self._listener[cities].ravel(), self._at[cities].ravel())

    @state.setter
    def state(self, state: PrivacyState) -> None:
        self.forget()
        self._listener[state.cities] = state.listener.reshape(len(state.cities), self._k)
        self._at[state.cities] = state.at.reshape(len(state.cities), self._k)

    def forget(self) -> None:
        """Forget all presses, so that no city may be named until new ones come."""
        self._at[:], self._listener[:] = LONG_AGO, 0

    def forget_before(self, end_ms: int) -> None:
        """Forget the presses of more than an hour before a time."""
        old = self._at < end_ms - HOUR_MS
        self._at[old], self._listener[old] = LONG_AGO, 0

    def note(self, plays: Plays) -> None:
        """Take in the plays of a slice; only live ones count."""
        live = plays.take(np.flatnonzero(plays.group % len(SOURCES) == _LIVE)) if self._k else plays
        if not self._k or not len(live.at):
            return
        cities = np.unique(live.city).astype(np.int64)
        city = np.concatenate((live.city.astype(np.int64), np.repeat(cities, self._k)))
        listener = np.concatenate((live.listener, self._listener[cities].ravel()))
        at = np.concatenate((live.at, self._at[cities].ravel()))
        rows = _newest_of_each(city, listener, at)
        rows = rows[np.lexsort((listener[rows], -at[rows], city[rows]))]
        rank = np.arange(len(rows)) - np.searchsorted(city[rows], city[rows])
        rows, rank = rows[rank < self._k], rank[rank < self._k]
        self._at[cities] = LONG_AGO
        self._listener[city[rows], rank], self._at[city[rows], rank] = listener[rows], at[rows]

    def may_be_named(self, end_ms: int) -> Mask:
        """Tell for each city whether k different listeners pressed play there in the hour before this time."""
        if not self._k:
            return np.ones(len(self._at), bool)
        mask: Mask = self._at[:, -1] >= end_ms - HOUR_MS
        return mask

    def drawn(self, end_ms: int, connections: Pairs, pulses: Pairs, singles: Inexact) -> Drawn:
        """Return what may be drawn: with stand-ins, and without what has none.

        A pair whose ends have one stand-in becomes a pulse. A single play has no stand-in: it would tell where one
        listener is not.
        """
        if not self._k or not (len(connections.within_s) or len(pulses.within_s) or len(singles.precision)):
            return Drawn(connections, pulses, singles)
        named = self.may_be_named(end_ms)
        stand_in = self._stand_in(named)
        connections, pulses = _moved(connections, stand_in), _moved(pulses, stand_in)
        is_pulse = connections.earlier.city == connections.later.city
        pulses = pulses.joined(connections.take(np.flatnonzero(is_pulse)))
        shown = np.flatnonzero(named[singles.plays.city] | is_simulated(singles.plays))
        return Drawn(connections.take(np.flatnonzero(~is_pulse)), pulses, singles.take(shown))

    def _stand_in(self, named: Mask) -> Indices:
        """Return for each city the one that is named for it; NOWHERE if none may be."""
        found = np.where(named, np.arange(len(named)), NOWHERE)
        for places in _stand_ins(self._gazetteer):
            found = np.where((found == NOWHERE) & named[places], places, found)
        return found


@lru_cache(maxsize=2)
def _stand_ins(gazetteer: Gazetteer) -> tuple[Indices, Indices]:
    """Return for each city the index of the most populous city of its region, and of its country."""
    country = gazetteer.country.astype(np.int64)
    region = country * len(gazetteer.regions) + gazetteer.region
    return _most_populous(region, gazetteer.population), _most_populous(country, gazetteer.population)


def _most_populous(area: Indices, population: npt.NDArray[np.integer]) -> Indices:
    """Return for each city the index of the most populous city of its area."""
    order = np.lexsort((-population.astype(np.int64), area))
    areas, first = np.unique(area[order], return_index=True)
    found: Indices = order[first][np.searchsorted(areas, area)]
    return found


def _newest_of_each(city: Indices, listener: Hashes, at: Times) -> Rows:
    """Return the rows of the newest press of each listener in each city, without those that are none."""
    rows = np.lexsort((-at, listener, city))
    rows = rows[at[rows] > LONG_AGO]
    repeated = (np.diff(city[rows]) == 0) & (listener[rows][1:] == listener[rows][:-1])
    newest: Rows = rows[~np.append(False, repeated)[: len(rows)]]
    return newest


def is_simulated(plays: Plays) -> Mask:
    """Tell which plays are simulated: those may always be told, with their cities."""
    mask: Mask = plays.group % len(SOURCES) == _SIMULATED
    return mask


def _moved(pairs: Pairs, stand_in: Indices) -> Pairs:
    """Return pairs with the cities that are named for theirs, without those that have none."""
    keeps = is_simulated(pairs.earlier)
    ends = [np.where(keeps, plays.city, stand_in[plays.city]) for plays in (pairs.earlier, pairs.later)]
    kept = np.flatnonzero((ends[0] != NOWHERE) & (ends[1] != NOWHERE))
    earlier, later, within_s = pairs.take(kept)
    cities = [end[kept].astype(np.uint16) for end in ends]
    return Pairs(earlier._replace(city=cities[0]), later._replace(city=cities[1]), within_s)
