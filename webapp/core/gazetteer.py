"""The gazetteer: finds the cities of the world by GeoNames id, name or coordinates, and their distances.

A *city index* is a position in the order (lon, geoname_id). `scripts/build_gazetteer.py` makes the data in
`webapp/data` from GeoNames (CC BY 4.0).
"""

import difflib
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from geographiclib.geodesic import Geodesic

from webapp.core.cities import Cities, Ints, Read
from webapp.core.geo import Nearby, chord_km, unit_vector, unit_vectors
from webapp.core.placenames import Completions, NameIndex, fold_place, joined, words_of
from webapp.core.placereadings import readings
from webapp.core.places import City, Country, PlaceError, shown
from webapp.core.regions import Regions

__all__ = ["City", "Country", "Gazetteer", "PlaceError"]

NEAR_KM = 100.0
LONGEST_NAME = 200
EXACT_WEIGHT = 20
"""A city whose own name is exactly what was typed counts as if it had so many times its people."""
_CACHED_NAMES = 8_192
_CACHED_PAIRS = 32_768
_HINTS = 3
_REGIONS_NAMED = 5

Indices = npt.NDArray[np.int32]


class Gazetteer(Cities):
    """The cities, with look-ups that return city indices. See `Cities` for the columns.

    Attributes:
        countries: all country codes, also those without a city.
    """

    def __init__(self, read: Read, countries: Sequence[Country], regions: Regions) -> None:
        """Index the cities; the arguments are those of `Cities`. Names are indexed when one is first looked for."""
        super().__init__(read, countries, regions)
        self._countries = {c.code: c for c in countries}
        self.countries = frozenset(self._countries)
        self._by_id = np.argsort(self.geoname_id)
        self._sorted_id = self.geoname_id[self._by_id]
        self._vectors = np.ascontiguousarray(unit_vectors(self.lon, self.lat).T)
        self._found = lru_cache(_CACHED_NAMES)(self._find)
        self._geodesic = lru_cache(_CACHED_PAIRS)(self._measure)

    def ready(self) -> "Gazetteer":
        """Read and index the names now, so that the first look-up does not wait for it; return the gazetteer."""
        self._code, self._names, self._completions, self._nearby  # noqa: B018  # reading them makes them
        self.name(0)
        return self

    @cached_property
    def _code(self) -> dict[str, str]:
        return {fold_place(w): c.code for c in self._country_rows for w in (*c.also, c.name, c.code)}

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex(self._read("names.npz"), self.region)

    @cached_property
    def _completions(self) -> Completions:
        return Completions(self._read("completions.npz"))

    @cached_property
    def _nearby(self) -> Nearby:
        return Nearby(self.lon, self.lat, -self.population, NEAR_KM)

    @cached_property
    def _largest(self) -> dict[str, int]:
        by_size = np.argsort(self.population, kind="stable")
        return dict(zip(self.codes[self.country[by_size]].tolist(), by_size.tolist(), strict=True))

    def by_id(self, geoname_id: int) -> int:
        """Return the index of a GeoNames id.

        Raises:
            PlaceError: the gazetteer has no such city.
        """
        if not 0 < geoname_id < 1 << 32 or (index := int(self.by_ids(geoname_id))) < 0:
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
            admin1: the region: GeoNames' code, ISO 3166-2, or a name; see `Regions`. Empty is the same as None.

        Raises:
            PlaceError: the country, the region or the city in it is unknown.
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
            anywhere.sort(key=lambda target: -self.population[target])
            found = anywhere if admin1 else self._bearers(folded) + anywhere
        return list(dict.fromkeys(found))

    def typed(self, text: str) -> int:
        """Return the index of the city that a text means, such as "Portland, Maine", "Newcastle UK" or "München".

        Raises:
            PlaceError: it means none.
        """
        if len(text) <= LONGEST_NAME:
            for reading in readings(text, self.is_region):
                if found := self.named(reading[0], country=reading[2], admin1=reading[1]):
                    return found[0]
        raise PlaceError(f"no city {shown(text)}; expected a name such as 'Osaka', 'Portland, Maine' or 'Paris, FR'")

    def _among(self, folded: str, code: str, admin1: str | None) -> list[int]:
        rows = self._names.find(code, folded)
        region = self.regions.find(code, admin1[:LONGEST_NAME]) if admin1 and rows else None
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

    def country_of(self, words: list[str]) -> str | None:
        """Return the code of the country that folded words name; None if there is none."""
        return self._code.get(joined(words))

    def country_name(self, code: str) -> str:
        """Return the English name of a country code; a KeyError if there is none."""
        return self._countries[code].name

    def is_region(self, country: str, admin1: str) -> bool:
        """Tell whether a country, by code or English name, has a region with that code or name."""
        code = self._code.get(fold_place(country[:LONGEST_NAME]))
        return code is not None and self.regions.find(code, admin1[:LONGEST_NAME]) is not None

    def complete(self, prefix: str, limit: int = 8) -> list[int]:
        """Return the cities with a name that begins so, without regard to accents.

        Cities whose own name begins so come first, then those with another such name (東, Münch), each by population;
        a city of exactly that name counts as if it had twenty times its people.
        """
        return self.completed(words_of(prefix[:LONGEST_NAME]), limit)

    def completed(self, words: list[str], limit: int) -> list[int]:
        """Return what `complete` does, for words that `words_of` folded; "st" may become "Stockholm"."""
        forms = {folded for folded in ("".join(words), joined(words)) if folded}
        if not forms:
            return []
        whole, starting = self._completions.exact(joined(words)), [self._completions.starting(form) for form in forms]
        targets, own = (np.concatenate(columns) for columns in zip(*starting, strict=True))
        weight = self.population * np.where(np.isin(np.arange(len(self)), whole[0][whole[1]]), EXACT_WEIGHT, 1)
        first = self._heaviest(np.unique(targets[own]), weight, limit)
        others = np.setdiff1d(targets, targets[own])
        return first + self._heaviest(others, weight, limit - len(first))

    @staticmethod
    def _heaviest(cities: npt.NDArray[np.uint16], weight: Ints, limit: int) -> list[int]:
        order = np.lexsort((cities, -weight[cities]))
        best: list[int] = cities[order[:limit]].tolist()
        return best

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
        return self._in_region(rows, city, code, admin1) if admin1 else rows[0][0]

    def _in_region(self, rows: list[tuple[int, int]], city: str, code: str, admin1: str) -> int:
        region = self.regions.find(code, admin1[:LONGEST_NAME])
        for target, where in rows:
            if where == region:
                return target
        known = list(dict.fromkeys(self.regions.shown(where) for _, where in rows))
        more = ", ..." if len(known) > _REGIONS_NAMED else ""
        wrong = "no region" if region is None else f"no city {shown(city)} in region"
        raise PlaceError(
            f"{wrong} {shown(admin1)} in country {shown(code)}; "
            f"{shown(city)} is in {', '.join(known[:_REGIONS_NAMED])}{more}"
        )

    def _hint(self, folded: str, code: str) -> str:
        """Return where else the name exists, or a similar name in the country."""
        if elsewhere := dict.fromkeys(map(self.code, self._bearers(folded))):
            return f"; there is one in {', '.join(list(elsewhere)[:_HINTS])}"
        targets, own = self._completions.starting(folded[:1])
        here = self.codes[self.country[targets]] == code
        names = {fold_place(name): name for name in map(self.name, targets[own & here].tolist())}
        close = difflib.get_close_matches(folded, names, n=1, cutoff=0.8)
        if close:
            return f"; did you mean {names[close[0]]!r}?"
        return "; try another spelling, its geoname_id, or lon and lat"

    def _bearers(self, folded: str) -> list[int]:
        """Return the cities with this name in any country: by population; its own name counts more."""
        targets, own = self._completions.exact(folded)
        rows = zip(targets.tolist(), own.tolist(), strict=True)
        weighted = ((-self.population[target] * (EXACT_WEIGHT if own else 1), target) for target, own in rows)
        return [target for _, target in sorted(weighted)]

    def nearest(self, lon: float, lat: float) -> int:
        """Return the index of the city nearest to a point given in degrees.

        Raises:
            PlaceError: not a point on Earth, or no city within 100 km of it.
        """
        _check(lon, lat)
        if (index := self._nearby.nearest(lon, lat)) < 0:
            raise PlaceError(
                f"no city within {NEAR_KM:.0f} km of lon {lon:g}, lat {lat:g}", lambda: self._nearest_city(lon, lat)
            )
        return index

    def _nearest_city(self, lon: float, lat: float) -> str:
        """Say which city is nearest to a point, however far."""
        km = chord_km(self._vectors, np.array(unit_vector(lon, lat))[:, None])
        index = int(km.argmin())
        return f"; the nearest, {self.name(index)} ({self.code(index)}), is {km[index]:,.0f} km away"

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
        # geopy makes a new ellipsoid for each distance, which takes half as long again.
        ends = (float(degrees[end]) for end in (a, b) for degrees in (self.lat, self.lon))
        arc = Geodesic.WGS84.Inverse(*ends, Geodesic.DISTANCE)
        return round(float(arc["s12"]) / 1000)


def _check(lon: float, lat: float) -> None:
    for what, value, most in (("lon", lon, 180), ("lat", lat, 90)):
        if not -most <= value <= most:
            raise PlaceError(f"{what} is {value:g}; expected a number from -{most} to {most}")
