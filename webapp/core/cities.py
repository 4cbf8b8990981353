"""The cities of the gazetteer as columns, in the order (lon, geoname_id). A `City` is made when it is asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from webapp.core.packing import Texts, from_planes
from webapp.core.placenames import fold_place
from webapp.core.places import City, Country
from webapp.core.regions import Regions

Ints = npt.NDArray[np.int64]
Read = Callable[[str], Mapping[str, Any]]
"""Reads the arrays of one file of the gazetteer, by its name."""

DEGREE = 100_000
"""Coordinates are stored as whole parts of a degree; GeoNames gives five decimals."""
_CACHED_CITIES = 4_096


class Cities(Sequence[City]):
    """The cities as columns. Names are read when they are first asked for: matching does without.

    Attributes:
        geoname_id: int64 (n,).
        lon: float64 (n,), degrees, ascending.
        lat: float64 (n,), degrees.
        population: int64 (n,).
        country: uint8 (n,), positions in `codes`.
        region: uint16 (n,), positions in `regions`.
        zone: uint16 (n,), positions in `zones`.
        codes: str (countries,), ISO 3166-1 alpha-2 codes of all countries, also of those without a city.
        regions: all regions.
    """

    def __init__(self, read: Read, countries: Sequence[Country], regions: Regions) -> None:
        """Read the columns.

        Args:
            read: reads the files that scripts/build_gazetteer.py wrote.
            countries: every country, in the order of their numbers.
            regions: every region, likewise.
        """
        columns = read("cities.npz")
        self._read, self._country_rows, self.regions = read, countries, regions
        self.geoname_id: Ints = columns["geoname_id"].astype(np.int64)
        self.lon, self.lat = (columns[name] / DEGREE for name in ("lon", "lat"))
        self.population: Ints = columns["population"].astype(np.int64)
        self.country: npt.NDArray[np.uint8] = columns["country"]
        self.region: npt.NDArray[np.uint16] = columns["region"]
        self.zone: npt.NDArray[np.uint16] = columns["zone"]
        self.codes = np.array([country.code for country in countries])
        self._position = {country.code: at for at, country in enumerate(countries)}
        self._made = lru_cache(_CACHED_CITIES)(self._make)

    def __len__(self) -> int:
        return len(self.geoname_id)

    def __getitem__(self, index: int) -> City:  # type: ignore[override]  # one at a time
        return self._made(int(index))

    def __iter__(self) -> Iterator[City]:
        return map(self._make, range(len(self)))

    def name(self, index: int) -> str:
        """Return a city's name, without making the city."""
        names, *_ = self._texts
        return names[index]

    def code(self, index: int) -> str:
        """Return the code of a city's country."""
        return self._country_rows[int(self.country[index])].code

    @property
    def zones(self) -> Sequence[str]:
        """The IANA names of the time zones."""
        return self._texts[1]

    @cached_property
    def _texts(self) -> tuple[Texts, Sequence[str], Sequence[str]]:
        """Return the cities' names, the time zones and the ends of labels."""
        arrays = self._read("citynames.npz")
        names = Texts(arrays["names"], from_planes(arrays["length"]))
        zones, ends = (arrays[name].tobytes().decode().split("\n") for name in ("zones", "ends"))
        self._end = from_planes(arrays["end"])
        return names, zones, ends

    def _make(self, index: int) -> City:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no city {index}; expected 0 to {len(self) - 1}")
        names, zones, ends = self._texts
        name, country, region = (
            names[index], self._country_rows[self.country[index]], self.regions[int(self.region[index])],
        )  # fmt: skip
        known = fold_place(region.name) not in ("", fold_place(name), fold_place(country.name))
        return City(
            int(self.geoname_id[index]), name, country.code, country.name, region.admin1,
            float(self.lon[index]), float(self.lat[index]), int(self.population[index]), zones[self.zone[index]],
            region.name if known else None, name + ends[self._end[index]],
        )  # fmt: skip
