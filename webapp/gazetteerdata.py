"""Reads the package's gazetteer, which `scripts/build_gazetteer.py` writes into `webapp/data`."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from webapp.core.gazetteer import Gazetteer
from webapp.core.places import Country, Region
from webapp.core.regions import Regions
from webapp.resources import PACKAGE

DATA = PACKAGE / "data"


@cache
def load_gazetteer() -> Gazetteer:
    """Return the package's gazetteer. Columns are read once per process; names when one is first needed."""
    return read_gazetteer(DATA)


def read_gazetteer(folder: Path) -> Gazetteer:
    """Read a gazetteer from a folder that scripts/build_gazetteer.py wrote."""

    def read(name: str) -> Mapping[str, Any]:
        with np.load(folder / name) as arrays:
            return dict(arrays)

    countries = [
        Country(code, name, tuple(filter(None, also.split("|"))))
        for code, name, also in _rows(folder / "countries.tsv")
    ]
    regions = (
        Region(intern(code), intern(admin1), name, iso) for code, admin1, name, iso in _rows(folder / "regions.tsv")
    )
    return Gazetteer(read, countries, Regions(regions, read("regionwords.npz"), lambda: read("districts.npz")))


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a file of tab-separated values, without its header."""
    header, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert "\t" in header
    return (line.split("\t") for line in lines)
