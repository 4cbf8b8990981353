"""Filters as queries write them, and their names in all the places that repeat them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from webapp.core.filters import FILTER_NAMES, Filter, FilterError
from webapp.core.gazetteer import Gazetteer
from webapp.core.songs import artist_key
from webapp.gazetteerdata import load_gazetteer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ([("artist", "")], "artist=''"),
        ([("artist", "x" * 301)], "1 to 300"),
        ([("track", "Night Bus Home")], "16 characters"),
        ([("country", "Brazil")], "'BR'"),
        ([("country", "XX")], "country='XX'"),
        ([("city", "Osaka")], "GeoNames id"),
        ([("city", "99999999999999999999")], "GeoNames id"),
        ([("city", "1")], "city='1'"),
        ([("artist", "a"), ("artist", "b")], "twice"),
    ],
)
def test_a_malformed_filter_is_told_with_its_value(
    gazetteer: Gazetteer, query: list[tuple[str, str]], part: str
) -> None:
    with pytest.raises(FilterError, match=part):
        Filter.parse(query, gazetteer)


def test_a_misspelt_filter_is_told_where_nothing_else_may_stand(gazetteer: Gazetteer) -> None:
    query = [("artst", "Marisol Vey"), ("limit", "5")]
    assert Filter.parse(query, gazetteer) == Filter()
    with pytest.raises(FilterError, match=r"'artst' is not a parameter; expected one of artist, track, .*, limit"):
        Filter.parse(query, gazetteer, others=["limit"])
    assert Filter.parse([("limit", "5")], gazetteer, others=["limit"]) == Filter()


def test_two_ways_to_write_a_filter_are_one(gazetteer: Gazetteer) -> None:
    a = Filter.parse([("country", "br"), ("artist", "Ｍarisol Vey")], gazetteer)
    b = Filter.parse([("artist", artist_key("marisol vey")), ("country", "BR")], gazetteer)
    assert a == b
    assert hash(a) == hash(b)


def test_a_filters_center_is_its_city_or_the_most_populous_of_its_country(gazetteer: Gazetteer) -> None:
    assert Filter(country="BR").center(gazetteer) == pytest.approx((-46.64, -23.55), abs=0.01)  # São Paulo
    assert Filter(country="BR", city=3390760).center(gazetteer) == pytest.approx((-34.88, -8.05), abs=0.01)  # Recife
    assert Filter(artist="tim maia").center(gazetteer) is None
    assert Filter(country="AQ").center(gazetteer) is None  # Antarctica has no city


def test_scripts_know_the_filters_of_the_server() -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "assets").rglob("*.js")}
    lists = {
        name: found[1] for name, text in scripts.items() if (found := re.search(r"const FILTERS = (\[.*?\]);", text))
    }
    assert lists
    assert {name: json.loads(text) for name, text in lists.items()} == {name: list(FILTER_NAMES) for name in lists}


@pytest.mark.parametrize("name", FILTER_NAMES)
def test_every_filter_is_documented(name: str) -> None:
    assert f"`{name}=`" in (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in (ROOT / "docs/embed.md").read_text(encoding="utf-8")
