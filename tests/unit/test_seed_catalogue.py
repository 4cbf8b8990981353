import unicodedata
from collections import Counter

import pytest

from webapp.core.plays import track_id
from webapp.gazetteerdata import load_gazetteer
from webapp.seed.catalogue import HOMES, load_catalogue
from webapp.seed.edges import CASES, LONG

TRACKS = load_catalogue()
SCRIPTS = (
    "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL", "THAI", "CJK", "HIRAGANA",
    "KATAKANA", "HANGUL", "GEORGIAN", "ARMENIAN", "ETHIOPIC",
)  # fmt: skip


def script(letter: str) -> str:
    return unicodedata.name(letter).split()[0]


def test_there_are_200_tracks_or_more_and_no_two_are_one() -> None:
    assert len(TRACKS) >= 200
    assert len({track_id(track.artist, track.title) for track in TRACKS}) == len(TRACKS)


def test_night_bus_home_leads() -> None:
    assert (TRACKS[0].title, TRACKS[0].artist) == ("Night Bus Home", "The Harbour Lamps")


@pytest.mark.parametrize("wanted", SCRIPTS)
def test_a_script_has_two_tracks_or_more(wanted: str) -> None:
    written = [t for t in TRACKS if wanted in {script(letter) for letter in t.title + t.artist if letter.isalpha()}]
    assert len(written) >= 2


def test_the_latin_titles_have_diacritics_of_many_languages() -> None:
    accented = Counter(
        t.language for t in TRACKS if any(script(c) == "LATIN" and not c.isascii() for c in t.title if c.isalpha())
    )
    assert len(accented) >= 20


def test_both_kinds_of_chinese_are_written_their_own_way() -> None:
    simplified = {c for t in TRACKS if t.language == "zh-Hans" for c in t.title + t.artist}
    traditional = {c for t in TRACKS if t.language == "zh-Hant" for c in t.title + t.artist}
    assert {"铁", "飞", "热"} <= simplified
    assert {"風", "臺", "騎", "雙"} & traditional
    assert not simplified & set("風車間邊飛鐵熱說過島嶼騎雙")


def test_titles_and_artists_are_plain_text() -> None:
    for text in (text for track in TRACKS for text in (track.title, track.artist)):
        assert 1 <= len(text) <= 80, text
        assert text == " ".join(text.split())
        assert unicodedata.is_normalized("NFC", text), text
        assert not [c for c in text if unicodedata.category(c).startswith("C")], text


def test_every_language_has_a_home_that_is_in_the_gazetteer() -> None:
    gazetteer = load_gazetteer()
    cities = set(gazetteer.codes[gazetteer.country].tolist())
    assert {track.language for track in TRACKS} == HOMES.keys()
    for language, homes in HOMES.items():
        assert set(homes.split()) <= cities, language


def test_every_edge_case_is_in_a_city_that_is_known_by_that_name() -> None:
    gazetteer = load_gazetteer()
    pressed = {(press.city, press.country) for case in CASES for press in case.presses}
    known = {(gazetteer[gazetteer.by_name(*place)].country_code, place) for place in pressed}
    assert known == {(country, (city, country)) for city, country in pressed}


def test_the_longest_titles_are_as_long_as_a_title_may_be() -> None:
    lengths = Counter(len(text) for case in CASES for text in (case.title, case.artist))
    assert max(lengths) == LONG == 300
    assert lengths[LONG] >= 4
