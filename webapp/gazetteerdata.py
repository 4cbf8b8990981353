"""Reads the package's gazetteer, which `scripts/build_gazetteer.py` writes into `webapp/data`."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from sys import intern

import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.core.places import City, Country
from webapp.resources import PACKAGE

DATA = PACKAGE / "data"


@cache
def load_gazetteer() -> Gazetteer:
    """Return the package's gazetteer; it is read once per process."""
    return read_gazetteer(DATA)


def read_gazetteer(folder: Path) -> Gazetteer:
    """Read a gazetteer from a folder that scripts/build_gazetteer.py wrote."""
    names = {
        row[0]: Country(row[0], row[1], tuple(filter(None, row[2].split("|"))))
        for row in _rows(folder / "countries.tsv")
    }
    cities = [
        City(
            int(i),
            name,
            intern(code),
            names[code].name,
            intern(admin1),
            float(lon),
            float(lat),
            int(pop),
            intern(zone),
            label=name,
        )
        for i, name, code, admin1, lon, lat, pop, zone in _rows(folder / "cities.tsv")
    ]
    regions = [(code, admin1, name) for code, admin1, name in _rows(folder / "regions.tsv")]
    with np.load(folder / "names.npz") as arrays:
        return Gazetteer(cities, names.values(), regions, arrays)


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        yield from rows
