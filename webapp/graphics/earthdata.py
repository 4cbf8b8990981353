"""Reads the land and the city lights that `scripts/build_land.py` packs into `assets/data`.

The page unpacks the same files: `latticePoints` in `assets/globe/geo.js`, and `assets/globe/citylights.js`.
"""

import math

import numpy as np
import numpy.typing as npt

from webapp.resources import ASSETS

Floats = npt.NDArray[np.float64]
DATA = ASSETS / "data"


def land_points(name: str = "land.bin") -> Floats:
    """Return the land's dots as (lon, lat) rows in degrees; "land-few.bin" has fewer dots.

    The file is a bit mask over the points of a Fibonacci lattice.
    """
    mask = np.unpackbits(np.frombuffer((DATA / name).read_bytes(), np.uint8), bitorder="little").astype(bool)
    i = np.arange(len(mask))
    lon_deg = np.degrees(i * np.pi * (3 - math.sqrt(5))) % 360 - 180
    lat_deg = np.degrees(np.arcsin(1 - 2 * (i + 0.5) / len(mask)))
    points: Floats = np.column_stack([lon_deg, lat_deg])[mask]
    return points.round(2)


def city_lights() -> tuple[Floats, Floats]:
    """Return the cities as (lon, lat) rows in degrees, and their sizes from 0 to 1, the largest first."""
    data = (DATA / "lights.bin").read_bytes()
    count = len(data) // 5
    places = np.frombuffer(data, "<i2", 2 * count).reshape(2, count).T / 100
    return places, np.frombuffer(data, np.uint8, count, 4 * count) / 255
