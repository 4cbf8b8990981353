"""Cities by name, and what is completed while one is typed."""

from __future__ import annotations

import time
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
            "no city 'Springfield' in region 'AK' (Alaska) in country 'US'; "
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


@pytest.mark.parametrize(
    ("text", "label", "country"),
    [
        ("Portland, Maine", "Portland, Maine", "US"),
        ("Springfield IL", "Springfield, Illinois", "US"),
        ("Portland Oregon USA", "Portland, Oregon", "US"),
        ("Newcastle, UK", "Newcastle upon Tyne", "GB"),
        ("Newcastle UK", "Newcastle upon Tyne", "GB"),
        ("München", "Munich", "DE"),
        ("Munich, Bohemia, Germany", "Munich", "DE"),
        ("São Paulo - SP", "São Paulo", "BR"),
        ("Paris, Texas", "Paris", "US"),
        ("Paris", "Paris", "FR"),
        ("Kansas City", "Kansas City, Missouri", "US"),
        ("Kansas City, KS", "Kansas City, Kansas", "US"),
        ("東京", "Tokyo", "JP"),
        ("Bangor Maine", "Bangor", "US"),
    ],
)
def test_a_place_is_understood_as_people_type_it(text: str, label: str, country: str) -> None:
    city = WORLD[WORLD.typed(text)]
    assert (city.label, city.country_code) == (label, country)


@pytest.mark.parametrize("text", ["", ",", "Lemuria", "Osaka, Nowhere", "x" * 500, "one two three four five six seven"])
def test_a_text_that_means_no_city_is_named(text: str) -> None:
    with pytest.raises(PlaceError, match=r"no city '.*; expected a name such as"):
        WORLD.typed(text)


@pytest.mark.parametrize(
    ("country", "written", "name"),
    [
        ("CA", ("08", "ON", "CA-ON", "ontario"), "Ontario"),
        ("DE", ("Bavaria", "Bayern", "Free State of Bavaria", "DE-BY"), "Bavaria"),
        ("AU", ("NSW", "New South Wales"), "New South Wales"),
        ("GB", ("Scotland", "SCT"), "Scotland"),
        ("BR", ("São Paulo", "sao paulo", "Estado de São Paulo", "SP"), "São Paulo"),
        ("JP", ("大阪府", "大阪", "Osaka", "Osaka Prefecture", "Ōsaka Prefecture"), "Osaka"),
        ("JP", ("19",), "Kanagawa"),
        ("JP", ("JP-19",), "Yamanashi"),
        ("TR", ("33",), "Isparta"),
        ("TR", ("TR-33",), "Mersin"),
        ("RU", ("Moscow",), "Moscow"),
        ("RU", ("Moscow Oblast",), "Moscow Oblast"),
    ],
)
def test_a_region_is_found_as_people_write_it(country: str, written: tuple[str, ...], name: str) -> None:
    found = [WORLD.regions.find(country, text) for text in written]
    assert [number is not None and WORLD.regions[number].name for number in found] == [name] * len(written)


def test_what_is_no_region_is_none() -> None:
    assert (
        WORLD.regions.find("DE", "Bohemia") is WORLD.regions.find("XX", "01") is WORLD.regions.find("DE", "!") is None
    )


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


def test_a_city_of_exactly_that_name_counts_as_if_it_had_twenty_times_its_people() -> None:
    assert completed("osa")[:3] == ["Osaka", "Osasco", "Osa"]
    assert completed("lis")[0] == "Lisbon"


def test_a_keystroke_is_completed_in_milliseconds() -> None:
    typed = [*"abcdefghijklmnopqrstuvwxyz", "sa", "san", "東", "\ufdfa" * 100]
    took = []
    for text in typed:
        began = time.process_time()
        WORLD.complete(text)
        took.append(time.process_time() - began)
    assert sorted(took)[len(took) * 95 // 100] < 0.015


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
        names = [fold_place(WORLD[i].name) for i in found]
        weights = [
            WORLD[i].population * (20 if name == fold_place(prefix) else 1)
            for i, name, mine in zip(found, names, own, strict=True)
            if mine
        ]
        assert weights == sorted(weights, reverse=True)
