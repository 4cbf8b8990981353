from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import matcher_oracle as oracle
from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, listener, records, track
from webapp.core.gazetteer import Gazetteer
from webapp.core.recordings import track_numbers
from webapp.core.records import Counts, SliceRecord, wire_recording, wire_track_id
from webapp.core.slices import Slicer
from webapp.core.thinning import RECORD_BYTES
from webapp.core.tracks import Tracks
from webapp.gazetteerdata import load_gazetteer

SONG, OTHER = track(), track("Paper Lanterns", "夜行バス")
RECORDED = "Nachtbus", "Vey"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def total(records: list[SliceRecord]) -> Counts:
    return sum((record.counts for record in records), Counts())


def test_two_plays_of_a_song_in_two_cities_are_one_connection(gazetteer: Gazetteer) -> None:
    found = records(gazetteer, [("ann", OSAKA, 100, SONG), ("bob", RECIFE, 140, SONG)])
    pairs = [(record.end_ms - T0, pair) for record in found for pair in record.pairs]
    assert len(pairs) == 1
    end, pair = pairs[0]
    assert (end, pair["at"] - T0, pair["apart_ms"]) == (250, 140, 40)
    assert gazetteer[pair["from_city"]].name == "Osaka"
    assert gazetteer[pair["to_city"]].name == "Recife"
    assert abs(int(pair["km"]) - 16_897) < 60


def test_a_record_comes_each_second_even_when_nothing_happens(gazetteer: Gazetteer) -> None:
    assert [record.end_ms - T0 for record in records(gazetteer, [])] == [1000, 2000, 3000, 4000]


def test_counts_cover_the_slices_since_the_record_before(gazetteer: Gazetteer) -> None:
    plays: list[Play] = [
        ("ann", PARIS, 10, SONG),
        ("ann", PARIS, 30, SONG),
        ("bob", LYON, 60, SONG),
        ("cem", CAIRO, 700, SONG),
    ]
    counts = total(records(gazetteer, plays))
    assert (counts.plays, counts.echoes, counts.together, counts.connections) == (4, 1, 3, 1)
    assert counts.plays_by_source == {"live": 4, "synthetic": 0, "replay": 0}


def test_a_batch_that_is_sent_again_adds_nothing_to_the_counts(gazetteer: Gazetteer) -> None:
    plays: list[Play] = [("ann", PARIS, 10, SONG), ("ann", PARIS, 30, SONG), ("bob", LYON, 60, SONG)]
    once = records(gazetteer, plays)
    assert [record.counts for record in records(gazetteer, plays * 3)] == [record.counts for record in once]
    assert total(once).plays_by_source == {"live": 3, "synthetic": 0, "replay": 0}


