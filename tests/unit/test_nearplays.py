"""Near misses: the play that came closest to a press, by what records tell of it and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, listener, track
from webapp.core import nearplays
from webapp.core.matchlookup import Press
from webapp.core.nearplays import PLAYS_A_SECOND, Closest, Searched, SongPlays, take_in
from webapp.core.plays import SOURCES, track_id
from webapp.core.precision import of_client
from webapp.core.records import SliceRecord, wire_track_id
from webapp.core.slices import Slicer
from webapp.gazetteerdata import load_gazetteer

GAZETTEER = load_gazetteer()
WINDOW_MS = 1_000
SONG, OTHER = track(recording="isrc:USRC17607839"), track("Copper Sky")
SPELLING = track("Night Bus Home (Single)", recording="isrc:USRC17607839")
ID = track_id("Marisol Vey", "Night Bus Home")
GRENOBLE = 3014728
"""In the region of which Lyon is the most populous place."""
NEAR_S = 5
"""How far from a press these tests search, so that there are few records."""


def shown(city: int) -> bool:
    """Tell of no city that it is hidden."""
    return False


def records_of(
    plays: Sequence[Play], until_s: int = 30, precision: Sequence[int] | None = None, privacy_k: int = 0
) -> list[SliceRecord]:
    """The records of the slices from 10 s before T0, closed little by little."""
    slicer = Slicer(GAZETTEER, SECRET, WINDOW_MS, T0 - 10_000, privacy_k)
    made = batch(GAZETTEER, plays)
    slicer.add(made if precision is None else replace(made, precision=np.array(precision, np.uint16)))
    return [r for s in range(-10, until_s + 1, 5) for r in slicer.close(T0 + 1000 * s, T0 + 1000 * s + 500)]


def taken(records: Sequence[SliceRecord], *presses: Press, song: str = ID) -> SongPlays:
    """What records tell of a song that visitors pressed."""
    plays = SongPlays()
    for press in presses:
        plays.own[press.at_ms].add(press.listener)
    for record in records:
        take_in(record, {song.encode(): plays})
    return plays


def press(who: str, ms: int) -> Press:
    return Press(ID, listener(who), T0 + ms)


class End(NamedTuple):
    """A play that a record tells of; a spark has no listener."""

    second: int
    at_ms: int
    city: int
    source: int
    within_s: int
    listener: int | None


def ends_in(record: SliceRecord) -> Iterator[tuple[set[bytes], End]]:
    """Every play that a record tells of, with the ids of its song, row by row."""

    def ids(*numbers: int) -> set[bytes]:
        return {wire_track_id(record.tracks[number]) for number in numbers}

    def end(at: int, *more: int | None) -> End:
        return End(int(at) // 1000, int(at), *more)  # type: ignore[arg-type]

    for row in record.pairs:
        song, source, within_s = ids(row["track"], row["to_track"]), int(row["source"]), int(row["within_s"])
        first = row["at"] if within_s else row["at"] - row["apart_ms"]
        yield song, end(first, int(row["from_city"]), source, within_s, int(row["from_listener"]))
        yield song, end(row["at"], int(row["to_city"]), source, within_s, int(row["to_listener"]))
    for row in record.pulses:
        song, told = ids(row["track"]), (int(row["city"]), int(row["source"]), int(row["within_s"]))
        first = row["at"] if row["within_s"] else row["at"] - row["apart_ms"]
        yield song, end(first, *told, int(row["from_listener"]))
        yield song, end(row["at"], *told, int(row["to_listener"]))
    for row in record.sparks:
        told = int(row["city"]), int(row["source"]), int(row["within_s"])
        yield ids(row["track"]), end(row["at"], *told, None)


def brute_force(
    records: Sequence[SliceRecord], of: Press, own: Sequence[Press], hides: Callable[[int], bool]
) -> set[Closest]:
    """All plays that may be told as the closest one: of all that others made, those by the fewest seconds."""
    mine = {each.at_ms for each in own if each.listener == of.listener}
    told = [
        Closest(end.second - of.at_ms // 1000, end.city, end.source, end.within_s)
        for record in records
        for songs, end in ends_in(record)
        if of.track.encode() in songs and not hides(end.city)
        if end.listener != of.listener and not (end.listener is None and end.at_ms in mine)
    ]
    near = [each for each in told if abs(each.seconds) <= NEAR_S]
    best = min(((abs(each.seconds), each.seconds, each.within_s) for each in near), default=None)
    return {each for each in near if (abs(each.seconds), each.seconds, each.within_s) == best}


SECONDS = st.integers(0, 14)
PLAYS = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from((OSAKA, RECIFE, PARIS, LYON, CAIRO)),
        st.builds(lambda s, ms: 1000 * s + ms, SECONDS, st.integers(0, 999)),
        st.sampled_from((SONG, SONG, SPELLING, OTHER)),
        st.sampled_from(("live", "synthetic")),
    ),
    max_size=16,
    unique_by=lambda play: play[2] // 400,  # three a second, each of which may be told twice
)


@given(PLAYS, st.lists(st.tuples(st.sampled_from("abcz"), SECONDS, st.integers(0, 999)), min_size=1, max_size=3),
       st.sets(st.sampled_from((OSAKA, RECIFE, PARIS))), st.data())  # fmt: skip
def test_it_tells_what_brute_force_over_all_records_finds(
    plays: list[Play], pressed: list[tuple[str, int, int]], hidden: set[int], data: st.DataObject
) -> None:
    own = [press(who, 1000 * s + ms) for who, s, ms in pressed]
    made = [(who, PARIS, 1000 * s + ms, SONG) for who, s, ms in pressed if data.draw(st.booleans())]
    records, cities = records_of([*plays, *made], until_s=20), {GAZETTEER.by_id(each) for each in hidden}
    told = taken(records, *own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearplays, "NEAR_S", NEAR_S)
        for each in own:
            expected = brute_force(records, each, own, cities.__contains__)
            assert told.closest(each, cities.__contains__) in (expected or [None])


def test_somebody_who_pressed_before_is_told_with_negative_seconds_and_after_with_positive_ones() -> None:
    plays = [("b", RECIFE, 17_900, SONG), ("c", OSAKA, 28_100, SONG)]
    told = taken(records_of(plays))
    live = SOURCES.index("live")
    assert told.closest(press("a", 20_100), shown) == Closest(-3, GAZETTEER.by_id(RECIFE), live, 0)
    assert told.closest(press("a", 25_900), shown) == Closest(3, GAZETTEER.by_id(OSAKA), live, 0)
    assert told.closest(press("a", 23_000), shown) == Closest(5, GAZETTEER.by_id(OSAKA), live, 0)
    assert told.closest(press("a", 90_000), shown) is None, "more than a minute away"


def test_seconds_are_of_the_clock_so_that_many_presses_tell_no_more_of_a_play_than_a_spark_does() -> None:
    told = taken(records_of([("b", RECIFE, 17_400, SONG)]))
    closest = [told.closest(press("a", ms), shown) for ms in (20_000, 20_300, 20_500, 20_999)]
    assert [each and each.seconds for each in closest] == [-3] * 4


def test_neither_the_press_itself_nor_the_same_tabs_other_presses_are_told() -> None:
    mine = [press("a", 20_000), press("a", 25_000)]
    plays = [("a", PARIS, 20_000, SONG), ("a", PARIS, 25_000, SONG)]
    assert taken(records_of(plays), *mine).closest(mine[1], shown) is None
    others = taken(records_of(plays), *mine).closest(press("b", 25_000), shown)
    assert others == Closest(0, GAZETTEER.by_id(PARIS), 0, 0), "another visitor is told of them"


def test_a_tab_that_met_somebody_earlier_is_told_of_that_somebody_and_not_of_itself() -> None:
    plays = [("a", PARIS, 20_000, SONG), ("b", OSAKA, 20_040, SONG)]
    told = taken(records_of(plays), press("a", 20_000), press("a", 29_000))
    assert told.closest(press("a", 29_000), shown) == Closest(-9, GAZETTEER.by_id(OSAKA), 0, 0)


def test_another_song_is_not_told_and_a_hidden_city_neither() -> None:
    told = taken(records_of([("b", RECIFE, 17_000, OTHER), ("c", OSAKA, 12_000, SONG)]))
    assert told.closest(press("a", 17_000), shown) == Closest(-5, GAZETTEER.by_id(OSAKA), 0, 0)
    assert told.closest(press("a", 17_000), lambda city: city == GAZETTEER.by_id(OSAKA)) is None


def people(city: int, count: int) -> list[Play]:
    """So many others in a city, early enough to count, each with a song of their own."""
    return [(f"{city} {n}", city, 0, track(f"{city} {n}")) for n in range(count)]


def test_a_city_with_too_few_people_is_told_as_the_one_that_stands_in_for_it_or_not_at_all() -> None:
    pair: list[Play] = [("b", GRENOBLE, 17_000, SONG), ("c", OSAKA, 17_040, SONG)]
    lone: list[Play] = [("b", GRENOBLE, 17_000, SONG)]
    osaka, lyon = people(OSAKA, 2), people(LYON, 3)
    for plays, told in (
        ([*pair, *osaka, *people(GRENOBLE, 2)], GRENOBLE),
        ([*pair, *osaka, *lyon], LYON),
        ([*pair, *osaka, *people(GRENOBLE, 1), *people(LYON, 2)], None),
        ([*pair, *people(OSAKA, 1), *lyon], None),
        ([*lone, *people(GRENOBLE, 2)], GRENOBLE),
        ([*lone, *lyon], None),
    ):
        found = taken(records_of(plays, privacy_k=3))
        closest = found.closest(press("a", 20_000), lambda city: city == GAZETTEER.by_id(OSAKA))
        assert closest == (told and Closest(-3, GAZETTEER.by_id(told), 0, 0)), plays


def test_a_time_that_is_not_exact_is_told_as_such_and_only_if_no_exact_one_is_as_close() -> None:
    pair = [("b", RECIFE, 17_000, SONG), ("c", OSAKA, 18_500, SONG)]
    told = taken([replace(record, sparks=record.sparks[:0]) for record in records_of(pair, precision=[2_000, 2_000])])
    closest = told.closest(press("a", 17_200), shown)
    assert closest is not None
    assert (closest.seconds, closest.within_s) == (1, 6), "both ends have the time of the pair, which all are told"
    told.add(T0 + 18_100, nearplays.Play(GAZETTEER.by_id(CAIRO), 0, 0, (listener("d"),)))
    assert told.closest(press("a", 18_600), shown) == Closest(0, GAZETTEER.by_id(CAIRO), 0, 0)


def test_a_lone_play_whose_time_is_not_exact_is_told_as_such() -> None:
    told = taken(records_of([("b", RECIFE, 17_000, SONG)], precision=[of_client(["mpdscribble"])]))
    assert told.closest(press("a", 20_000), shown) == Closest(-3, GAZETTEER.by_id(RECIFE), 0, 2)


def test_of_a_second_with_many_plays_as_many_are_kept_as_memory_allows() -> None:
    plays = [(f"{n}", (OSAKA, RECIFE)[n % 2], 17_000 + n, SONG) for n in range(8 * PLAYS_A_SECOND)]
    told = taken(records_of(plays))
    assert [len(each) for each in told._by_second.values()] == [PLAYS_A_SECOND]
    assert told.closest(press("a", 19_000), shown) is not None


def test_an_evening_of_plays_leaves_so_many_seconds_and_the_last_minutes_are_all_there() -> None:
    told = SongPlays()
    for second in range(2 * nearplays.SECONDS_MOST):
        told.add(T0 + 1000 * second, nearplays.Play(second, 0, 0, (1,)))
    newest = 1000 * (2 * nearplays.SECONDS_MOST - 1)
    closest = [told.closest(press("a", newest - 1000 * ago), shown) for ago in range(nearplays.SECONDS_MOST)]
    assert len(told._by_second) == nearplays.SECONDS_MOST
    assert [each and each.seconds for each in closest] == [0] * nearplays.SECONDS_MOST


def test_it_says_how_far_was_searched() -> None:
    told = taken(records_of([("b", RECIFE, 17_000, SONG)]))
    for at_s, newest_s, searched in ((20, 20, (29, 0)), (20, 30, (29, 6)), (100, 200, (60, 60)), (-15, 30, (0, 41))):
        assert told.searched(press("a", 1000 * at_s), T0 + 1000 * newest_s, WINDOW_MS) == Searched(*searched)
    assert SongPlays().searched(press("a", 20_000), T0 + 20_000, WINDOW_MS) == Searched(0, 0)
