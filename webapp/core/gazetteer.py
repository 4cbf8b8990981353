"""The gazetteer: finds the cities of the world by GeoNames id, name or coordinates, and their distances.

A *city index* is a position in the order (lon, geoname_id). `scripts/build_gazetteer.py` makes the data in
`webapp/data` from GeoNames (CC BY 4.0).
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from geographiclib.geodesic import Geodesic

from webapp.core.geo import Nearby, chord_km, unit_vectors
from webapp.core.placenames import NO_CITY, Completions, NameIndex, fold_place, fold_typed
from webapp.core.places import City, Country, PlaceError, shown

__all__ = ["City", "Country", "Gazetteer", "PlaceError"]

NEAR_KM = 100.0
LONGEST_NAME = 200
_CACHED_NAMES = 8_192
_CACHED_PAIRS = 32_768
_HINTS = 3

Ints = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]


class Gazetteer:
    """The cities as columns, in the order (lon, geoname_id), and look-ups that return city indices.

    Attributes:
        cities: the cities, in that order.
        geoname_id: int64 (n,).
        lon: float64 (n,), degrees, ascending.
        lat: float64 (n,), degrees.
        population: int64 (n,).
        country: str (n,), ISO 3166-1 alpha-2 codes.
        countries: all country codes, also those without a city.
    """

    def __init__(
        self,
        cities: Sequence[City],
        countries: Iterable[Country],
        regions: Sequence[tuple[str, str, str]],
        arrays: Mapping[str, Any],
    ) -> None:
        """Index the cities.

        Args:
            cities: ordered by (lon, geoname_id).
            countries: every country.
            regions: rows of (country code, admin1 code, name or ""), in the order of the name index's region numbers.
            arrays: what `NameIndex.pack` and `Completions.pack` returned.
        """
        self.cities = tuple(cities)
        self.geoname_id: Ints = np.array([c.geoname_id for c in self.cities], dtype=np.int64)
        self.lon = np.array([c.lon for c in self.cities])
        self.lat = np.array([c.lat for c in self.cities])
        self.population: Ints = np.array([c.population for c in self.cities], dtype=np.int64)
        self.country = np.array([c.country_code for c in self.cities])
        self._countries = {c.code: c for c in countries}
        self.countries = frozenset(self._countries)
        self._index_names(regions, arrays)
        self._index_cities()
        self._found = lru_cache(_CACHED_NAMES)(self._find)
        self._geodesic = lru_cache(_CACHED_PAIRS)(self._measure)

    def _index_names(self, regions: Sequence[tuple[str, str, str]], arrays: Mapping[str, Any]) -> None:
        self._code = {fold_place(w): c.code for c in self._countries.values() for w in (*c.also, c.name, c.code)}
        self._region = {
            (code, fold_place(word)): i for i, (code, admin1, name) in enumerate(regions) for word in (name, admin1)
        }
        self._region_code = [admin1 for _, admin1, _ in regions]
        position = {(code, admin1): i for i, (code, admin1, _) in enumerate(regions)}
        home = [position[c.country_code, c.admin1] for c in self.cities]
        self._names, self._completions = NameIndex(arrays, home), Completions(arrays)

    def _index_cities(self) -> None:
        self._index = {city.geoname_id: i for i, city in enumerate(self.cities)}
        by_size = np.argsort(self.population, kind="stable").tolist()
        self._largest = {self.cities[i].country_code: i for i in by_size}
        self._by_id = np.argsort(self.geoname_id)
        self._sorted_id = self.geoname_id[self._by_id]
        self._vectors = np.ascontiguousarray(unit_vectors(self.lon, self.lat).T)
        self._nearby = Nearby(self.lon, self.lat, -self.population, NEAR_KM)

    def __len__(self) -> int:
        return len(self.cities)

    def __getitem__(self, index: int) -> City:
        return self.cities[index]

    def by_id(self, geoname_id: int) -> int:
        """Return the index of a GeoNames id.

        Raises:
            PlaceError: the gazetteer has no such city.
        """
        if (index := self._index.get(geoname_id)) is None:
            raise PlaceError(f"no city has the GeoNames id {shown(geoname_id)}; expected the id of a city, or its name")
        return index

    def by_ids(self, geoname_ids: npt.ArrayLike) -> Indices:
        """Return the indices of GeoNames ids, int32 of the same shape, -1 where there is no such city."""
        wanted = np.asarray(geoname_ids)
        places = np.minimum(self._sorted_id.searchsorted(wanted), len(self) - 1)
        return np.where(self._sorted_id[places] == wanted, self._by_id[places], -1).astype(np.int32)

    def largest(self, country_code: str) -> int | None:
        """Return the index of a country's most populous city; None if it has none."""
        return self._largest.get(country_code)

    def by_name(self, city: str, country: str, admin1: str | None = None) -> int:
        """Return the index of the city with that name, or of the city nearest to a smaller place with that name.

        Case, diacritics and punctuation do not matter, and names may be in any script. A city's own name has priority
        over the other names of other cities; of several cities the most populous is returned, unless `admin1` decides.

        Args:
            city: its name, such as "Osaka", "Sao Paulo" or "東京".
            country: ISO 3166-1 alpha-2 code, or alpha-3, or the English name.
            admin1: GeoNames' code of the region, or the name of a state of the US; empty is the same as None.

        Raises:
            PlaceError: the country, the region or the city in it is unknown, or no city is within 100 km.
        """
        return self._found(city, country, admin1 or None)

    def named(self, city: str, country: str | None = None, admin1: str | None = None) -> list[int]:
        """Return the indices of all cities that a name can mean, best first; empty if there is none."""
        folded = fold_place(city[:LONGEST_NAME])
        if country:
            code = self._code.get(fold_place(country[:LONGEST_NAME]))
            found = self._among(folded, code, admin1) if code else []
        else:
            anywhere = [target for code in sorted(self.countries) for target in self._among(folded, code, admin1)]
            anywhere.sort(key=lambda target: -self.population[target] if target != NO_CITY else 0)
            found = anywhere if admin1 else self._bearers(folded) + anywhere
        return list(dict.fromkeys(target for target in found if target != NO_CITY))

    def _among(self, folded: str, code: str, admin1: str | None) -> list[int]:
        rows = self._names.find(code, folded)
        region = self._region.get((code, fold_place(admin1[:LONGEST_NAME]))) if admin1 else None
        return [target for target, where in rows if not admin1 or where == region]

    def country_code(self, country: str) -> str:
        """Return the ISO 3166-1 alpha-2 code of a country given by code or English name.

        Raises:
            PlaceError: there is no such country.
        """
        code = self._code.get(fold_place(country[:LONGEST_NAME]))
        if code is None:
            raise PlaceError(f"no country {shown(country)}; expected an ISO 3166-1 code, such as 'BR'")
        return code

    def country_name(self, code: str) -> str:
        """Return the English name of a country code; a KeyError if there is none."""
        return self._countries[code].name

    def is_region(self, country: str, admin1: str) -> bool:
        """Tell whether a country, by code or English name, has a region with that code, or in the US that name."""
        return (self._code.get(fold_place(country)), fold_place(admin1)) in self._region

    def complete(self, prefix: str, limit: int = 8) -> list[int]:
        """Return the cities with a name that begins so, without regard to accents.

        Cities whose own name begins so come first, then those with another such name (東, Münch), each by population.
        """
        typed = prefix[:LONGEST_NAME]
        rows = [self._completions.starting(folded) for folded in {fold_typed(typed), fold_place(typed)} if folded]
        best: dict[int, bool] = {}
        for targets, own in rows:
            best |= dict.fromkeys(targets.tolist(), False) | best | dict.fromkeys(targets[own].tolist(), True)
        population = self.population
        return sorted(best, key=lambda i: (not best[i], -population[i], i))[:limit]

    def _find(self, city: str, country: str, admin1: str | None) -> int:
        folded = fold_place(city[: LONGEST_NAME + 1])
        if not folded or len(city) > LONGEST_NAME:
            raise PlaceError(
                f"no city {shown(city)}; expected a name with letters or digits, at most {LONGEST_NAME} characters"
            )
        code = self.country_code(country)
        rows = self._names.find(code, folded)
        if not rows:
            raise PlaceError(f"no city {shown(city)} in country {shown(code)}", lambda: self._hint(folded, code))
        target = self._in_region(rows, city, code, admin1) if admin1 else rows[0][0]
        if target == NO_CITY:
            where = f"{shown(city)} in country {shown(code)}"
            raise PlaceError(f"{where} is known, but the gazetteer has no city within {NEAR_KM:.0f} km")
        return target

    def _in_region(self, rows: list[tuple[int, int]], city: str, code: str, admin1: str) -> int:
        region = self._region.get((code, fold_place(admin1[:LONGEST_NAME])))
        for target, where in rows:
            if where == region:
                return target
        known = ", ".join(shown(self._region_code[where]) for _, where in rows[:_HINTS])
        raise PlaceError(
            f"no city {shown(city)} in admin1 {shown(admin1)} of country {shown(code)}; "
            f"it is in {known} (GeoNames' codes)"
        )

    def _hint(self, folded: str, code: str) -> str:
        """Return where else the name exists, or a similar name in the country."""
        if elsewhere := dict.fromkeys(self.cities[i].country_code for i in self._bearers(folded)):
            return f"; there is one in {', '.join(list(elsewhere)[:_HINTS])}"
        targets, own = self._completions.starting(folded[:1])
        names = {
            fold_place(c.name): c.name for c in map(self.cities.__getitem__, targets[own]) if c.country_code == code
        }
        close = difflib.get_close_matches(folded, names, n=1, cutoff=0.8)
        if close:
            return f"; did you mean {names[close[0]]!r}?"
        return "; try another spelling, its geoname_id, or lon and lat"

    def _bearers(self, folded: str) -> list[int]:
        """Return the cities with this name in any country: those whose own name it is first, then by population."""
        targets, own = self._completions.exact(folded)
        rows = zip(targets.tolist(), own.tolist(), strict=True)
        ranked = sorted(rows, key=lambda row: (not row[1], -self.population[row[0]], row[0]))
        return [target for target, _ in ranked]

    def nearest(self, lon: float, lat: float) -> int:
        """Return the index of the city nearest to a point given in degrees.

        Raises:
            PlaceError: not a point on Earth, or no city within 100 km of it.
        """
        _check(lon, lat)
        if (index := self._nearby.nearest(lon, lat)) < 0:
            raise PlaceError(f"no city within {NEAR_KM:.0f} km of lon {lon:g}, lat {lat:g}")
        return index

    def near(self, lon: float, lat: float) -> list[int]:
        """Return the indices of all cities within 100 km of a point, the nearest first.

        Raises:
            PlaceError: not a point on Earth.
        """
        _check(lon, lat)
        return self._nearby.all(lon, lat)

    def km(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Indices:
        """Return whole kilometres on the sphere between cities, int32; pairs are ranked by these."""
        ends = (self._vectors[:, np.asarray(end, dtype=np.intp)] for end in (a, b))
        return np.rint(chord_km(*ends)).astype(np.int32)

    def geodesic_km(self, a: int, b: int) -> int:
        """Return whole kilometres between two cities on the WGS 84 ellipsoid, as geopy's geodesic does."""
        return self._geodesic(a, b) if a <= b else self._geodesic(b, a)

    def _measure(self, a: int, b: int) -> int:
        first, second = self.cities[a], self.cities[b]
        # geopy makes a new ellipsoid for each distance, which takes half as long again.
        arc = Geodesic.WGS84.Inverse(first.lat, first.lon, second.lat, second.lon, Geodesic.DISTANCE)
        return round(float(arc["s12"]) / 1000)


def _check(lon: float, lat: float) -> None:
    for what, value, most in (("lon", lon, 180), ("lat", lat, 90)):
        if not -most <= value <= most:
            raise PlaceError(f"{what} is {value:g}; expected a number from -{most} to {most}")
