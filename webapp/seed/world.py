"""The simulated listeners: where they live, when they are awake and what they like. Pure: time is an argument."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from webapp.core.gazetteer import Gazetteer
from webapp.seed.catalogue import HOMES, Track
from webapp.seed.hours import Floats, activity, local_hours
from webapp.seed.regions import REGIONS, SHARES, region

EXPONENT = 0.51
"""A track's share of listening is its rank to the power of minus this."""

TASTE = 4.0
"""How much more a title is played where its language is spoken, before shares are fitted to the ranks."""

LEAST_PEOPLE = 1_000
"""A smaller city has as many listeners as one of so many people, so that something is heard of it, too."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moment:
    """Cumulative shares of cities and tracks around an instant, for random sampling.

    Attributes:
        cities: (cities,) ascending to 1, in the gazetteer's order.
        tracks: (markets * tracks,) ascending; the shares of market m ascend from m to m + 1.
    """

    cities: Floats
    tracks: Floats


class World:
    """The cities with their listeners, and the markets (countries with the same languages) with their taste."""

    def __init__(self, gazetteer: Gazetteer, tracks: tuple[Track, ...]) -> None:
        """Compute shares; `tracks` are in the order of their rank, the most played first."""
        countries: list[str] = gazetteer.codes[gazetteer.country].tolist()
        self.listeners = region_weights(
            np.maximum(gazetteer.population, LEAST_PEOPLE), [region(code) for code in countries]
        )
        self.market, self._taste = markets(countries, tracks)
        self._ranks = rank_shares(len(tracks))
        self._zones, self._zone = _zones(gazetteer)

    def moment(self, utc_s: float) -> Moment:
        """Return the shares at an epoch second."""
        awake = _normalized(self.listeners * self.hours_and_activity(utc_s)[1])
        audience = np.bincount(self.market, awake, len(self._taste)).astype(np.float64)
        tracks = fit(self._taste, audience, self._ranks)
        return Moment(cumulative(awake), (cumulative(tracks) + np.arange(len(tracks))[:, None]).ravel())

    def hours_and_activity(self, utc_s: float) -> tuple[Floats, Floats]:
        """Return each city's local hour (0 to 24), and how much people listen there, at an epoch second."""
        hours, weekdays = local_hours(self._zones, utc_s)
        return hours[self._zone], activity(hours, weekdays)[self._zone]

    def draw(self, moment: Moment, where: Floats, what: Floats) -> tuple[Ints, Ints]:
        """Return the indices of cities and tracks for two columns of uniform random numbers in [0, 1)."""
        city = np.searchsorted(moment.cities, where, side="right")
        market = self.market[city]
        track = np.searchsorted(moment.tracks, market + what, side="right") - market * len(self._ranks)
        return city, np.clip(track, 0, len(self._ranks) - 1)  # market + what may round up to the next market


def rank_shares(count: int) -> Floats:
    """Return the share of listening of each rank, in order."""
    return _normalized(np.arange(1.0, count + 1.0) ** -EXPONENT)


def region_weights(population: Ints, regions: list[int]) -> Floats:
    """Return each city's share of the listeners: by population within a region, and by SHARES between regions."""
    totals = np.bincount(regions, population, minlength=len(REGIONS))
    return _normalized(population * (np.array(SHARES) / np.maximum(totals, 1.0))[regions])


def markets(countries: list[str], tracks: tuple[Track, ...]) -> tuple[Ints, Floats]:
    """Return each city's market, and each market's taste for each track (markets, tracks), 1 or TASTE."""
    languages = sorted({track.language for track in tracks})
    spoken = {code: tuple(lang for lang in languages if code in HOMES[lang].split()) for code in set(countries)}
    kinds = sorted(set(spoken.values()))
    taste = np.array([[TASTE if track.language in kind else 1.0 for track in tracks] for kind in kinds])
    number = {code: kinds.index(kind) for code, kind in spoken.items()}
    return np.array([number[code] for code in countries]), taste


def fit(taste: Floats, audience: Floats, ranks: Floats, rounds: int = 60) -> Floats:
    """Fit the markets' tastes to the overall shares by rank.

    Iterative proportional fitting (Deming and Stephan, 1940): rows and columns are scaled in turn.

    Args:
        taste: (markets, tracks), above 0.
        audience: (markets,) each market's share of listening, above 0.
        ranks: (tracks,) each track's share of listening.
        rounds: number of iterations; far fewer bring the shares within a thousandth.

    Returns:
        (markets, tracks), the shares within each market; each row sums to 1.
    """
    plays = taste * audience[:, None] * ranks
    for _ in range(rounds):
        plays *= (audience / plays.sum(axis=1))[:, None]
        plays *= ranks / plays.sum(axis=0)
    return _normalized(plays)


def _zones(gazetteer: Gazetteer) -> tuple[list[tuple[str, float]], Ints]:
    """Return the time zones, each with the longitude of one of its cities, and the number of each city's."""
    used, first, zone = np.unique(gazetteer.zone, return_index=True, return_inverse=True)
    return [(gazetteer.zones[each], float(gazetteer.lon[at])) for each, at in zip(used, first, strict=True)], zone


def _normalized(shares: Floats) -> Floats:
    """Scale the last axis to sum to 1."""
    scaled: Floats = shares / shares.sum(axis=-1, keepdims=True)
    return scaled


def cumulative(shares: Floats) -> Floats:
    """Return the sums of the last axis up to each entry, scaled so that the last is 1."""
    sums = np.cumsum(shares, axis=-1)
    scaled: Floats = sums / sums[..., -1:]
    return scaled
