"""Which cities are named: those where enough different listeners pressed play within the hour, or their stand-ins."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.making import CAIRO, LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, track
from webapp.core.columns import LONG_AGO
from webapp.core.privacy import HOUR_MS
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.gazetteerdata import load_gazetteer

GAZETTEER = load_gazetteer()
SONG, OTHER = track(), track("Copper Sky")
GRENOBLE, SAO_PAULO = 3014728, 3448439
"""Grenoble is in the region of which Lyon is the most populous place; São Paulo is the most populous of Brazil."""


def closed(plays: Sequence[Play], k: int, until_ms: int = 3_000, slicer: Slicer | None = None) -> list[SliceRecord]:
    slicer = slicer or Slicer(GAZETTEER, SECRET, 1_000, T0, k)
    slicer.add(batch(GAZETTEER, plays))
    made = list[SliceRecord]()
    for end_ms in range(slicer.closed_ms, T0 + until_ms + 1, 5_000):
        made += slicer.close(min(end_ms + 5_000, T0 + until_ms), T0)
    return made


def crowd(city: int, count: int, ms: float = 0) -> list[Play]:
    """Return presses of different listeners in a city, on songs that nobody else plays."""
    return [(f"{city} {n}", city, ms, track(f"{city} {n}")) for n in range(count)]


def arcs(made: list[SliceRecord]) -> list[tuple[int, int]]:
    return [
        (int(GAZETTEER.geoname_id[pair["from_city"]]), int(GAZETTEER.geoname_id[pair["to_city"]]))
        for each in made
        for pair in each.pairs
    ]


def total(made: list[SliceRecord], name: str) -> int:
    return sum(getattr(each.counts, name) for each in made)


PAIR: list[Play] = [("a", OSAKA, 500, SONG), ("b", LYON, 540, SONG)]


def test_all_cities_are_named_where_k_is_0() -> None:
    assert arcs(closed(PAIR, 0)) == [(OSAKA, LYON)]


def test_a_city_is_named_once_k_listeners_pressed_there_and_before_that_a_pair_is_only_counted() -> None:
    made = closed([*crowd(OSAKA, 2), *crowd(LYON, 1), *PAIR], 3)
    assert (arcs(made), total(made, "connections")) == ([], 1)
    assert arcs(closed([*crowd(OSAKA, 2), *crowd(LYON, 2), *PAIR], 3)) == [(OSAKA, LYON)]


def test_one_listener_counts_once_however_often_they_press() -> None:
    often: list[Play] = [("one", LYON, 10 * n, track(f"{n}")) for n in range(9)]
    assert arcs(closed([*crowd(OSAKA, 2), *often, *PAIR], 3)) == []


@pytest.mark.parametrize(("there", "stand_in"), [(LYON, LYON), (PARIS, PARIS)])
def test_the_most_populous_place_of_the_region_or_the_country_stands_in_if_it_may_be_named(
    there: int, stand_in: int
) -> None:
    pair: list[Play] = [("a", OSAKA, 500, SONG), ("b", GRENOBLE, 540, SONG)]
    made = closed([*crowd(OSAKA, 2), *crowd(there, 3), *pair], 3)
    assert arcs(made) == [(OSAKA, stand_in)]
    (row,) = [pair for each in made for pair in each.pairs]
    assert row["km"] == GAZETTEER.km(row["from_city"], row["to_city"])


def test_a_pair_with_one_stand_in_for_both_ends_is_a_pulse() -> None:
    pair: list[Play] = [("a", LYON, 500, SONG), ("b", GRENOBLE, 540, SONG)]
    made = closed([*crowd(LYON, 3), *pair], 3)
    pulses = [pulse for each in made for pulse in each.pulses]
    assert arcs(made) == []
    assert [(int(GAZETTEER.geoname_id[each["city"]]), int(each["apart_ms"])) for each in pulses] == [(LYON, 40)]


def test_simulated_plays_keep_their_cities_and_make_none_that_may_be_named() -> None:
    simulated: list[Play] = [(who, city, ms, song, "synthetic") for who, city, ms, song in PAIR]  # type: ignore[misc]
    assert arcs(closed(simulated, 3)) == [(OSAKA, LYON)]
    others: list[Play] = [(who, city, ms, song, "synthetic") for who, city, ms, song in crowd(LYON, 5)]  # type: ignore[misc]
    assert arcs(closed([*crowd(OSAKA, 2), *others, *PAIR], 3)) == []


def test_a_city_is_no_longer_named_an_hour_after_the_presses_there() -> None:
    for more_ms, expected in ((0, [(OSAKA, LYON)]), (HOUR_MS, [])):
        slicer = Slicer(GAZETTEER, SECRET, 1_000, T0, 3)
        closed([*crowd(OSAKA, 3), *crowd(LYON, 3)], 3, 3_000, slicer)
        slicer.skip(T0 + more_ms)
        later: list[Play] = [(who, city, more_ms + ms + 4_000, song) for who, city, ms, song in PAIR]  # type: ignore[misc]
        assert arcs(closed(later, 3, more_ms + 8_000, slicer)) == expected


def test_a_single_play_is_shown_only_where_its_own_city_may_be_named() -> None:
    made = closed([*crowd(LYON, 3), ("a", GRENOBLE, 500, SONG)], 3)
    sparks = {int(GAZETTEER.geoname_id[spark["city"]]) for each in made for spark in each.sparks}
    assert sparks == {LYON}


places = st.sampled_from((OSAKA, RECIFE, PARIS, LYON, GRENOBLE, CAIRO, SAO_PAULO))
presses = st.tuples(
    st.integers(0, 9).map(str), places, st.integers(0, 60).map(lambda n: 100 * n), st.sampled_from((SONG, OTHER)),
    st.sampled_from(("live", "live", "live", "synthetic")),
)  # fmt: skip


@settings(max_examples=30)
@given(st.lists(presses, max_size=40), st.integers(1, 4))
def test_no_city_is_named_for_a_live_play_where_fewer_than_k_pressed(plays: list[Play], k: int) -> None:
    for each in closed(plays, k, 9_000):
        named = {int(city) for rows in (each.pulses, each.sparks) for city in rows["city"][rows["source"] == 0]}
        named |= {int(pair[end]) for pair in each.pairs for end in ("from_city", "to_city") if pair["source"] == 0}
        for city in named:
            there = {
                play[0]
                for play in plays
                if play[1] == GAZETTEER.geoname_id[city] and play[-1] == "live" and T0 + play[2] < each.end_ms
            }
            assert len(there) >= k


@settings(max_examples=15)
@given(st.lists(presses, max_size=40), st.integers(1, 4), st.integers(1, 8))
def test_a_slicer_that_is_restored_from_a_snapshot_makes_the_same_records(
    plays: list[Play], k: int, after_s: int
) -> None:
    whole, first, second = (Slicer(GAZETTEER, SECRET, 1_000, T0, k) for _ in range(3))
    for slicer in (whole, first):
        slicer.add(batch(GAZETTEER, plays))
    made = [each.encode() for each in first.close(T0 + 1_000 * after_s, T0)]
    second.restore(first.snapshot())
    made += [each.encode() for each in second.close(T0 + 9_000, T0)]
    assert made == [each.encode() for end_s in (after_s, 9) for each in whole.close(T0 + 1_000 * end_s, T0)]


def test_nothing_is_remembered_of_who_pressed_more_than_an_hour_ago() -> None:
    slicer = Slicer(GAZETTEER, SECRET, 1_000, T0, 3)
    closed(crowd(LYON, 3), 3, 3_000, slicer)
    assert len(slicer.privacy.state.cities) == 1
    slicer.privacy.forget_before(T0 + HOUR_MS + 1)
    assert len(slicer.privacy.state.cities) == 0
    assert (slicer.privacy.state.at > LONG_AGO).sum() == 0
