from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.history_world import GAZETTEER, TRACKS, connection, temporary_history
from webapp.core.filters import FILTER_NAMES, Filter
from webapp.core.plays import track_id
from webapp.core.search import (
    FRESH_S,
    MOST,
    SONGS,
    RecentTracks,
    Result,
    SearchError,
    Song,
    checked_kind,
    checked_text,
    described,
    folded,
    search,
)
from webapp.core.songs import artist_key

OSAKA = 1853909


def song(artist: str, title: str) -> Song:
    return Song(track_id(artist, title), title, artist, folded(title), folded(artist))


SONGS_HEARD = [
    song("Marisol Vey", "Night Bus Home"),
    song("The Harbour Lamps", "Copper Sky"),
    song("Björk", "Jóga"),
    song("ちあきなおみ", "喝采"),
    song("!!!", "Hello? Is This Thing On?"),
    song("Marisol Vey", "Night Train"),
    song("Straße", "Ça va"),
]


def found(text: str, *kinds: str) -> list[str]:
    return [r.label for r in search(text, SONGS_HEARD, GAZETTEER) if not kinds or r.kind in kinds]


def test_an_artist_is_found_once_by_any_word_of_the_name_without_accents_or_case() -> None:
    for text in ("marisol", "VEY", "mari", "marisol v", "Márisol Vey"):
        assert found(text, "artist") == ["Marisol Vey"], text
    assert found("bjork", "artist") == found("BJÖRK", "artist") == ["Björk"]
    assert found("strasse", "artist") == ["Straße"]
    assert found("arisol", "artist") == []


def test_an_artist_with_guests_is_found_once_and_shown_without_them() -> None:
    songs = [song("Ada Lumen feat. Bo", "Tide"), song("Ada Lumen", "Ebb"), song("Ada Lumen & Cy", "Flow")]
    assert [r.label for r in search("ada", songs, GAZETTEER, "artist")] == ["Ada Lumen"]
    assert [r.label for r in described(Filter(artist=artist_key("Ada Lumen")), songs, GAZETTEER)] == ["Ada Lumen"]


def test_a_song_is_found_by_its_title_and_by_title_and_artist_in_either_order() -> None:
    for text in ("night bus", "bus home", "night bus home marisol", "marisol vey night bus"):
        assert found(text, "track") == ["Night Bus Home"], text
    assert found("night", "track") == ["Night Bus Home", "Night Train"]


def test_in_scripts_without_spaces_a_part_is_enough() -> None:
    assert found("采", "track") == ["喝采"]
    assert found("なおみ", "artist") == ["ちあきなおみ"]


def test_a_name_of_signs_alone_can_be_looked_for() -> None:
    assert found("!!!", "artist") == ["!!!"]


def test_countries_and_cities_come_from_the_gazetteer() -> None:
    assert found("japan")[0] == "Japan"
    assert found("sao pau", "city")[0] == "São Paulo"
    assert found("東京", "city")[0] == "Tokyo"
    assert found("br", "country")[0] == "Brazil"
    osaka = GAZETTEER[GAZETTEER.by_id(OSAKA)]
    assert search("osaka", [], GAZETTEER)[0] == Result(
        "city", "Osaka", "Japan", {"city": str(OSAKA)}, osaka.lon, osaka.lat, "JP"
    )


def test_a_country_is_found_by_its_name_in_the_readers_language_and_in_english() -> None:
    names = {"BR": "البرازيل", "DE": "Deutschland", "AT": "Österreich"}
    for text, country in (
        ("Deutschl", "Germany"),
        ("osterreich", "Austria"),
        ("برازيل", "Brazil"),
        ("brazil", "Brazil"),
        ("japan", "Japan"),
    ):
        results = search(text, [], GAZETTEER, "country", names)
        assert [result.label for result in results] == [country], text
    assert search("Deutschl", [], GAZETTEER, "country") == []
    assert [result.label for result in search("Deutschland", [], GAZETTEER, "country")] == ["Germany"]


def test_a_hamlet_of_the_name_comes_after_the_city_that_it_begins() -> None:
    assert found("osa", "city")[:2] == ["Osaka", "Osasco"]


def test_the_other_name_that_matched_is_told_as_it_was_typed() -> None:
    also = {
        text: search(text, [], GAZETTEER, "city")[0] for text in ("münch", "munchen", "東", "saig", "мюнх", "munich")
    }
    assert [(each.label, each.also) for each in also.values()] == [
        ("Munich", "München"), ("Munich", "Munchen"), ("Tokyo", "東京"), ("Ho Chi Minh City", "Saigon"),
        ("Munich", "Мюнхен"), ("Munich", ""),
    ]  # fmt: skip


def test_a_place_with_a_comma_is_found_as_it_is_understood_elsewhere() -> None:
    for text in ("Portland, Maine", "portland, me", "Portland, Maine, US"):
        first = search(text, [], GAZETTEER, "city")[0]
        assert (first.label, first.country_code) == ("Portland, Maine", "US")
    assert search("Portland, Nowhere", [], GAZETTEER, "city") == []


def test_own_names_come_before_other_names() -> None:
    for text in ("rec", "mosk", "wien", "bom"):
        also = [result.also for result in search(text, [], GAZETTEER, "city")]
        assert also == sorted(also, key=bool), text


