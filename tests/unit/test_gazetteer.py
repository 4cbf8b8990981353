"""Cities by id and by coordinates, and how far apart they are."""

from __future__ import annotations

import numpy as np
import pytest
from geopy.distance import geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.gazetteer import City, Gazetteer, PlaceError
from webapp.core.geo import haversine_km
from webapp.gazetteerdata import load_gazetteer

WORLD = load_gazetteer()
INDEX = st.integers(0, len(WORLD) - 1)


# By id


def test_a_geonames_id_is_found_and_an_unknown_one_named() -> None:
    assert WORLD[WORLD.by_id(3448439)].name == "São Paulo"
    for unknown in (0, -1, 2**70):
        with pytest.raises(PlaceError, match=str(unknown)):
            WORLD.by_id(unknown)


def test_many_ids_are_found_at_once() -> None:
    assert np.array_equal(WORLD.by_ids(WORLD.geoname_id), np.arange(len(WORLD)))
    mixed = WORLD.by_ids(np.array([[1850147, 7], [-1, 3448439], [2**62, 0]]))
    assert mixed.dtype == np.int32
    assert mixed.tolist() == [[WORLD.by_id(1850147), -1], [-1, WORLD.by_id(3448439)], [-1, -1]]
    assert WORLD.by_ids(np.array([], dtype=np.int64)).tolist() == []


# By coordinates


def brute_force(lon: float, lat: float) -> tuple[int, float]:
    distances = haversine_km(lon, lat, WORLD.lon, WORLD.lat)
    return int(distances.argmin()), float(distances.min())


NEAR_A_CITY = st.builds(
    lambda i, east, north: (float(WORLD.lon[i] + east), float(WORLD.lat[i] + north)),
    INDEX,
    st.floats(-1.5, 1.5),
    st.floats(-1.5, 1.5),
)
ANYWHERE = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@settings(max_examples=500)
@given(NEAR_A_CITY | ANYWHERE)
def test_the_nearest_city_is_that_of_a_full_scan(point: tuple[float, float]) -> None:
    lon, lat = (point[0] + 180) % 360 - 180, max(-90.0, min(90.0, point[1]))
    _, km = brute_force(lon, lat)
    if km > 100.001:
        with pytest.raises(PlaceError, match="no city within 100 km of lon"):
            WORLD.nearest(lon, lat)
    elif km < 99.999:
        index = WORLD.nearest(lon, lat)
        assert float(haversine_km(lon, lat, WORLD.lon[index], WORLD.lat[index])) == pytest.approx(km, abs=0.001)


@pytest.mark.parametrize(
    ("lon", "lat", "name"), [(-34.88, -8.05, "Recife"), (135.5, 34.69, "Osaka"), (18.06, 59.33, "Stockholm")]
)
def test_a_point_in_a_city_is_that_city(lon: float, lat: float, name: str) -> None:
    assert WORLD[WORLD.nearest(lon, lat)].name == name


def test_a_city_is_near_from_the_other_side_of_the_antimeridian() -> None:
    funafuti = WORLD.by_name("Funafuti", "TV")
    assert WORLD[funafuti].lon == pytest.approx(179.2, abs=0.1)
    assert WORLD.nearest(-179.99, -8.52) == WORLD.nearest(179.99, -8.52) == funafuti


@pytest.mark.parametrize(
    ("lon", "lat", "message"),
    [
        (-30, 0, "no city within 100 km of lon -30, lat 0; the nearest, Vila dos Remédios (BR), is 504 km away"),
        (0, 90, "no city within 100 km of lon 0, lat 90; the nearest, Longyearbyen (SJ), is 1,310 km away"),
        (0, 91, "lat is 91; expected a number from -90 to 90"),
        (0, float("nan"), "lat is nan; expected a number from -90 to 90"),
        (float("nan"), 0, "lon is nan; expected a number from -180 to 180"),
        (float("-inf"), 0, "lon is -inf; expected a number from -180 to 180"),
        (180.001, 0, "lon is 180.001; expected a number from -180 to 180"),
    ],
)
def test_an_impossible_point_is_named(lon: float, lat: float, message: str) -> None:
    for look_up in (WORLD.nearest, WORLD.near):
        if "within" in message and look_up == WORLD.near:
            assert WORLD.near(lon, lat) == []
            continue
        with pytest.raises(PlaceError) as error:
            look_up(lon, lat)
        assert str(error.value) == message


# Distances


def test_what_is_shown_is_the_distance_on_the_ellipsoid() -> None:
    osaka, recife = WORLD.by_name("Osaka", "JP"), WORLD.by_name("Recife", "BR")
    assert WORLD.geodesic_km(osaka, recife) == WORLD.geodesic_km(recife, osaka) == 16_897
    assert WORLD.geodesic_km(osaka, osaka) == 0


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        # Great-circle distances as published for the pairs of cities; their centres are taken a little differently.
        (("London", "GB"), ("New York City", "US"), 5_570),
        (("Paris", "FR"), ("Tokyo", "JP"), 9_712),
        (("Sydney", "AU"), ("Johannesburg", "ZA"), 11_040),
        (("Auckland", "NZ"), ("Málaga", "ES"), 19_950),
    ],
)
def test_known_distances_come_out(one: tuple[str, str], other: tuple[str, str], km: int) -> None:
    a, b = WORLD.by_name(*one), WORLD.by_name(*other)
    assert int(WORLD.km(a, b)) == pytest.approx(km, rel=0.004)
    assert WORLD.geodesic_km(a, b) == pytest.approx(km, rel=0.006)


@given(INDEX, INDEX)
def test_what_is_shown_is_what_geopy_says(a: int, b: int) -> None:
    one, other = (WORLD[index] for index in (a, b))
    assert WORLD.geodesic_km(a, b) == round(geodesic((one.lat, one.lon), (other.lat, other.lon)).km)


@given(st.lists(st.tuples(INDEX, INDEX), max_size=20))
def test_pairs_are_measured_at_once(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array([p[0] for p in pairs], dtype=np.uint16), np.array([p[1] for p in pairs], dtype=np.uint16)
    km = WORLD.km(a, b)
    assert km.dtype == np.int32
    assert np.array_equal(km, WORLD.km(b, a))
    expected = haversine_km(WORLD.lon[a], WORLD.lat[a], WORLD.lon[b], WORLD.lat[b])
    assert np.all(np.abs(km - expected) <= 0.5 + 1e-6)


def test_a_city_travels_whole() -> None:
    city = WORLD[WORLD.by_id(3448439)]
    assert city == City(
        3448439, "São Paulo", "BR", "Brazil", "27", -46.63611, -23.5475, city.population, "America/Sao_Paulo",
        None, "São Paulo",
    )  # fmt: skip
    assert isinstance(load_gazetteer(), Gazetteer)
    assert load_gazetteer() is WORLD
