"""Plays whose time is not exact: how far apart they may be, what is said of it, and which are not matched."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.unit.making import SECRET, T0, batch
from tests.unit.matcher_oracle import Pair, Play
from tests.unit.matcher_world import Brought, drive, listener
from tests.unit.reading_world import NOW_MS, READER, play, read
from webapp.core import frames, precision
from webapp.core.filters import Filter
from webapp.core.gazetteer import Gazetteer
from webapp.core.inexact import INEXACT_MOST
from webapp.core.plays import PlayBatch
from webapp.core.precision import CLASSED, UNMATCHED
from webapp.core.records import SliceRecord
from webapp.core.selection import Selection
from webapp.core.slices import Slicer
from webapp.core.validation import FieldError
from webapp.gazetteerdata import load_gazetteer

OSAKA, RECIFE, LIMA = 5, 3, 1
A, B, C = (listener(2 * i) for i in range(3))
VLC, MPDSCRIBBLE = precision.of_client(["VLC"]), precision.of_client(["mdc"])
OSAKA_ID, RECIFE_ID = 1853909, 3390760
SONG = b'{"id":"aaaaaaaaaaaaaaaa","title":"T","artist":"A","recording":null,"url":null,"artwork_url":null}'


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


def pairs(plays: list[Play]) -> list[tuple[Pair, int]]:
    return [made for each in drive(plays, 1000) for made in zip(each.connections, each.within_s, strict=True)]


@pytest.mark.parametrize(
    ("one", "other", "most_ms"),
    [
        (VLC, VLC, 2_000),
        (MPDSCRIBBLE, MPDSCRIBBLE, 1_700),
        (MPDSCRIBBLE, 0, 2_500),
        (VLC, MPDSCRIBBLE, 3_000),
        (3_000, 0, 4_000),
        (3_000, 5_000, 9_000),
    ],
)
def test_two_plays_pair_up_to_the_window_and_what_their_precisions_add(one: int, other: int, most_ms: int) -> None:
    first = Play(0, RECIFE, A, 100, precision=one)
    last = Play(0, OSAKA, B, 100 + most_ms, precision=other)
    assert pairs([first, last]) == [((first, last), -(-(2 * most_ms - 1_000) // 1_000))]
    assert pairs([first, last._replace(at=last.at + 1)]) == []


def test_exact_plays_of_a_slice_are_matched_among_themselves_first() -> None:
    first, inexact, last = Play(0, OSAKA, A, 0), Play(0, LIMA, B, 10, precision=VLC), Play(0, RECIFE, C, 20)
    assert pairs([first, inexact, last]) == [((first, last), 0)]


def test_what_is_left_goes_with_the_oldest_single_play_of_another_city() -> None:
    plays = [Play(0, OSAKA, A, 0), Play(0, OSAKA, B, 300), Play(0, LIMA, C, 1_400, precision=VLC)]
    assert [pair for pair, _ in pairs(plays)] == [(plays[0], plays[2])]


def test_a_listener_who_uses_a_page_and_a_client_does_not_meet_themselves() -> None:
    page, client = Play(0, OSAKA, A, 0), Play(0, RECIFE, A, 2_300, precision=MPDSCRIBBLE)
    brought: list[Brought] = drive([page, client], 1000)
    assert not any(each.connections for each in brought)
    assert sum(each.echoes for each in brought) == 1


def test_a_page_and_a_client_in_one_city_are_a_pulse_at_once() -> None:
    page, client = Play(0, OSAKA, A, 100), Play(0, OSAKA, B, 300, precision=VLC)
    assert [each.pulses for each in drive([page, client], 1000)][:3] == [[], [(page, client)], []]


def closed(gazetteer: Gazetteer, codes: list[int]) -> list[SliceRecord]:
    """Return the records of two plays in two cities, with these precisions."""
    plays = batch(gazetteer, [("one", OSAKA_ID, 0, SONG), ("other", RECIFE_ID, 40, SONG)])
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(PlayBatch.decode(replace(plays, precision=np.array(codes, np.uint16)).encode()))
    return [each for end in range(T0, T0 + 10_000, 5_000) for each in slicer.close(end + 5_000, end + 5_500)]


def test_plays_that_are_not_matched_are_counted(gazetteer: Gazetteer) -> None:
    counts = [record.counts for record in closed(gazetteer, [0, UNMATCHED])]
    assert [sum(getattr(each, name) for each in counts) for name in ("plays", "live", "unmatched", "connections")] == [
        2, 2, 1, 0,
    ]  # fmt: skip


def test_what_is_too_much_for_a_slice_is_counted_and_not_matched(gazetteer: Gazetteer) -> None:
    many: list[tuple[str, int, float, bytes]] = [
        (f"{n}", (OSAKA_ID, RECIFE_ID)[n % 2], 100, SONG) for n in range(INEXACT_MOST + 40)
    ]
    plays = batch(gazetteer, many)
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(replace(plays, precision=np.full(len(many), VLC, np.uint16)))
    counts = [record.counts for record in slicer.close(T0 + 500, T0 + 1_000)]
    assert [sum(getattr(each, name) for each in counts) for name in ("plays", "unmatched")] == [len(many), 40]
    assert 0 < sum(each.connections for each in counts) <= INEXACT_MOST // 2


def test_replayed_plays_crowd_no_live_ones_out(gazetteer: Gazetteer) -> None:
    many: list[tuple[str, int, float, bytes, str]] = [
        (f"{n}", OSAKA_ID, 100, SONG, "replay") for n in range(INEXACT_MOST + 40)
    ]
    live: list[tuple[str, int, float, bytes]] = [("a", OSAKA_ID, 200, SONG), ("b", RECIFE_ID, 240, SONG)]
    plays = batch(gazetteer, [*many, *live])
    slicer = Slicer(gazetteer, SECRET, 1_000, T0)
    slicer.add(replace(plays, precision=np.full(len(plays), VLC, np.uint16)))
    assert sum(record.counts.connections for record in slicer.close(T0 + 500, T0 + 1_000)) == 1


@pytest.mark.parametrize(
    ("codes", "apart"), [([0, 0], {"apart_ms": 40}), ([0, VLC], {"apart_ms": None, "within_s": 1})]
)
def test_only_two_exact_plays_are_told_in_milliseconds(
    gazetteer: Gazetteer, codes: list[int], apart: dict[str, int | None]
) -> None:
    some = next(record for record in closed(gazetteer, codes) if len(record.pairs))
    made = Selection(Filter(), 4, gazetteer).choose(some)
    connections = frames.shown(some, made.pairs, gazetteer)
    (connection,) = json.loads(frames.frame(1, some, made, connections, Filter(), gazetteer))["connections"]
    assert {name: connection[name] for name in ("apart_ms", "within_s") if name in connection} == apart


@pytest.mark.parametrize(
    ("within_s", "code"), [(None, 0), (0, 0), (0.7, 700), (5, 5_000), (5.001, UNMATCHED), (60, UNMATCHED)]
)
def test_a_native_play_may_say_within_how_many_seconds_its_time_is(within_s: float | None, code: int) -> None:
    sent = {} if within_s is None else {"within_s": within_s}
    assert read([play(**sent), play()]).plays.precision.tolist() == [code, 0]
    parsed = READER.parse(msgspec.json.encode(play(**sent)), NOW_MS)
    assert PlayBatch.decode(parsed.batch).precision.tolist() == [code]


@pytest.mark.parametrize("within_s", [-1, 60.5, "3", True])
def test_other_values_are_errors(within_s: object) -> None:
    reading = read([play(within_s=within_s), play()])
    assert (len(reading.plays), reading.errors[0].field) == (1, "within_s")
    assert "from 0 to 60" in reading.errors[0].error


def test_a_single_play_is_encoded_with_its_precision_and_without_a_city_it_is_not_matched() -> None:
    track = {"title": "T", "artist": "A"}
    for city, code in ((7, VLC), (None, UNMATCHED)):
        parsed = READER.parse_one(track, "somebody", city, NOW_MS, "live", VLC)
        plays = PlayBatch.decode(parsed.batch)
        assert (plays.precision.tolist(), plays.city.tolist(), plays.at.tolist()) == ([code], [city or 0], [NOW_MS])
    with pytest.raises(FieldError) as error:
        READER.parse_one({"title": "", "artist": "A"}, "somebody", 7, NOW_MS, "live", VLC)
    assert error.value.field == "track.title"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["listenbrainz-mpd"], "at once"),
        (["", "mpdscribble"], "mpdscribble"),
        (["Pano Scrobbler", "VLC"], "Pano Scrobbler"),
        (["something"], "unknown"),
        ([], "unknown"),
    ],
)
def test_a_client_has_the_class_that_its_words_name(words: list[str], name: str) -> None:
    assert precision.CLASSES[precision.of_client(words) - CLASSED].name == name


def test_clients_that_ask_players_now_and_then_are_not_matched() -> None:
    assert precision.of_client(["multi-scrobbler"]) == UNMATCHED
