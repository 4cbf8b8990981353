"""Where an address is, roughly: what a proxy's headers or a database of addresses say, and the city that they mean."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.core.gazetteer import Gazetteer, PlaceError

NOWHERE = ("XX", "T1")
"""What proxies send as the country of an unknown address, and of the Tor network."""
NAME_MOST = 200
AROUND_KM = 50
"""How far the middle of a city may be from where its name is expected."""


@dataclass(frozen=True, slots=True)
class RoughPlace:
    """What is said of where an address is; a part that is not known is None or empty.

    Attributes:
        geoname_id: of the city.
        lon: degrees.
        lat: degrees.
        city: its name.
        region: the region's name or code.
        country: ISO 3166-1 alpha-2 code.
    """

    geoname_id: int | None = None
    lon: float | None = None
    lat: float | None = None
    city: str = ""
    region: str = ""
    country: str = ""


def city_of(place: RoughPlace, gazetteer: Gazetteer) -> int | None:
    """Return the index of the city that is meant; None if there is none.

    Its id counts before coordinates, and these before names. Of the places around a point, the named one is meant:
    the nearest may be a part of it.
    """
    if place.country.upper() in NOWHERE:
        return None
    for find in (_by_id, _by_point, _by_name):
        if (city := find(place, gazetteer)) is not None:
            return city
    return None


def _by_id(place: RoughPlace, gazetteer: Gazetteer) -> int | None:
    given = place.geoname_id
    return None if given is None else _found(lambda: gazetteer.by_id(given))


def _by_point(place: RoughPlace, gazetteer: Gazetteer) -> int | None:
    lon, lat = place.lon, place.lat
    nearest = None if lon is None or lat is None else _found(lambda: gazetteer.nearest(lon, lat))
    if nearest is None or (named := _by_name(place, gazetteer)) is None:
        return nearest
    return named if gazetteer.km(named, nearest) <= AROUND_KM else nearest


def _by_name(place: RoughPlace, gazetteer: Gazetteer) -> int | None:
    if not (place.city and place.country):
        return None
    with_region = _found(lambda: gazetteer.by_name(place.city, place.country, place.region))
    return with_region if with_region is not None else _found(lambda: gazetteer.by_name(place.city, place.country))


def _found(find: Callable[[], int]) -> int | None:
    try:
        return find()
    except PlaceError:
        return None


def of_record(record: object) -> RoughPlace:
    """Return what a record of a MaxMind-format database says, nested as GeoLite2's or flat; nothing if it is neither.

    Nested: `city.geoname_id`, `city.names.en`, `subdivisions[0]`, `country.iso_code`, `location`. Flat: `city`,
    `state1`, `country_code`, `latitude`, `longitude`. The coordinates of a record without a city are the middle of a
    country or of a region, so they say nothing.
    """
    fields = _mapping(record)
    place = _flat(fields) if isinstance(fields.get("city"), str) else _nested(fields)
    return place if place.city or place.geoname_id else RoughPlace()


def _flat(fields: Mapping[str, Any]) -> RoughPlace:
    return RoughPlace(
        lon=degrees(fields.get("longitude"), 180),
        lat=degrees(fields.get("latitude"), 90),
        city=_text(fields.get("city")),
        region=_text(fields.get("state1")),
        country=_text(fields.get("country_code")),
    )


def _nested(fields: Mapping[str, Any]) -> RoughPlace:
    city, location = _mapping(fields.get("city")), _mapping(fields.get("location"))
    given = fields.get("subdivisions")
    region = _mapping(given[0]) if isinstance(given, list) and given else {}
    geoname_id = city.get("geoname_id")
    return RoughPlace(
        geoname_id=geoname_id if isinstance(geoname_id, int) else None,
        lon=degrees(location.get("longitude"), 180),
        lat=degrees(location.get("latitude"), 90),
        city=_english(city),
        region=_english(region),
        country=_text(_mapping(fields.get("country")).get("iso_code")),
    )


def degrees(value: object, most: int) -> float | None:
    """Return degrees, given as a number or as text; None unless they are between -most and most."""
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        return None
    return number if abs(number) <= most else None


def _english(fields: Mapping[str, Any]) -> str:
    names = _mapping(fields.get("names"))
    return _text(names.get("en") or next(iter(names.values()), ""))


def _text(value: object) -> str:
    return value.strip()[:NAME_MOST] if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
