"""The most played song of a slice: counted, placed and shown, as a plain count over the plays has it."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, records, track
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.moderation import NO_RULES, Rule, Rules
from webapp.core.mostplayed import CITIES_MOST
from webapp.core.records import SliceRecord, wire_track_id
from webapp.core.slices import Slicer
from webapp.core.songs import artist_key
from webapp.engine.channel import FrameMaker
from webapp.gazetteerdata import load_gazetteer

SONG, OTHER = track(), track("Paper Lanterns", "夜行バス")


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def crowd(record: SliceRecord, gazetteer: Gazetteer, rules: Rules = NO_RULES, wanted: Filter | None = None) -> object:
    frame = json.loads(FrameMaker(wanted or Filter(), 4, gazetteer, rules).make(1, record).payload)
    assert list(frame)[-3:-1] == ["sparks", "crowd"] if not wanted else "crowd" not in frame
    return frame.get("crowd")


def of_many(people: int, city: int, song: bytes, first: int = 0) -> list[Play]:
    return [(f"listener {first + n}", city, 10 + n % 200, song, "synthetic") for n in range(people)]


def test_the_most_played_song_of_a_slice_is_told_with_the_cities_of_three_plays_and_more(gazetteer: Gazetteer) -> None:
    plays = of_many(5, OSAKA, SONG) + of_many(3, PARIS, SONG, 50) + of_many(2, LYON, SONG, 70)
    plays += of_many(4, CAIRO, OTHER, 90)
    first, *_ = records(gazetteer, plays)
    told = crowd(first, gazetteer)
    assert isinstance(told, dict)
    assert (told["track"]["title"], told["plays"]) == ("Night Bus Home", 10)
    assert [(each["city"]["geoname_id"], each["plays"]) for each in told["cities"]] == [(OSAKA, 5), (PARIS, 3)]


def test_echoes_do_not_count_and_a_slice_without_plays_has_no_crowd(gazetteer: Gazetteer) -> None:
    echoes: list[Play] = [("ann", OSAKA, 10 + n, SONG, "synthetic") for n in range(9)]
    first, *others = records(gazetteer, [*echoes, *of_many(2, PARIS, OTHER)])
    told = crowd(first, gazetteer)
    assert isinstance(told, dict)
    assert (told["track"]["title"], told["plays"], told["cities"]) == ("Paper Lanterns", 2, [])
    assert all(crowd(each, gazetteer) is None for each in others if not each.counts.plays)


def test_only_everyone_is_told_and_nothing_that_is_hidden(gazetteer: Gazetteer) -> None:
    first, *_ = records(gazetteer, of_many(5, OSAKA, SONG) + of_many(3, PARIS, SONG, 50))
    assert crowd(first, gazetteer, wanted=Filter.parse([("country", "JP")], gazetteer)) is None
    assert crowd(first, gazetteer, Rules(frozenset({Rule("artist", artist_key("Marisol Vey"))}))) is None
    told = crowd(first, gazetteer, Rules(frozenset({Rule("city", str(OSAKA))})))
    assert isinstance(told, dict)
    assert [each["city"]["geoname_id"] for each in told["cities"]] == [PARIS]


def test_a_city_in_which_too_few_press_play_is_not_told(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0, privacy_k=6)
    live: list[Play] = [(f"listener {n}", OSAKA if n < 5 else PARIS, 10 + n, SONG) for n in range(11)]
    slicer.add(batch(gazetteer, live))
    first, *_ = slicer.close(T0 + 1_000, T0 + 1_500)
    told = crowd(first, gazetteer)
    assert isinstance(told, dict)
    assert told["plays"] == 11
    assert [each["city"]["geoname_id"] for each in told["cities"]] == [PARIS]


def test_a_record_names_so_many_cities_at_most(gazetteer: Gazetteer) -> None:
    ids = gazetteer.geoname_id[:40].tolist()
    plays = [play for n, city in enumerate(ids) for play in of_many(3, city, SONG, 10 * n)]
    first, *_ = records(gazetteer, plays)
    told = crowd(first, gazetteer)
    assert isinstance(told, dict)
    assert told["plays"] == 120
    assert [each["city"]["geoname_id"] for each in told["cities"]] == sorted(ids)[:CITIES_MOST]


some_plays = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cem", "dan", "eve", "fay"]),
        st.sampled_from([OSAKA, RECIFE, PARIS]),
        st.integers(0, 249),
        st.sampled_from([SONG, OTHER, track("Slow Lighthouse", "The Harbour Lamps")]),
        st.sampled_from(["live", "synthetic"]),
    ),
    max_size=30,
)


@given(some_plays, st.randoms(use_true_random=False))
def test_it_is_what_counting_says_in_any_order_of_arrival(plays: list[Play], chance: object) -> None:
    gazetteer = load_gazetteer()
    first, *_ = records(gazetteer, plays, until_ms=1_000)
    shuffled = sorted(plays, key=lambda play: hash((str(play), str(chance))))
    assert records(gazetteer, shuffled, until_ms=1_000)[0].encode() == first.encode()
    counted = {(play[0], play[3], play[4] if len(play) > 4 else "live") for play in plays}  # others are echoes
    songs = Counter(wire_track_id(song) for _, song, _ in counted)
    if not songs:
        assert not len(first.crowd)
        return
    (row,) = first.crowd.tolist()
    assert row[1] == max(songs.values()) == songs[wire_track_id(first.tracks[row[0]])]
