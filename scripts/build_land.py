"""Build the globe's land and city lights: `python scripts/build_land.py` writes three files to `assets/data`.

`land.bin` and `land-few.bin` are Natural Earth's land (public domain) from npm's world-atlas: a bit for each point of a
Fibonacci lattice, land or sea, lowest bit of the first byte first. So the browser computes the same dots from 8 KB.
`land-few.bin` is for a small globe, where all dots would merge into grey.

`lights.bin` has the gazetteer's cities (GeoNames, CC BY 4.0), the largest first: longitudes, then latitudes (int16,
hundredths of a degree, little-endian), then sizes (uint8, by the logarithm of the population).
"""

import argparse
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from webapp.gazetteerdata import load_gazetteer

WORLD_ATLAS = "world-atlas@2.0.2"
TOPOLOGY = "package/land-50m.json"
POINTS = {"land.bin": 65_536, "land-few.bin": 22_528}
LIT = 100_000
"""Population from which a city is lit."""
DATA = Path(__file__).parent.parent / "assets" / "data"

Floats = npt.NDArray[np.float64]


def lattice(n: int) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes, in degrees, of n points spread evenly over the sphere, from north to south."""
    i = np.arange(n)
    golden_angle = np.pi * (3 - np.sqrt(5))
    lon_deg = np.degrees(i * golden_angle) % 360 - 180
    return lon_deg, np.degrees(np.arcsin(1 - 2 * (i + 0.5) / n))


def edges(topology: dict[str, Any]) -> Floats:
    """Return the coastline's edges, rows of (lon, lat, lon, lat) in degrees; a TopoJSON arc is a chain of steps."""
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    used = set(_arc_numbers(topology["objects"]["land"]))
    chains = [np.cumsum(np.array(topology["arcs"][number]), axis=0) * scale + shift for number in sorted(used)]
    return np.concatenate([np.hstack([chain[:-1], chain[1:]]) for chain in chains])


def _arc_numbers(geometry: Any) -> list[int]:
    if isinstance(geometry, dict):
        return _arc_numbers(geometry.get("geometries") or geometry["arcs"])
    if isinstance(geometry, int):
        return [geometry if geometry >= 0 else ~geometry]
    return [number for part in geometry for number in _arc_numbers(part)]


def land_mask(lon_deg: Floats, lat_deg: Floats, coast: Floats) -> npt.NDArray[np.bool_]:
    """Return whether each point is on land: the way to the north pole then crosses the coast an odd number of times.

    Along the meridian there is no special case at the antimeridian or around Antarctica.
    """
    order = np.argsort(lon_deg)
    lon, lat = lon_deg[order], lat_deg[order]
    odd = np.zeros(len(lon), bool)
    for lon0, lat0, lon1, lat1 in coast:
        step = (lon1 - lon0 + 180) % 360 - 180
        west, lat_west, slope = (lon0, lat0, 1) if step > 0 else (lon1, lat1, -1)
        for turn in (-360, 0, 360):
            a, b = np.searchsorted(lon, [west + turn, west + turn + abs(step)])
            if a < b:
                crossing = lat_west + (lon[a:b] - west - turn) / abs(step) * (lat1 - lat0) * slope
                odd[a:b] ^= crossing > lat[a:b]
    mask = np.empty_like(odd)
    mask[order] = odd
    return mask


def fetch_topology() -> dict[str, Any]:
    """Download world-atlas with npm and read its land."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", WORLD_ATLAS], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
            member = package.extractfile(TOPOLOGY)
            assert member is not None
            topology: dict[str, Any] = json.load(member)
    return topology


def city_lights() -> bytes:
    """Pack the cities' places and sizes; 100,000 people give the smallest light, 20 million the largest."""
    cities = load_gazetteer()
    order = np.argsort(-cities.population, kind="stable")  # a small globe shows only the first
    order = order[cities.population[order] >= LIT]
    places = [np.round(100 * degrees[order]).astype("<i2").tobytes() for degrees in (cities.lon, cities.lat)]
    sizes = np.log(np.clip(cities.population[order], 1e5, 2e7) / 1e5) / np.log(200)
    return b"".join([*places, np.round(255 * sizes).astype(np.uint8).tobytes()])


def main() -> None:
    """Write the files, and print how much of the globe is land (29 % of the real one)."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    coast = edges(fetch_topology())
    for name, count in POINTS.items():
        mask = land_mask(*lattice(count), coast)
        (DATA / name).write_bytes(np.packbits(mask, bitorder="little").tobytes())
        print(f"{name}: {mask.sum()} of {count} points are land ({mask.mean():.1%})")
    (DATA / "lights.bin").write_bytes(city_lights())


if __name__ == "__main__":
    main()
