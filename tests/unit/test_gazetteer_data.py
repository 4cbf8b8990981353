"""The data that the package ships, and how scripts/build_gazetteer.py chooses and packs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import build_gazetteer
import numpy as np
import pytest
from build_gazetteer import Source, build, capitals, differing, write
from click import ClickException
from click.testing import CliRunner

from webapp.core.gazetteer import Gazetteer, PlaceError
from webapp.gazetteerdata import DATA, load_gazetteer, read_gazetteer

WORLD = load_gazetteer()

# What is shipped


def test_there_are_the_cities_of_100_000_people_and_the_capitals() -> None:
    assert len(WORLD) == 6_281
    assert int((WORLD.population >= 100_000).sum()) == 6_204


def test_a_country_has_one_city_below_100_000_people_at_most_its_capital() -> None:
    codes, counts = np.unique(WORLD.country[WORLD.population < 100_000], return_counts=True)
    assert dict(zip(codes.tolist(), counts.tolist(), strict=True)) == dict.fromkeys(codes.tolist(), 1)


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
    assert len(np.unique(WORLD.geoname_id)) == len(WORLD) < 0xFFFF


def test_every_row_is_whole() -> None:
    zones = available_timezones()
    for city in WORLD.cities:
        assert city.name == city.name.strip() != ""
        assert city.name.isprintable()
        assert city.country == WORLD.country_name(city.country_code) != ""
        assert -180 <= city.lon <= 180
        assert -90 <= city.lat <= 90
        assert city.population >= 0
    assert {city.timezone for city in WORLD.cities} - zones <= {"Asia/Hanoi"}
    assert len(WORLD.countries) == 250


def test_the_data_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 4_000_000
    assert (DATA / "names.npz").stat().st_size < 3_000_000


def test_geonames_is_credited_beside_the_data() -> None:
    credit = (DATA / "README.md").read_text(encoding="utf-8")
    assert "https://www.geonames.org/" in credit
    assert "CC BY 4.0" in credit


# How it is made


def place(number: int, name: str, lon: float, people: int, *also: str, admin1: str = "01", code: str = "AA") -> Any:
    return {
        "geonameid": number, "name": name, "countrycode": code, "admin1code": admin1, "longitude": lon, "latitude": 0.0,
        "population": people, "timezone": "UTC", "alternatenames": list(also),
    }  # fmt: skip


def country(code: str, name: str, capital: str) -> Any:
    return {"iso": code, "iso3": code + "X", "name": name, "capital": capital}


PLACES = [
    place(1, "Big", 10.0, 200_000, "Groß", "Shared"),
    place(2, "Bigger", 11.0, 300_000, "Big", "Shared", admin1="02"),
    place(3, "Seat", 20.0, 500, "Old Seat", code="BB"),
    place(4, "Seat", 20.5, 20, code="BB"),
    place(5, "Shared", 10.1, 99_999, "Suburb"),
    place(6, "Hamlet", 10.7, 600, "Unheard"),
    place(7, "Far", 60.0, 90_000, "Gone"),
    place(8, "Town", 10.9, 30_000, "Heard"),
    place(9, "Far", 10.2, 40, admin1="02"),
    place(10, "Twin", 10.0, 100_000),
]


@pytest.fixture(scope="module")
def source() -> Source:
    countries = {"AA": country("AA", "Aland", ""), "BB": country("BB", "Beland", "Óld Seat")}
    return Source(sorted(PLACES, key=lambda p: (p["longitude"], p["geonameid"])), countries, {})


@pytest.fixture
def small(source: Source, tmp_path: Path) -> Gazetteer:
    write(tmp_path, build(source))
    return read_gazetteer(tmp_path)


def test_the_capital_may_be_named_otherwise_and_is_the_largest_of_its_name(source: Source) -> None:
    assert {code: p["geonameid"] for code, p in capitals(source).items()} == {"BB": 3}


def test_a_capital_that_is_not_there_stops_the_build(source: Source) -> None:
    lost = Source(source.places, {"BB": country("BB", "Beland", "Lost")}, {})
    with pytest.raises(ClickException, match="Lost"):
        capitals(lost)


def test_chosen_are_the_large_and_the_capitals_in_order(small: Gazetteer) -> None:
    assert small.geoname_id.tolist() == [1, 10, 2, 3]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Big", 1),  # its own name, before another name of the larger one
        ("gross", 1),
        ("Shared", 2),  # no city's own name: the most populous bearer, a smaller place's own name or not
        ("Suburb", 1),
        ("Hamlet", 2),  # the nearer one
        ("Heard", 2),
    ],
)
def test_a_name_means_the_best_of_its_bearers(small: Gazetteer, name: str, number: int) -> None:
    assert small[small.by_name(name, "AA")].geoname_id == number


def test_admin1_decides_among_bearers(small: Gazetteer) -> None:
    assert small[small.by_name("Shared", "AA", "01")].geoname_id == 1
    assert small[small.by_name("Shared", "AA", "02")].geoname_id == 2
    assert small[small.by_name("Far", "AA", "02")].geoname_id == 1


def test_a_far_place_is_not_put_where_a_smaller_namesake_lies(small: Gazetteer) -> None:
    with pytest.raises(
        PlaceError, match=r"'Far' in country 'AA' is known, but the gazetteer has no city within 100 km"
    ):
        small.by_name("Far", "AA")


@pytest.mark.parametrize(("name", "code"), [("Unheard", "AA"), ("Big", "BB"), ("Nowhere", "AA")])
def test_other_names_of_small_places_and_names_of_other_countries_are_not_known(
    small: Gazetteer, name: str, code: str
) -> None:
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
    assert differing(first, build(Source(renamed, source.countries, {}))) == ["cities.tsv", "names.npz"]
    (first / "regions.tsv").unlink()
    assert differing(first, build(source)) == ["regions.tsv"]


def test_check_says_what_is_stale_and_writes_nothing(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Source, "load", lambda: source)
    run = CliRunner().invoke
    stale = run(build_gazetteer.main, ["--check", "--out", str(tmp_path)])
    assert (stale.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "cities.tsv, countries.tsv, regions.tsv, names.npz" in stale.output
    assert run(build_gazetteer.main, ["--out", str(tmp_path)]).exit_code == 0
    assert run(build_gazetteer.main, ["--check", "--out", str(tmp_path)]).output.endswith("current.\n")
