"""The gazetteer: finds the cities of the world by GeoNames id, name or coordinates, and their distances.

A *city index* is a position in the order (lon, geoname_id). `scripts/build_gazetteer.py` makes the data in
`webapp/data` from GeoNames (CC BY 4.0).
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from geographiclib.geodesic import Geodesic

from webapp.core.cities import Read
from webapp.core.geo import Nearby, chord_km, unit_vector, unit_vectors
from webapp.core.namedareas import LONGEST_NAME
from webapp.core.namedcities import EXACT_WEIGHT, NamedCities
from webapp.core.places import City, Country, PlaceError, shown
from webapp.core.regions import Regions

__all__ = ["EXACT_WEIGHT", "LONGEST_NAME", "City", "Country", "Gazetteer", "PlaceError"]

NEAR_KM = 100.0
_CACHED_PAIRS = 32_768

Indices = npt.NDArray[np.int32]


class Gazetteer(NamedCities):
    """The cities, with look-ups that return city indices. See `Cities` for the columns.

    Attributes:
        countries: all country codes, also those without a city.
    """

    def __init__(self, read: Read, countries: Sequence[Country], regions: Regions) -> None:
        """Index the cities; the arguments are those of `Cities`. Names are indexed when one is first looked for."""
        super().__init__(read, countries, regions)
        self._by_id = np.argsort(self.geoname_id)
        self._sorted_id = self.geoname_id[self._by_id]
        self._vectors = np.ascontiguousarray(unit_vectors(self.lon, self.lat).T)
        self._geodesic = lru_cache(_CACHED_PAIRS)(self._measure)

    def ready(self) -> "Gazetteer":
        """Read and index all that is read when it is first needed, so that no look-up waits; return the gazetteer."""
        self.read_names()
        self._nearby  # noqa: B018  # reading it makes it
        return self

    @cached_property
    def _nearby(self) -> Nearby:
        return Nearby(self.lon, self.lat, -self.population, NEAR_KM)

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
