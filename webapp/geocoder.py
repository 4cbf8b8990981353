"""A geopy geocoder that uses the gazetteer: the same calls and results, without network, key or limits."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from geopy.adapters import BaseSyncAdapter
from geopy.exc import GeocoderQueryError, GeocoderServiceError
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location
from geopy.point import Point

from webapp.core.gazetteer import City, Gazetteer
from webapp.gazetteerdata import load_gazetteer

PARTS = frozenset({"city", "state", "country"})


class _NoNetwork(BaseSyncAdapter):  # type: ignore[misc]  # geopy is not typed
    """Replaces geopy's HTTP client."""

    def get_json(self, url: str, **_: Any) -> Any:
        raise GeocoderServiceError(f"the gazetteer sends no requests, so not to {url!r} either")

    get_text = get_json


class GazetteerGeocoder(Geocoder):  # type: ignore[misc]  # geopy is not typed
    """A geocoder for the gazetteer's cities.

    >>> GazetteerGeocoder().geocode("Sao Paulo, Brazil")
    Location(São Paulo, Brazil, (-23.5475, -46.63611, 0.0))
    """

    def __init__(self, gazetteer: Gazetteer | None = None, *, timeout: Any = DEFAULT_SENTINEL) -> None:
        """Use a gazetteer, by default the built-in one; `timeout` has no effect."""
        super().__init__(timeout=timeout, adapter_factory=_NoNetwork)
        self.gazetteer = gazetteer or load_gazetteer()

    def geocode(
        self,
        query: str | Mapping[str, str],
        *,
        exactly_one: bool = True,
        timeout: Any = DEFAULT_SENTINEL,  # noqa: ARG002  # part of geopy's interface
        limit: int | None = None,
    ) -> Location | list[Location] | None:
        """Return the city of that name, or the city near a smaller place of that name.

        Args:
            query: text as people type it, such as "City", "City, Country", "City, State", "City State Country" or
                "Postcode City", or a mapping of `city`, `state` and `country`. Countries by ISO 3166-1 code, English
                or own name, states by code or name.
            exactly_one: the best city, or a list of all with that name, the best first.
            timeout: ignored.
            limit: the most cities in a list.

        Returns:
            A `geopy.Location` whose `raw` has the city's fields, or a list of them; None if there is none.

        Raises:
            GeocoderQueryError: the query is empty, or neither text nor a mapping with a city.
        """
        return self._answer(self._found(query), exactly_one, limit)

    def reverse(
        self,
        query: Any,
        *,
        exactly_one: bool = True,
        timeout: Any = DEFAULT_SENTINEL,  # noqa: ARG002  # part of geopy's interface
        limit: int | None = None,
    ) -> Location | list[Location] | None:
        """Return the city nearest to a point, within 100 km.

        Args:
            query: `geopy.Point`, (latitude, longitude), or "latitude, longitude".
            exactly_one: the nearest city, or a list of all within 100 km, the nearest first.
            timeout: ignored.
            limit: the most cities in a list.

        Returns:
            A `geopy.Location`, or a list of them; None if there is none.

        Raises:
            ValueError: not a coordinate pair, or not on Earth.
        """
        point = query if isinstance(query, Point) else Point(query)
        return self._answer(self.gazetteer.near(point.longitude, point.latitude), exactly_one, limit)

    def _found(self, query: str | Mapping[str, str]) -> list[int]:
        """Return the cities that a query can mean, the best first."""
        if isinstance(query, Mapping):
            return self.gazetteer.named(*_parts(query))
        if not isinstance(query, str) or not query.strip():
            raise GeocoderQueryError(
                f"{query!r} is not a query; expected text such as 'Osaka, Japan', or a mapping with 'city'"
            )
        return self.gazetteer.meanings(query)

    def _answer(self, indices: Iterable[int], exactly_one: bool, limit: int | None) -> Location | list[Location] | None:
        if limit is not None and limit < 1:
            raise ValueError("Limit cannot be less than 1")
        locations = [_location(self.gazetteer[i]) for i in list(indices)[: 1 if exactly_one else limit]]
        if not locations:
            return None
        return locations[0] if exactly_one else locations


def _parts(query: Mapping[str, str]) -> tuple[str, str | None, str | None]:
    if unknown := set(query) - PARTS:
        raise GeocoderQueryError(f"unknown part {min(unknown)!r}; expected one of {', '.join(sorted(PARTS))}")
    if not (city := query.get("city")):
        raise GeocoderQueryError("the query has no 'city'")
    return city, query.get("country"), query.get("state")


def _location(city: City) -> Location:
    return Location(f"{city.name}, {city.country}", Point(city.lat, city.lon), asdict(city))