def test_whole_names_come_before_beginnings_and_these_before_words_within() -> None:
    songs = [song("A", "My Lagos Nights"), song("B", "Lagosian"), song("C", "Lagos")]
    labels = [(r.kind, r.label) for r in search("lagos", songs, GAZETTEER) if r.label != "Lagos" or r.kind == "track"]
    assert labels[0] == ("track", "Lagos")
    assert labels.index(("track", "Lagosian")) < labels.index(("track", "My Lagos Nights"))


def test_each_filter_is_one_that_the_stream_takes() -> None:
    for text in ("marisol", "night", "ja", "o", "采"):
        for result in search(text, SONGS_HEARD, GAZETTEER):
            assert Filter.parse(result.filter.items(), GAZETTEER)
            assert list(result.filter) == [result.kind]


def test_one_kind_can_be_asked_for_and_no_other_word_is_one() -> None:
    assert {r.kind for r in search("ma", SONGS_HEARD, GAZETTEER, "city")} == {"city"}
    assert checked_kind(None) is None
    assert checked_kind("city") == "city"
    with pytest.raises(SearchError, match="kind='town': expected one of artist, track, country, city"):
        checked_kind("town")


def test_what_cannot_be_looked_for_is_named() -> None:
    for text in (None, "", " \t\n "):
        with pytest.raises(SearchError, match="q is missing or empty"):
            checked_text(text)
    with pytest.raises(SearchError, match="has 10240 characters; expected at most 100"):
        checked_text("a" * 10_240)
    for text in ("a\0b", "a\x1fb", "a\x7fb", "a\ud800b"):
        with pytest.raises(SearchError, match="has the control character"):
            checked_text(text)
    assert checked_text("  می‌خواهم ") == "می‌خواهم"  # what joins letters is none


@given(st.text(min_size=1, max_size=100))
def test_any_text_is_answered_with_few_results_or_refused(text: str) -> None:
    try:
        text = checked_text(text)
    except SearchError:
        return
    results = search(text, SONGS_HEARD, GAZETTEER)
    assert all(sum(r.kind == kind for r in results) <= MOST[kind] for kind in FILTER_NAMES)
    assert len({(r.kind, *r.filter.values()) for r in results}) == len(results)


@given(st.sampled_from(SONGS_HEARD), st.integers(1, 40))
def test_whatever_begins_a_title_finds_the_song(heard: Song, length: int) -> None:
    typed = heard.title[:length]
    assert heard.title in [r.label for r in search(typed, SONGS_HEARD, GAZETTEER, "track")]


def test_a_full_table_is_searched_in_milliseconds() -> None:
    songs = [song(f"Artist {n}", f"Title {n} of many words in a row") for n in range(SONGS)]
    search("münch", songs, GAZETTEER)
    began = time.thread_time()
    typed = ("a", "s", "title 19", "artist 7", "zzzz", "東", "san", "\ufdfa" * 100)
    for text in typed:
        search(text, songs, GAZETTEER)
    assert (time.thread_time() - began) / len(typed) < 0.045, "three times the goal for one on a loaded machine"


def test_the_parts_of_a_filter_are_called_by_their_names() -> None:
    shown = Filter(artist_key("marisol vey"), track_id("Björk", "Jóga"), "JP", OSAKA)
    assert [(r.kind, r.label, r.detail) for r in described(shown, SONGS_HEARD, GAZETTEER)] == [
        ("artist", "Marisol Vey", ""), ("track", "Jóga", "Björk"), ("country", "Japan", "JP"),
        ("city", "Osaka", "Japan"),
    ]  # fmt: skip
    unheard = described(Filter(artist="nobody", track="0" * 16), [], GAZETTEER)
    assert [(r.label, r.filter) for r in unheard] == [("nobody", {"artist": "nobody"}), ("", {"track": "0" * 16})]
    assert described(Filter(), SONGS_HEARD, GAZETTEER) == []


def test_songs_are_read_again_only_when_they_are_old() -> None:
    now, reads = [100.0], list[int]()

    def read(limit: int) -> list[bytes]:
        reads.append(limit)
        return [connection(track=len(reads)).track]

    heard = RecentTracks(read, lambda: now[0])
    assert [s.title for s in heard.songs()] == [s.title for s in heard.songs()] == [TRACKS[1][1]]
    now[0] += FRESH_S
    assert [s.title for s in heard.songs()] == [TRACKS[2][1]]
    now[0] -= 3600  # a clock that was set back keeps nothing for an hour
    assert [s.title for s in heard.songs()] == [TRACKS[3][1]]
    assert reads == [SONGS] * 3


def test_the_history_tells_its_newest_tracks_once_each_written_or_not() -> None:
    with temporary_history() as history:
        history.record("s", 1, 0, [connection(1, 1, track=0), connection(2, 2, track=1)], b"{}", b"[]")
        history.flush()
        history.record("s", 2, 0, [connection(3, 3, track=0), connection(4, 4, track=2)], b"{}", b"[]")
        newest = [connection(track=n).track for n in (2, 0, 1)]
        assert history.tracks(10) == newest
        assert history.tracks(2) == newest[:2]
        history.flush()
        assert history.tracks(10) == newest
