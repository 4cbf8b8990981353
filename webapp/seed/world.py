"""The world's listeners: where they live, when they are awake and what they like. Pure: time is an argument."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from webapp.core.gazetteer import Gazetteer
from webapp.seed.catalogue import HOMES, Track
from webapp.seed.hours import Floats, activity, local_hours
from webapp.seed.regions import REGIONS, SHARES, region

EXPONENT = 0.51
"""Listening shares fall with the rank to this power."""

TASTE = 4.0
"""How much more a title is played where its language is at home, before shares are fitted to the ranks."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moment:
    """Who listens to what around an instant: cumulative shares, ready to be drawn from.

    Attributes:
        cities: (cities,) ascending to 1, in the gazetteer's order.
        tracks: (markets * tracks,) ascending; market m's own shares, ascending from m to m + 1.
    """

    cities: Floats
    tracks: Floats


class World:
    """Cities with their listeners, and markets (the countries that speak the same) with their taste."""

    def __init__(self, gazetteer: Gazetteer, tracks: tuple[Track, ...]) -> None:
        """Lay out the world; `tracks` come in the order of their rank, the most played first."""
        countries = [str(code) for code in gazetteer.country]
        self.listeners = region_weights(np.maximum(gazetteer.population, 10_000), [region(code) for code in countries])
        self.market, self._taste = markets(countries, tracks)
        self._ranks = rank_shares(len(tracks))
        self._zones, self._zone = _zones(gazetteer)

    def moment(self, utc_s: float) -> Moment:
        """Return what is drawn from at an epoch second."""
        awake = _normal(self.listeners * activity(*local_hours(self._zones, utc_s))[self._zone])
        audience = np.bincount(self.market, awake, len(self._taste)).astype(np.float64)
        tracks = fit(self._taste, audience, self._ranks)
        return Moment(_ascending(awake), (_ascending(tracks) + np.arange(len(tracks))[:, None]).ravel())

    def draw(self, moment: Moment, where: Floats, what: Floats) -> tuple[Ints, Ints]:
        """Turn two columns of uniform numbers in [0, 1) into cities and tracks (indices)."""
        city = np.searchsorted(moment.cities, where, side="right")
        market = self.market[city]
        track = np.searchsorted(moment.tracks, market + what, side="right") - market * len(self._ranks)
        return city, np.clip(track, 0, len(self._ranks) - 1)  # market + what may round up to the next market


def rank_shares(count: int) -> Floats:
    """Return the share of listening of each rank, the first rank first."""
    return _normal(np.arange(1.0, count + 1.0) ** -EXPONENT)


def region_weights(population: Ints, regions: list[int]) -> Floats:
    """Return each city's share of the listeners: by population within a region, the regions as SHARES."""
    totals = np.bincount(regions, population, minlength=len(REGIONS))
    return _normal(population * (np.array(SHARES) / np.maximum(totals, 1.0))[regions])


def markets(countries: list[str], tracks: tuple[Track, ...]) -> tuple[Ints, Floats]:
    """Return each city's market, and each market's taste for each track (markets, tracks), 1 or TASTE."""
    languages = sorted({track.language for track in tracks})
    spoken = {code: tuple(lang for lang in languages if code in HOMES[lang].split()) for code in set(countries)}
    kinds = sorted(set(spoken.values()))
    taste = np.array([[TASTE if track.language in kind else 1.0 for track in tracks] for kind in kinds])
    number = {code: kinds.index(kind) for code, kind in spoken.items()}
    return np.array([number[code] for code in countries]), taste


def fit(taste: Floats, audience: Floats, ranks: Floats, rounds: int = 60) -> Floats:
    """Bend tastes so that the whole audience's listening falls with the rank as it should.

    Iterative proportional fitting (Deming and Stephan, 1940): rows and columns are scaled in turn.

    Args:
        taste: (markets, tracks), above 0.
        audience: (markets,) each one's share of the listening, above 0.
        ranks: (tracks,) each one's share of all listening.
        rounds: how often; the shares are within a thousandth long before.

    Returns:
        (markets, tracks), each row the shares within that market, summing to 1.
    """
    plays = taste * audience[:, None] * ranks
    for _ in range(rounds):
        plays *= (audience / plays.sum(axis=1))[:, None]
        plays *= ranks / plays.sum(axis=0)
    return _normal(plays)


def _zones(gazetteer: Gazetteer) -> tuple[list[tuple[str, float]], Ints]:
    names, first, zone = np.unique([city.timezone for city in gazetteer.cities], return_index=True, return_inverse=True)
    return [(str(name), float(gazetteer.lon[at])) for name, at in zip(names, first, strict=True)], zone


def _normal(shares: Floats) -> Floats:
    """Scale the last axis to sum to 1."""
    scaled: Floats = shares / shares.sum(axis=-1, keepdims=True)
    return scaled


def _ascending(shares: Floats) -> Floats:
    sums = np.cumsum(shares, axis=-1)
    scaled: Floats = sums / sums[..., -1:]
    return scaled
