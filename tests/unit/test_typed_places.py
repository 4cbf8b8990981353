"""A place as people type it. `tests/data/places.tsv` has what texts mean, by kind."""

from __future__ import annotations

import csv
import random
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest
from gazetteer import countrynames, regionnames
from hypothesis import assume, given
from hypothesis import strategies as st

from webapp.core.gazetteer import PlaceError
from webapp.core.placenames import fold_place
from webapp.core.placereadings import READINGS_MOST, readings
from webapp.gazetteerdata import load_gazetteer

WORLD = load_gazetteer()
CORPUS = Path(__file__).resolve().parents[1] / "data" / "places.tsv"
with CORPUS.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def error(text: str) -> str:
    with pytest.raises(PlaceError) as raised:
        WORLD.typed(text)
    return str(raised.value)


@pytest.mark.parametrize("kind", dict.fromkeys(row["kind"] for row in ROWS))
def test_a_text_means_the_city_that_people_mean(kind: str) -> None:
    rows = [(row["text"], row["label"], row["country"]) for row in ROWS if row["kind"] == kind]
    cities = [WORLD[WORLD.typed(text)] for text, _, _ in rows]
    assert [(text, city.label, city.country_code) for (text, _, _), city in zip(rows, cities, strict=True)] == rows


def test_the_corpus_has_texts_of_each_kind() -> None:
    assert len(ROWS) >= 390
    assert len({row["text"] for row in ROWS}) == len(ROWS)
    assert min(Counter(row["kind"] for row in ROWS).values()) >= 3


@given(st.integers(0, len(WORLD) - 1))
def test_a_citys_name_with_its_country_means_what_the_two_fields_mean(index: int) -> None:
    city = WORLD[index]
    assume(not any(sign in city.name for sign in (",", "/", " - ")))
    assert WORLD.typed(f"{city.name}, {city.country}") == WORLD.by_name(city.name, city.country_code)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Germany", "'Germany' is a country; add a city, such as 'Berlin, Germany'"),
        ("Deutschland", "'Deutschland' is a country; add a city, such as 'Berlin, Germany'"),
        ("Lebanon", "'Lebanon' is a country; add a city, such as 'Beirut, Lebanon'"),
        ("USA", "'USA' is a country; add a city, such as 'New York City, United States'"),
        ("Texas", "'Texas' is a region of the United States; add a city, such as 'Houston, Texas'"),
        ("Texas USA", "'Texas USA' is a region of the United States; add a city, such as 'Houston, Texas'"),
        ("Bavaria", "'Bavaria' is a region of Germany; add a city, such as 'Munich, Bavaria'"),
        ("Florida", "'Florida' is a region of the United States; add a city, such as 'Jacksonville, Florida'"),
        ("Georgia, USA", "'Georgia, USA' is a region of the United States; add a city, such as 'Atlanta, Georgia'"),
        ("Victoria", "'Victoria' is a region of Australia; add a city, such as 'Melbourne, Victoria'"),
        ("Bali", "'Bali' is a region of Indonesia; add a city, such as 'Denpasar, Bali'"),
        ("PA", "'PA' is a country; add a city, such as 'Panama City, Panama'"),
        ("123", "no city '123'; expected a name such as 'Osaka', 'Portland, Maine' or 'Paris, FR'"),
        ("Earth", "'Earth' is not a city; expected a name such as 'Osaka', 'Portland, Maine' or 'Paris, FR'"),
    ],
)
def test_a_country_or_region_alone_is_not_a_hamlet_of_that_name(text: str, message: str) -> None:
    assert error(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Springfield, Alaska",
            "no city 'Springfield, Alaska'; it is not in Alaska, the United States, "
            "but in Missouri, Massachusetts, Illinois, Oregon, Ohio, ...",
        ),
        ("Portland, France", "no city 'Portland, France'; it is not in France; there is one in US, AU, GB"),
        ("Atlantis, Greece", "no city 'Atlantis, Greece'; it is not in Greece; there is one in ZA, US"),
        ("Parris, France", "no city 'Parris, France'; it is not in France; did you mean 'Paris'?"),
        (
            "Nowhere, Mexico",
            "no city 'Nowhere, Mexico'; it is not in Mexico; try another spelling, its geoname_id, or lon and lat",
        ),
        (
            "Springfield, Ilinois, USA",
            "no city 'Springfield, Ilinois, USA'; it is not in the United States, "
            "but in Missouri, Massachusetts, Illinois, Oregon, Ohio, ...",
        ),
    ],
)
def test_an_unknown_city_of_a_known_area_is_told_where_it_is(text: str, message: str) -> None:
    assert error(text) == message


