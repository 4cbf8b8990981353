"""The city that a proxy's headers or a database of addresses mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.making import LYON, OSAKA, PARIS, RECIFE
from webapp.core.gazetteer import Gazetteer
from webapp.core.roughplaces import RoughPlace, city_of, of_record
from webapp.gazetteerdata import load_gazetteer


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def found(gazetteer: Gazetteer, place: RoughPlace) -> int | None:
    city = city_of(place, gazetteer)
    return None if city is None else gazetteer[city].geoname_id


def test_an_id_counts_before_coordinates_and_these_before_names(gazetteer: Gazetteer) -> None:
    names: Any = {"city": "Recife", "region": "Pernambuco", "country": "BR"}
    assert found(gazetteer, RoughPlace(**names)) == RECIFE
    point: Any = {"lon": 2.3488, "lat": 48.8534}
    assert found(gazetteer, RoughPlace(**point, **names)) == PARIS
    assert found(gazetteer, RoughPlace(geoname_id=OSAKA, **point, **names)) == OSAKA


def test_of_places_around_a_point_the_named_one_is_meant(gazetteer: Gazetteer) -> None:
    part = gazetteer[gazetteer.nearest(4.835, 45.758)]
    assert part.geoname_id != LYON
    assert found(gazetteer, RoughPlace(lon=4.835, lat=45.758, city="Lyon", country="FR")) == LYON


def test_what_cannot_be_found_leaves_it_to_what_comes_next(gazetteer: Gazetteer) -> None:
    assert found(gazetteer, RoughPlace(geoname_id=1, lon=-140.0, lat=-40.0, city="Paris", country="FR")) == PARIS


def test_a_region_that_is_not_known_costs_nobody_the_city(gazetteer: Gazetteer) -> None:
    assert found(gazetteer, RoughPlace(city="Osaka", region="Kansai of old", country="JP")) == OSAKA


@pytest.mark.parametrize("country", ["XX", "T1", "xx"])
def test_an_unknown_country_and_the_tor_network_are_nowhere(gazetteer: Gazetteer, country: str) -> None:
    assert found(gazetteer, RoughPlace(lon=4.835, lat=45.758, city="Lyon", country=country)) is None


@pytest.mark.parametrize("place", [RoughPlace(), RoughPlace(city="Lyon"), RoughPlace(city="Atlantis", country="GR")])
def test_too_little_is_nowhere(gazetteer: Gazetteer, place: RoughPlace) -> None:
    assert found(gazetteer, place) is None


NESTED = {
    "city": {"names": {"de": "Osaka (Stadt)", "en": "Osaka"}},
    "country": {"iso_code": "JP", "names": {"en": "Japan"}},
    "location": {"latitude": 34.69, "longitude": 135.5},
    "subdivisions": [{"names": {"en": "Osaka"}}],
}
FLAT = {
    "city": "Osaka", "country_code": "JP", "latitude": "34.69", "longitude": 135.5, "state1": "Osaka", "timezone": "",
}  # fmt: skip


def test_nested_and_flat_records_say_the_same() -> None:
    assert of_record(NESTED) == of_record(FLAT) == RoughPlace(None, 135.5, 34.69, "Osaka", "Osaka", "JP")


def test_a_record_of_geolite_has_the_citys_id() -> None:
    assert of_record(NESTED | {"city": {"geoname_id": OSAKA, "names": {"en": "Osaka"}}}).geoname_id == OSAKA


@pytest.mark.parametrize(
    "record",
    [
        {"country": {"iso_code": "US"}, "location": {"latitude": 37.751, "longitude": -97.822}},
        {"city": "", "country_code": "US", "latitude": 37.751, "longitude": -97.822},
    ],
)
def test_the_middle_of_a_country_is_no_city(record: dict[str, Any]) -> None:
    assert of_record(record) == RoughPlace()


@pytest.mark.parametrize(
    "record",
    [None, 5, [], "text", {}, {"city": 5}, {"city": {"names": []}, "subdivisions": [7]}, {"location": "here"}],
)
def test_a_record_of_any_other_form_says_nothing(record: object) -> None:
    assert of_record(record) == RoughPlace()


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), ("north", 0), (float("nan"), 0), (0, 181), (None, 0), ([], {})])
def test_coordinates_off_the_earth_are_left_out(gazetteer: Gazetteer, lat: Any, lon: Any) -> None:
    assert found(gazetteer, of_record(FLAT | {"latitude": lat, "longitude": lon})) == OSAKA
