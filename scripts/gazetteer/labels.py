"""What tells cities of one country and name apart: their region, else a larger city near them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from gazetteer.choice import vectors
from gazetteer.source import Place

from webapp.core.placenames import fold_place

_NEIGHBOURS = 16


def ends(cities: list[Place], regions: Sequence[str]) -> list[str]:
    """Return what a label adds to each city's name.

    Args:
        cities: the shipped places.
        regions: the name of each city's region; empty where none is known.

    Returns:
        ", Maine" where another city of the country has the name, ", Maine (Bangor)" where another one of the region
        has it too, and else an empty text.
    """
    alike = defaultdict(list)
    for index, city in enumerate(cities):
        alike[city["countrycode"], fold_place(city["name"])].append(index)
    found, beside = [""] * len(cities), _Beside(cities)
    for group in (group for group in alike.values() if len(group) > 1):
        for index in group:
            found[index] = f", {regions[index]}" if regions[index] else ""
        still = Counter(found[index] for index in group)
        for end in [end for end, count in still.items() if count > 1]:
            same = [index for index in group if found[index] == end]
            for index, place in beside.of(same).items():
                found[index] += f" ({place})"
    return found


class _Beside:
    """Names the places beside cities of one name, so that no two have the same."""

    def __init__(self, cities: list[Place]) -> None:
        self._cities, self._vectors = cities, vectors(cities)
        self._people = np.array([city["population"] for city in cities])
        self._country = np.array([city["countrycode"] for city in cities])

    def of(self, same: list[int]) -> dict[int, str]:
        """Return for each city the nearest larger one of another name that no other of them has; else its id."""
        names = {index: self._neighbours(index) for index in same}
        taken = Counter(name for each in names.values() for name in set(each[:1]))
        chosen: dict[int, str] = {}
        for index in same:
            own = [name for name in names[index] if taken[name] < 2 and name not in chosen.values()]
            chosen[index] = own[0] if own else str(self._cities[index]["geonameid"])
        return chosen

    def _neighbours(self, index: int) -> list[str]:
        """Return the names of the larger cities of the country, the nearest first."""
        city = self._cities[index]
        larger = np.flatnonzero((self._country == city["countrycode"]) & (self._people > city["population"]))
        nearest = larger[np.argsort(-(self._vectors[larger] @ self._vectors[index]), kind="stable")]
        names = (self._cities[other]["name"] for other in nearest[:_NEIGHBOURS].tolist())
        return [name for name in dict.fromkeys(names) if fold_place(name) != fold_place(city["name"])]