def test_a_text_that_means_nothing_is_answered_with_examples() -> None:
    for text in ("somewhere", "the moon", "??", ",", "Osaka, Nowhere", "x" * 300, "\ufdfa" * 100, "a " * 100):
        assert "expected a name such as 'Osaka', 'Portland, Maine' or 'Paris, FR'" in error(text)


@given(st.text(max_size=250))
def test_any_text_is_a_city_or_a_place_error(text: str) -> None:
    try:
        answer: int | str = WORLD.typed(text)
    except PlaceError as problem:
        answer = str(problem)
    if isinstance(answer, str):
        assert len(answer) < 350
        assert answer.isprintable()
    else:
        assert 0 <= answer < len(WORLD)


def test_a_bad_text_costs_little_processor_time() -> None:
    draw, letters = random.Random(1), "abcdefghijklmnopqrstuvwxyz"
    WORLD.ready()
    texts = [" ".join("".join(draw.choices(letters, k=5)) for _ in range(6)) for _ in range(200)]
    texts += [", ".join(draw.choices(["ca", "de", "in", "new york", "zz"], k=6)) + ", qq" for _ in range(200)]
    began = time.thread_time()
    for text in texts:
        WORLD.meanings(text)
    assert (time.thread_time() - began) / len(texts) < 0.003


CHAIN = "英国法国マリ美国韩国泰国中国德国"


@pytest.mark.parametrize(
    "text",
    [
        f"({CHAIN * 3})"[:42],
        f"{CHAIN * 10}"[:190],
        ",".join("(ca) 1" for _ in range(30)),
        "(new san saint la york paris) 12 [new, san, saint, la, york, de]",
        "\ufdfa" * 200,
        "la ca de in ny tx " * 11,
    ],
)
def test_no_text_costs_much_processor_time_or_has_many_readings(text: str) -> None:
    assert sum(map(len, readings(text, WORLD))) <= READINGS_MOST + 3
    WORLD.ready()
    took = []
    for number in range(20):
        began = time.thread_time()
        WORLD.meanings(f"{text}{number}")
        took.append(time.thread_time() - began)
    assert statistics.median(took) < 0.01


def test_each_reading_comes_once() -> None:
    found = [reading for group in readings(f"({CHAIN}) 1", WORLD) for reading in group]
    assert len(found) == len(set(found)) > 3


def test_every_short_form_finds_the_region_that_people_mean() -> None:
    for country, regions in regionnames.SHORT.items():
        for name, forms in regions.items():
            found = {WORLD.regions.find(country, form) for form in (name, *forms.split("|"))}
            assert len(found) == 1, (country, name)
            assert None not in found, (country, name)


def test_a_name_of_two_countries_belongs_to_the_one_that_has_it_first() -> None:
    english = {"DE": "Germany", "CH": "Deutschland", "CD": "Congo-Kinshasa", "GN": "Guinea"}
    names = countrynames.others(english, {code: code + "X" for code in english})
    assert "Deutschland" not in names["DE"]
    assert names["CH"][0] == "CHX"
    assert "Schweiz" in names["CH"]


def test_countries_answer_to_their_names_in_many_languages() -> None:
    given = {
        "Deutschland": "DE", "Россия": "RU", "مصر": "EG", "日本": "JP", "Brasil": "BR", "Österreich": "AT",
        "대한민국": "KR", "España": "ES", "Países Baixos": "NL", "アメリカ合衆国": "US", "Guinea": "GN",
    }  # fmt: skip
    assert {name: WORLD.country_code(name) for name in given} == given


def test_regions_of_all_countries_are_found_by_one_name() -> None:
    countries = {WORLD.regions[number].country_code for number in WORLD.regions_of(["punjab"])}
    assert countries == {"IN", "PK"}
    assert fold_place(WORLD.regions.shown(WORLD.regions_of(["punjab"], "PK")[0])) == "punjab"
