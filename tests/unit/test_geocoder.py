from __future__ import annotations

from typing import Any

import pytest
from geopy.exc import GeocoderQueryError, GeocoderServiceError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders.base import Geocoder
from geopy.location import Location
from geopy.point import Point

from webapp.geocoder import GazetteerGeocoder

GEOCODER = GazetteerGeocoder()


def address(query: Any) -> str | None:
    location = GEOCODER.geocode(query)
    assert location is None or isinstance(location, Location)
    return None if location is None else str(location.address)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Osaka", "Osaka, Japan"),
        ("Sao Paulo, Brazil", "São Paulo, Brazil"),
        ("東京", "Tokyo, Japan"),
        ("Paris, FR", "Paris, France"),
        ("Portland, OR", "Portland, United States"),
        ("Springfield, Illinois, USA", "Springfield, United States"),
        ("Munich, Bavaria, Germany", "Munich, Germany"),
        ({"city": "München", "country": "DE"}, "Munich, Germany"),
        ({"city": "Columbus", "state": "GA", "country": "US"}, "Columbus, United States"),
        ("Atlantis, Greece", None),
        ("Osaka, Nowhere", None),
        ("Springfield, AK, US", None),
        (",", None),
    ],
)
def test_a_query_gives_the_city_or_none(query: Any, expected: str | None) -> None:
    assert address(query) == expected


def test_a_location_has_geopys_order_and_the_citys_fields() -> None:
    location = GEOCODER.geocode("Recife, BR")
    assert isinstance(location, Location)
    assert (location.latitude, location.longitude) == pytest.approx((-8.05, -34.88), abs=0.02)
    assert location.raw["country_code"] == "BR"
    assert location.raw["population"] > 1_000_000


def test_several_are_a_list_the_best_first() -> None:
    locations = GEOCODER.geocode("London", exactly_one=False)
    assert isinstance(locations, list)
    assert [place.raw["country_code"] for place in locations[:2]] == ["GB", "CA"]
    assert GEOCODER.geocode("London", exactly_one=False, limit=1) == locations[:1]
    assert GEOCODER.geocode("Atlantis, Greece", exactly_one=False) is None


@pytest.mark.parametrize("point", [(34.69, 135.5), "34.69, 135.5", Point(34.69, 135.5), Point(34.69, 495.5)])
def test_reverse_takes_what_geopy_takes(point: Any) -> None:
    location = GEOCODER.reverse(point)
    assert isinstance(location, Location)
    assert location.address == "Osaka, Japan"


def test_reverse_gives_the_nearest_first_and_none_at_sea() -> None:
    locations = GEOCODER.reverse((-8.05, -34.88), exactly_one=False, limit=3)
    assert isinstance(locations, list)
    assert len(locations) == 3
    assert locations[0].address == "Recife, Brazil"
    assert GEOCODER.reverse((0, -30)) is None
    assert GEOCODER.reverse((0, -30), exactly_one=False) is None


@pytest.mark.parametrize("query", ["", "  ", None, 5, {"country": "JP"}, {"city": "Osaka", "street": "1"}])
def test_a_query_that_is_none_is_an_error_of_geopys(query: Any) -> None:
    with pytest.raises(GeocoderQueryError):
        GEOCODER.geocode(query)


@pytest.mark.parametrize("point", ["here", (float("nan"), 0), (float("inf"), 0)])
def test_a_point_that_is_none_is_a_value_error(point: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # geopy's own, in several wordings
        GEOCODER.reverse(point)


def test_a_limit_below_one_is_an_error_as_with_nominatim() -> None:
    with pytest.raises(ValueError, match="Limit cannot be less than 1"):
        GEOCODER.geocode("Osaka", exactly_one=False, limit=0)


def test_geopys_tools_take_it_for_one_of_theirs() -> None:
    assert isinstance(GEOCODER, Geocoder)
    assert GazetteerGeocoder(timeout=3).timeout == 3
    limited = RateLimiter(GEOCODER.geocode, min_delay_seconds=0)
    assert limited("Osaka", timeout=1).address == "Osaka, Japan"
    with GazetteerGeocoder() as geocoder:
        assert geocoder.geocode("Osaka") == GEOCODER.geocode("Osaka")


def test_it_asks_nobody() -> None:
    with pytest.raises(GeocoderServiceError):
        GEOCODER.adapter.get_json("https://example.org", timeout=1, headers={})