def test_a_late_play_is_counted_but_not_matched(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(batch(gazetteer, [("ann", OSAKA, 100, SONG)]))
    early = list(slicer.close(T0 + 500, T0 + 1_000))
    slicer.add(batch(gazetteer, [("bob", RECIFE, 140, SONG)]))
    counts = total(early + list(slicer.close(T0 + 2_000, T0 + 2_500)))
    assert (counts.plays, counts.late, counts.connections) == (1, 1, 0)


def test_plays_of_two_sources_make_no_connection(gazetteer: Gazetteer) -> None:
    found = records(gazetteer, [("ann", OSAKA, 100, SONG, "live"), ("bob", RECIFE, 140, SONG, "replay")])
    assert total(found).connections == 0


def test_a_lone_play_is_a_spark_of_its_slice(gazetteer: Gazetteer) -> None:
    found = records(gazetteer, [("ann", OSAKA, 300, SONG)])
    sparks = [
        (record.end_ms - T0, spark["at"] - T0, gazetteer[spark["city"]].name)
        for record in found
        for spark in record.sparks
    ]
    assert sparks == [(500, 300, "Osaka")]


def test_the_track_shown_is_that_of_the_earlier_play(gazetteer: Gazetteer) -> None:
    loud = track("NIGHT BUS HOME", "MARISOL VEY")
    found = records(gazetteer, [("ann", OSAKA, 100, loud), ("bob", RECIFE, 140, SONG)])
    assert [record.tracks[record.pairs["track"][0]] for record in found if len(record.pairs)] == [loud]


def test_a_jump_of_the_clock_leaves_the_slices_between_out(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(batch(gazetteer, [("ann", OSAKA, 100, SONG)]))
    after = list(slicer.close(T0 + 3_600_000, T0 + 3_600_500))
    slicer.add(batch(gazetteer, [("bob", PARIS, 3_600_100, SONG), ("cem", CAIRO, 3_600_200, SONG)]))
    counts = total(after + list(slicer.close(T0 + 3_602_000, T0 + 3_602_500)))
    assert len(after) <= 1
    assert (counts.lost, counts.late, counts.connections, slicer.waiting) == (1, 0, 1, 0)


def test_plays_that_are_there_before_a_jump_of_the_clock_keep_their_tracks(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(batch(gazetteer, [("ann", OSAKA, 20_100, SONG), ("bob", RECIFE, 20_140, SONG)]))
    slicer.add(batch(gazetteer, [("ann", PARIS, 19_000, OTHER)]))
    list(slicer.close(T0 + 20_000, T0 + 20_500))
    slicer.add(batch(gazetteer, [("cem", CAIRO, 20_100, OTHER), ("dee", LYON, 20_120, OTHER)]))
    found = [record for record in slicer.close(T0 + 21_000, T0 + 21_500) if len(record.pairs)]
    assert sorted(found[0].tracks[pair["track"]] for pair in found[0].pairs) == sorted([SONG, OTHER])


def test_late_plays_leave_nothing_behind(gazetteer: Gazetteer) -> None:
    slicer = Slicer(gazetteer, SECRET, 1_000, T0 + 60_000)
    for number in range(20):
        slicer.add(batch(gazetteer, [("ann", PARIS, 100, track(f"late {number}"))]))
    assert slicer._tracks.texts == []
    (record,) = slicer.close(T0 + 61_000, T0 + 61_000)
    assert record.counts.late == 20


def test_a_record_survives_the_bus(gazetteer: Gazetteer) -> None:
    plays: list[Play] = [
        ("ann", OSAKA, 100, SONG),
        ("bob", RECIFE, 140, SONG),
        ("cem", PARIS, 150, OTHER),
        ("dee", PARIS, 180, OTHER),
    ]
    for record in records(gazetteer, plays):
        again = SliceRecord.decode(record.encode())
        assert again.encode() == record.encode()
        assert (again.counts, again.tracks, again.end_ms) == (record.counts, record.tracks, record.end_ms)


people, songs = (
    st.sampled_from(["ann", "bob", "cem", "dee", "eva"]),
    st.sampled_from([SONG, OTHER, track("NIGHT BUS HOME"), *(track(*RECORDED, f"isrc:{n}") for n in "12"),
                     track("NIGHT BUS HOME", recording="isrc:1"), track("Autobus", "Vey", "isrc:2")]),
)  # fmt: skip
a_play = st.tuples(
    people,
    st.sampled_from([OSAKA, RECIFE, PARIS, LYON]),
    st.integers(0, 3_000),
    songs,
    st.sampled_from(["live", "replay"]),
)


@settings(max_examples=30)
@given(plays=st.lists(a_play, max_size=25), seed=st.integers(0, 99))
def test_order_of_arrival_and_cut_into_batches_change_no_byte(plays: list[Play], seed: int) -> None:
    gazetteer, rng = load_gazetteer(), random.Random(seed)
    shuffled = rng.sample(plays, len(plays))
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    while shuffled:
        n = rng.randint(1, 4)
        slicer.add(batch(gazetteer, shuffled[:n]))
        shuffled = shuffled[n:]
    again = list(slicer.close(T0 + 4_000, T0 + 4_500))
    assert [record.encode() for record in again] == [record.encode() for record in records(gazetteer, plays)]


@settings(max_examples=30)
@given(plays=st.lists(a_play, max_size=25))
def test_pairs_are_those_of_the_rule_over_song_keys_and_recordings(plays: list[Play]) -> None:
    gazetteer = load_gazetteer()
    texts = sorted({play[3] for play in plays})
    ids = [wire_track_id(text) for text in texts]
    told = [
        oracle.Play(
            ids.index(wire_track_id(text)), gazetteer.by_id(city), listener(name), int(at), texts.index(text),
            len(more[0]), ["isrc:1", "isrc:2"].index(code) + 1 if (code := wire_recording(text)) else 0,
        )
        for name, city, at, text, *more in plays
    ]  # fmt: skip
    found = {
        frozenset({(ids_of[row["track"]], row["from_listener"], row["at"] - row["apart_ms"] - T0),
                   (ids_of[row["to_track"]], row["to_listener"], row["at"] - T0)})
        for record in records(gazetteer, plays)
        for ids_of in [[wire_track_id(text) for text in record.tracks]]
        for row in record.pairs
    }  # fmt: skip
    expected = [pair for pairs in oracle.connections(told, 1_000, 16) for pair in pairs]
    assert found == {frozenset((ids[play.group], play.listener, play.at) for play in pair) for pair in expected}


def test_numbers_of_idle_tracks_are_given_out_again() -> None:
    tracks, (a, b, c, d) = Tracks(), [track(title) for title in "abcd"]
    assert tracks.numbers([a, b, a], 1).tolist() == [0, 1, 0]
    tracks.numbers([b], 50)
    tracks.numbers([b], 9)
    tracks.forget(10)
    assert tracks.numbers([c, b, d, c], 51).tolist() == [0, 1, 2, 0]
    assert tracks.texts == [c, b, d]


def test_ways_to_write_a_song_have_one_group_as_long_as_one_of_them_is_played() -> None:
    tracks, (song, loud, other) = Tracks(), [track("song"), track("SONG"), track("other")]
    tracks.numbers([song, loud], 1)
    tracks.numbers([loud], 50)
    tracks.forget(10)
    numbers = tracks.numbers([other, loud, song], 51)
    assert [tracks.texts[number] for number in numbers] == [other, loud, song]
    group = tracks.group[numbers]
    assert group[1] == group[2] != group[0]


def test_a_recording_counts_only_while_two_songs_have_it() -> None:
    tracks, (a, b, c) = Tracks(), [track(*name, recording="isrc:1") for name in (("a",), ("b",), ("A",))]
    tracks.numbers([a, c], 1)
    assert tracks.recordings() is None
    numbers = tracks.numbers([b, c], 50)
    recordings = tracks.recordings()
    assert recordings is not None
    assert set(recordings[numbers].tolist()) == {recordings[0]} != {0}
    tracks.forget(40)
    assert tracks.recordings() is not None
    tracks.forget(100)
    assert tracks.recordings() is None


@pytest.mark.parametrize("seed", range(30))
def test_tracks_have_one_group_or_recording_exactly_if_they_say_so_however_long_ago_others_were_played(
    seed: int,
) -> None:
    chance, tracks = random.Random(seed), Tracks()
    texts = [track(title, recording=code) for title in ("a", "A", "b", "c") for code in (None, "isrc:1", "isrc:2")]
    for slice_ in range(1, 60, 3):
        used = chance.choices(texts, k=chance.randrange(3))
        assert [tracks.texts[number] for number in tracks.numbers(used, slice_)] == used
        if chance.random() < 0.5:
            tracks.forget(slice_ - chance.randrange(9))
        if chance.random() < 0.2:
            tracks.state = tracks.state
        recordings = tracks.recordings()
        told = [
            (
                wire_track_id(text),
                wire_recording(text),
                int(tracks.group[n]),
                0 if recordings is None else recordings[n],
            )
            for text, n in tracks.items()
        ]
        for (id, code, group, number), (other_id, other_code, other_group, other_number) in combinations(told, 2):
            assert (id == other_id) == (group == other_group)
            joined = number == other_number > 0
            assert joined <= (code == other_code)
            assert joined >= (code == other_code and code is not None and id != other_id)


def test_a_song_in_many_spellings_takes_no_room_from_others_in_a_crowd(gazetteer: Gazetteer) -> None:
    hit = [track(f"Hit (feat. Guest {n})", "Ana") for n in range(2_300)]
    others = [track(f"Song {n}", "Ana") for n in range(300)]
    plays: list[Play] = [
        (f"{n} {city}", city, 100 + n % 50 + (text in others) * 60, text)
        for n, text in enumerate(hit + others) for city in (OSAKA, RECIFE)
    ]  # fmt: skip
    (record,) = [record for record in records(gazetteer, plays) if len(record.pairs)]
    assert record.counts.thinned > 0
    assert len({wire_track_id(text) for text in record.tracks}) == 301


def test_a_record_of_songs_with_long_addresses_is_never_larger_than_a_broker_takes(gazetteer: Gazetteer) -> None:
    songs = [track(f"Song {n} {'x' * 3_000}", "Ana") for n in range(900)]
    apart: list[Play] = [
        (f"{n} {city}", city, 100 + n % 50, text) for n, text in enumerate(songs[:600]) for city in (OSAKA, RECIFE)
    ]
    together: list[Play] = [(f"{n} {who}", LYON, 100, text) for n, text in enumerate(songs[600:]) for who in "ab"]
    found = records(gazetteer, apart + together)
    assert max(len(record.encode()) for record in found) <= RECORD_BYTES
    (record,) = [record for record in found if len(record.pairs)]
    assert len(record.encode()) > 0.99 * RECORD_BYTES
    assert record.counts.thinned == 600 - len(record.pairs) > 0
    (record,) = [record for record in found if len(record.pulses)]
    assert 50 < len(record.pulses) < 100


def test_ways_to_write_a_song_are_forgotten_together() -> None:
    tracks, (song, loud, other) = Tracks(), [track("song"), track("SONG"), track("other")]
    tracks.numbers([song, loud], 1)
    tracks.forget(10)
    assert (len(tracks), tracks.texts) == (0, [b"", b""])
    assert sorted(tracks.numbers([loud, other, song], 51).tolist()) == [0, 1, 2]
    tracks.forget(100)
    assert not tracks


@given(st.lists(st.sampled_from(["song", "SONG", "Song", "other", "OTHER", "third"]), max_size=9))
def test_rows_lead_back_to_their_tracks_and_are_in_the_order_of_bytes_within_a_group(titles: list[str]) -> None:
    tracks, texts = Tracks(), [track(title) for title in titles]
    numbers = tracks.numbers(texts, 1)
    rows = tracks.rows(numbers, tracks.recordings())
    assert track_numbers(rows).tolist() == numbers.tolist()
    for group in set(tracks.group[numbers].tolist()):
        members = np.flatnonzero(tracks.group[numbers] == group).tolist()
        by_text = sorted(members, key=lambda i: texts[i])
        assert [texts[i] for i in sorted(members, key=lambda i: int(rows[i]))] == [texts[i] for i in by_text]
