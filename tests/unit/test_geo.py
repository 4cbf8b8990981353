from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.geo import EARTH_KM, Nearby, chord_km, haversine_km, unit_vector, unit_vectors

LON = st.floats(-180, 180)
LAT = st.floats(-90, 90)


def spherical_law_of_cosines_km(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Another formula for the same distance, good to a metre between 1 km and the antipodes."""
    a, b, turn = math.radians(lat_a), math.radians(lat_b), math.radians(lon_b - lon_a)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return EARTH_KM * math.acos(max(-1.0, min(1.0, cosine)))


@pytest.mark.parametrize(
    ("ends", "turns"),
    [
        ((0, 0, 90, 0), 1 / 4),
        ((0, 0, 0, 90), 1 / 4),
        ((0, 0, 180, 0), 1 / 2),
        ((12, 90, -70, -90), 1 / 2),
        ((179.5, 0, -179.5, 0), 1 / 360),
        ((10, 89.5, -170, 89.5), 1 / 360),
        ((5, 5, 5, 5), 0),
        ((180, 30, -180, 30), 0),
    ],
)
def test_the_distance_is_the_right_share_of_the_circumference(ends: tuple[float, ...], turns: float) -> None:
    assert float(haversine_km(*ends)) == pytest.approx(turns * 40030.2, abs=0.1)


@given(LON, LAT, LON, LAT)
def test_two_formulas_and_two_directions_agree(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> None:
    km = float(haversine_km(lon_a, lat_a, lon_b, lat_b))
    assert km == pytest.approx(spherical_law_of_cosines_km(lon_a, lat_a, lon_b, lat_b), abs=0.3)
    assert km == pytest.approx(float(haversine_km(lon_b, lat_b, lon_a, lat_a)), abs=1e-6)
    assert km == pytest.approx(float(chord_km(unit_vectors(lon_a, lat_a), unit_vectors(lon_b, lat_b))), abs=0.001)


@given(LON, LAT)
def test_a_single_vector_is_that_of_the_arrays(lon: float, lat: float) -> None:
    vector = unit_vector(lon, lat)
    assert math.hypot(*vector) == pytest.approx(1)
    assert vector == pytest.approx(tuple(unit_vectors([lon], [lat])[0]), abs=1e-15)


@given(st.lists(st.tuples(LON, LAT), min_size=1, max_size=30), LON, LAT, st.floats(1, 20_000))
def test_nearby_points_are_those_of_a_full_scan(
    points: list[tuple[float, float]], lon: float, lat: float, within_km: float
) -> None:
    lons, lats = (np.array(column) for column in zip(*points, strict=True))
    nearby = Nearby(lons, lats, np.arange(len(points)), within_km)
    distances = haversine_km(lon, lat, lons, lats)
    surely, maybe = (set(np.flatnonzero(distances <= within_km + slack).tolist()) for slack in (-0.001, 0.001))
    found = nearby.all(lon, lat)
    assert surely <= set(found) <= maybe
    assert np.all(np.diff(distances[found]) > -0.001)
    if surely:
        assert distances[nearby.nearest(lon, lat)] == pytest.approx(distances.min(), abs=0.001)
    if not maybe:
        assert nearby.nearest(lon, lat) == -1


def test_of_points_in_one_spot_the_lowest_rank_is_the_nearest() -> None:
    lon, lat = np.array([7.0, 7.0, 7.0]), np.array([46.0, 46.0, 46.0])
    assert Nearby(lon, lat, np.array([5, 1, 3]), 100).nearest(7.1, 46) == 1


def test_points_are_found_across_the_antimeridian_and_over_the_pole() -> None:
    lon, lat = np.array([-179.9, 100.0]), np.array([-17.0, 89.8])
    nearby = Nearby(lon, lat, np.zeros(2, np.int64), 100)
    assert nearby.nearest(179.9, -17) == 0
    assert nearby.nearest(-80, 89.8) == 1
