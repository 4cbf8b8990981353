"""The preference for far pairs, as a statistic on busy traffic."""

import math

import numpy as np

from tests.unit import matcher_oracle as oracle
from tests.unit.matcher_oracle import SLICE_MS, Play
from webapp.core.columns import Plays
from webapp.core.gazetteer import Gazetteer
from webapp.core.matcher import Matcher, Pairs
from webapp.gazetteerdata import load_gazetteer

RATE, TRACKS, SLICES, WINDOW_MS = 10_000, 200, 4, 1000


def busy_traffic(gazetteer: Gazetteer) -> Plays:
    """A second of plays: cities by population, tracks by rank to the power of -0.51."""
    chance, n = np.random.default_rng(2024), RATE * SLICES * SLICE_MS // 1000
    people, popular = np.maximum(gazetteer.population, 1), np.arange(1, TRACKS + 1) ** -0.51
    return Plays(
        chance.choice(TRACKS, n, p=popular / popular.sum()).astype(np.uint32),
        chance.choice(len(people), n, p=people / people.sum()).astype(np.uint16),
        chance.integers(0, 1 << 63, n).astype(np.uint64),
        np.sort(chance.integers(0, SLICES * SLICE_MS, n)),
        np.arange(n),
    )


def matched(plays: Plays, gazetteer: Gazetteer) -> list[Pairs]:
    matcher = Matcher(WINDOW_MS, gazetteer.geoname_id)
    ends = range(SLICE_MS, (SLICES + 1) * SLICE_MS, SLICE_MS)
    return [
        matcher.close(end, plays.take(np.flatnonzero(plays.at // SLICE_MS == end // SLICE_MS - 1))).connections
        for end in ends
    ]


def paired_in_time(plays: Plays) -> list[tuple[int, int]]:
    """The cities of pairs made in time order, track by track."""
    columns = (plays.group.tolist(), plays.city.tolist(), plays.listener.tolist(), plays.at.tolist())
    tracks: list[list[Play]] = [[] for _ in range(TRACKS)]
    for play in map(Play, *columns):
        tracks[play.group].append(play)
    return [(a.city, b.city) for track in tracks for a, b in oracle.pair_in_time(track, WINDOW_MS)]


def mean_km(cities: list[tuple[int, int]], gazetteer: Gazetteer) -> float:
    """Mean great-circle distance by the spherical law of cosines."""
    total = 0.0
    for a, b in cities:
        x, y = math.radians(gazetteer.lat[a]), math.radians(gazetteer.lat[b])
        turn = math.radians(gazetteer.lon[a] - gazetteer.lon[b])
        cosine = math.sin(x) * math.sin(y) + math.cos(x) * math.cos(y) * math.cos(turn)
        total += 6371.0 * math.acos(min(1.0, max(-1.0, cosine)))
    return total / len(cities)


def test_on_busy_traffic_pairs_lie_a_fifth_farther_apart_than_those_made_in_time_order() -> None:
    gazetteer = load_gazetteer()
    plays = busy_traffic(gazetteer)
    ends = [
        pair for a, b, _ in matched(plays, gazetteer) for pair in zip(a.city.tolist(), b.city.tolist(), strict=True)
    ]
    in_time = paired_in_time(plays)
    assert len(ends) > 0.9 * len(in_time)
    assert mean_km(ends, gazetteer) >= 1.2 * mean_km(in_time, gazetteer)
