"""What `scripts/build_land.py` ships of the cities."""

from itertools import pairwise

import build_land

from webapp.resources import ASSETS


def test_the_lights_are_the_gazetteers_the_largest_city_first() -> None:
    packed = (ASSETS / "data" / "lights.bin").read_bytes()
    assert packed == build_land.city_lights()
    sizes = packed[len(packed) // 5 * 4 :]
    assert all(one >= other for one, other in pairwise(sizes))
    assert sizes[0] > sizes[-1]
