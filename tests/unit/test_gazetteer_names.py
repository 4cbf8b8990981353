"""Cities by name, and what is completed while one is typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.gazetteer import PlaceError
from webapp.core.placenames import fold_place
from webapp.gazetteerdata import load_gazetteer

WORLD = load_gazetteer()
INDEX = st.integers(0, len(WORLD) - 1)


def found(*place: str) -> tuple[str, str]:
    city = WORLD[WORLD.by_name(*place)]
    return city.name, city.country_code


def outcome(city: str, country: str, admin1: str | None) -> int | str:
    try:
        return WORLD.by_name(city, country, admin1)
    except PlaceError as error:
        return str(error)


def without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


# By name


@pytest.mark.parametrize(
    ("city", "country", "name"),
    [
        ("São Paulo", "BR", "São Paulo"),
        ("Sao Paulo", "br", "São Paulo"),
        ("SAO-PAULO", "Brazil", "São Paulo"),
        ("München", "DE", "Munich"),
        ("Muenchen", "DE", "Munich"),
        ("Munich", "Germany", "Munich"),
        ("東京", "JP", "Tokyo"),
        ("Tōkyō", "JPN", "Tokyo"),
        ("Москва", "RU", "Moscow"),
        ("القاهرة", "EG", "Cairo"),
        ("서울", "KR", "Seoul"),
        ("मुम्बई", "IN", "Mumbai"),
        ("Θεσσαλονίκη", "GR", "Thessaloníki"),
        ("תל אביב", "IL", "Tel Aviv"),
        ("กรุงเทพมหานคร", "TH", "Bangkok"),
        ("Lodz", "PL", "Łódź"),
        ("istanbul", "TR", "Istanbul"),
        ("İSTANBUL", "TR", "Istanbul"),
        ("St. Petersburg", "RU", "Saint Petersburg"),
        ("Saint Petersburg", "US", "St. Petersburg"),
        ("St Denis", "RE", "Saint-Denis"),
        ("Nukualofa", "TO", "Nuku‘alofa"),
        ("Torshavn", "FO", "Tórshavn"),
        ("Newcastle", "UK", "Newcastle upon Tyne"),
        ("New Delhi", "IN", "New Delhi"),
        ("Osaka", "JP", "Osaka"),
        ("Recife", "BR", "Recife"),
    ],
)
def test_a_city_is_found_by_what_people_write(city: str, country: str, name: str) -> None:
    assert WORLD[WORLD.by_name(city, country)].name == name


@pytest.mark.parametrize(
    ("place", "admin1"),
    [
        (("Springfield", "US"), "MO"),
        (("Springfield", "US", "IL"), "IL"),
        (("Springfield", "US", "il"), "IL"),
        (("Springfield", "US", "Massachusetts"), "MA"),
        (("Columbus", "US"), "OH"),
        (("Columbus", "US", "GA"), "GA"),
        (("Munich", "DE", "02"), "02"),
        (("Munich", "DE", ""), "02"),
    ],
)
def test_the_most_populous_is_meant_unless_admin1_decides(place: tuple[str, ...], admin1: str) -> None:
    assert WORLD[WORLD.by_name(*place)].admin1 == admin1


@pytest.mark.parametrize(
    ("place", "city"),
    [
        (("Positano", "IT"), ("Gragnano", "IT")),
        (("Herrsching am Ammersee", "DE"), ("Starnberg", "DE")),
        (("Gaillard", "FR"), ("Annemasse", "FR")),
    ],
)
def test_a_smaller_place_is_the_city_near_it(place: tuple[str, str], city: tuple[str, str]) -> None:
    assert found(*place) == city


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (("Lemuria", "GR"), "no city 'Lemuria' in country 'GR'; try another spelling, its geoname_id, or lon and lat"),
        (("Osaka", "US"), "no city 'Osaka' in country 'US'; there is one in JP"),
        (("Parris", "FR"), "no city 'Parris' in country 'FR'; did you mean 'Paris'?"),
        (("Osaka", "JAP"), "no country 'JAP'; expected an ISO 3166-1 code, such as 'BR'"),
        (("Osaka", ""), "no country ''; expected an ISO 3166-1 code, such as 'BR'"),
        (("", "JP"), "no city ''; expected a name with letters or digits, at most 200 characters"),
        (("\ud800", "JP"), "no city '\\ud800'; expected a name with letters or digits, at most 200 characters"),
        (
            ("Springfield", "US", "AK"),
            "no city 'Springfield' in region 'AK' in country 'US'; "
            "'Springfield' is in Missouri, Massachusetts, Illinois, Oregon, Ohio, ...",
        ),
        (
            ("Munich", "DE", "Bohemia"),
            "no region 'Bohemia' in country 'DE'; 'Munich' is in Bavaria",
        ),
    ],
)
def test_an_unknown_place_is_named_with_what_would_be_right(place: tuple[str, ...], message: str) -> None:
    with pytest.raises(PlaceError) as error:
        WORLD.by_name(*place)
    assert str(error.value) == message


def test_a_message_stays_short_and_printable() -> None:
    for name in ("x" * 10_000, "\x1b[2J" * 100, "\ud800" * 10_000, "東" * 500):
        with pytest.raises(PlaceError) as error:
            WORLD.by_name(name, "DE", "b" * 10_000)
        assert len(str(error.value)) < 250
        assert str(error.value).isprintable()


@given(st.text(max_size=300), st.text(max_size=300), st.none() | st.text(max_size=300))
def test_any_text_is_a_city_or_a_place_error(city: str, country: str, admin1: str | None) -> None:
    for where in (country, "US"):
        answer = outcome(city, where, admin1)
        assert isinstance(answer, str) or 0 <= answer < len(WORLD)


def test_every_city_is_found_by_its_own_name_or_a_larger_namesake_is() -> None:
    for index, city in enumerate(WORLD):
        here = WORLD.by_name(city.name, city.country_code, city.admin1)
        namesake = WORLD[here]
        assert here == index or (
            fold_place(namesake.name) == fold_place(city.name)
            and namesake.country_code == city.country_code
            and (namesake.admin1 == city.admin1 or not city.admin1)
            and namesake.population >= city.population
        ), city


@given(INDEX, st.data())
def test_case_accents_and_punctuation_do_not_matter(index: int, data: st.DataObject) -> None:
    city = WORLD[index]
    change = data.draw(
        st.sampled_from(
            [
                str.upper,
                str.lower,
                str.swapcase,
                without_marks,
                lambda name: unicodedata.normalize("NFD", name),
                lambda name: unicodedata.normalize("NFKC", name),
                lambda name: name.replace(" ", "-"),
                lambda name: name.replace("-", " "),
                lambda name: f"  {name.replace(' ', '  ')}.\t",
                lambda name: name.replace("'", "’").replace("‘", "'"),
            ]
        )
    )
    assert WORLD.by_name(change(city.name), city.country_code) == WORLD.by_name(city.name, city.country_code)


def test_countries_answer_to_code_alpha_3_and_name() -> None:
    for code in WORLD.countries:
        assert WORLD.country_code(code.lower()) == code
        assert WORLD.country_code(WORLD.country_name(code)) == code
    given = {
        "DEU": "DE",
        "usa": "US",
        "UK": "GB",
        "Czech Republic": "CZ",
        "the netherlands": "NL",
        "Côte d’Ivoire": "CI",
    }
    assert {WORLD.country_code(word): code for word, code in given.items()} == {code: code for code in given.values()}


def test_without_a_country_the_best_known_bearer_comes_first() -> None:
    assert WORLD[WORLD.named("Paris")[0]].country_code == "FR"
    assert {WORLD[i].country_code for i in WORLD.named("London")} >= {"GB", "CA"}
    assert WORLD.named("Atlantis", "GR") == WORLD.named("Osaka", "nowhere") == []


# Type-ahead


def completed(prefix: str, limit: int = 8) -> list[str]:
    return [WORLD[i].name for i in WORLD.complete(prefix, limit)]


def test_typing_completes_without_accents_by_population() -> None:
    assert completed("sao")[0] == completed("São Pau")[0] == "São Paulo"
    assert completed("São Pau") == completed("sao pau")
    assert completed("lon")[0] == "London"
    assert len(completed("s", 5)) == 5
    assert completed("") == completed("!?") == completed("qqqq") == []


def test_typing_completes_names_in_other_languages_and_abbreviations() -> None:
    assert "Munich" in completed("Münch")
    assert "Tokyo" in completed("東")
    assert "Stockholm" in completed("st")
    assert "St. Petersburg" in completed("st. pet")
    assert "St. Petersburg" in completed("saint pet")


@given(INDEX, st.integers(1, 30))
def test_what_is_completed_is_ranked_and_within_the_limit(index: int, length: int) -> None:
    prefix = WORLD[index].name[:length]
    found = WORLD.complete(prefix, 8)
    own = [fold_place(WORLD[i].name).startswith(fold_place(prefix)) for i in found]
    assert len(found) == len(set(found)) <= 8
    everything = WORLD.complete(prefix, len(WORLD))
    assert (index in everything) == bool(fold_place(prefix)), "an apostrophe alone begins no name"
    if fold_place(prefix) and not fold_place(prefix).startswith(("st", "saint", "mt", "ft")):
        assert own == sorted(own, reverse=True)
        populations = [WORLD[i].population for i, mine in zip(found, own, strict=True) if mine]
        assert populations == sorted(populations, reverse=True)
