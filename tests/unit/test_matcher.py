"""The numbered properties of matching, each against the brute-force oracle, and its rule against the reference."""

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import matcher_oracle as oracle
from tests.unit.matcher_oracle import SLICE_MS, Pair, Play, could_connect, slice_of
from tests.unit.matcher_world import (
    GEONAME_ID,
    Brought,
    drive,
    listener,
    mixed_worlds,
    slices_of,
    thorough,
    whole,
    worlds,
    worlds_of_keys,
)
from webapp.core import crowds
from webapp.core.columns import NO_PLAYS, Plays, sort_west_to_east
from webapp.core.matcher import Matcher

World = tuple[list[Play], int]

OSAKA, RECIFE, LIMA = 5, 3, 1
A, B, C = (listener(2 * i) for i in range(3))


def all_connections(out: list[Brought]) -> list[Pair]:
    return [pair for brought in out for pair in brought.connections]


def in_one_order(out: list[Brought]) -> list[tuple[object, ...]]:
    """What a run brought, without the order in which it was told, which means nothing."""
    return [(sorted(b.connections), sorted(b.pulses), sorted(b.singles), b.together, b.echoes) for b in out]


@thorough
@given(worlds())
def test_1_a_pair_has_one_song_two_listeners_two_cities_and_lies_within_the_window(world: World) -> None:
    plays, window = world
    for a, b in all_connections(drive(plays, window)):
        assert oracle.is_one_song(a, b)
        assert a.listener != b.listener
        assert a.city != b.city
        assert abs(a.at - b.at) <= oracle.bound_ms(a, b, window)


@thorough
@given(worlds())
def test_1_no_end_of_a_pair_is_an_echo(world: World) -> None:
    plays, window = world
    able = set(oracle.without_echoes(plays, window))
    assert able.issuperset(play for pair in all_connections(drive(plays, window)) for play in pair)


@thorough
@given(worlds())
def test_2_a_play_is_in_one_connection_at_most(world: World) -> None:
    ends = [play for pair in all_connections(drive(*world)) for play in pair]
    assert len(ends) == len(set(ends))


@thorough
@given(worlds())
def test_3_no_two_single_plays_that_could_be_connected_are_left_when_a_slice_closes(world: World) -> None:
    plays, window = world
    able, used = oracle.without_echoes(plays, window), set[Play]()
    for slice_, brought in enumerate(drive(plays, window)):
        used.update(play for pair in brought.connections for play in pair)
        left = [play for play in able if slice_of(play) <= slice_ and play not in used]
        assert not [pair for pair in combinations(left, 2) if could_connect(*pair, window)]


@thorough
@given(worlds())
def test_3_a_connection_is_found_when_the_slice_of_its_later_press_closes(world: World) -> None:
    for slice_, brought in enumerate(drive(*world)):
        assert all(max(slice_of(a), slice_of(b)) == slice_ for a, b in brought.connections)


@thorough
@given(worlds(), st.randoms(use_true_random=False))
def test_4_order_of_arrival_changes_nothing(world: World, arrival: random.Random) -> None:
    assert in_one_order(drive(*world, arrival=arrival)) == in_one_order(drive(*world))


@thorough
@given(worlds(), st.permutations([0, 1, 2]), st.sampled_from([1, 7, 30_011, 1_000_003]))
def test_4_the_numbers_of_groups_change_nothing(world: World, order: list[int], apart: int) -> None:
    out = drive(*world, number=lambda group: order[group] * apart)
    assert in_one_order(out) == in_one_order(drive(*world))


@thorough
@given(worlds_of_keys(), st.randoms(use_true_random=False))
def test_4_equal_plays_are_one(world: World, chance: random.Random) -> None:
    plays, window = world
    again = [play._replace(city=min(play.city + chance.randrange(3), 5), words=2) for play in plays]
    given = plays + [play for play in again if chance.random() < 0.5]
    out = drive(given, window, arrival=chance)
    assert in_one_order(out) == in_one_order(drive(oracle.counted_once(plays), window))
    assert sum(brought.equal for brought in out) == len(given) - len(oracle.counted_once(given))


def test_4_of_equal_plays_the_western_city_counts_then_the_smallest_bytes() -> None:
    twice = [Play(0, OSAKA, A, 10, 0), Play(0, RECIFE, A, 10, 2), Play(0, RECIFE, A, 10, 1)]
    for seed in range(6):
        brought = drive([*twice, Play(0, LIMA, B, 50)], 1000, arrival=random.Random(seed))[0]
        assert brought.connections == [(twice[2], Play(0, LIMA, B, 50))]
        assert (brought.equal, brought.echoes, brought.together) == (2, 0, 2)


@thorough
@given(worlds())
def test_4_a_number_may_pass_to_another_group_after_two_windows_and_a_slice(world: World) -> None:
    plays, window = world
    idle = whole(plays, window) * SLICE_MS
    later = [play._replace(group=play.group + 3, at=play.at + idle) for play in plays]
    reused = drive(plays + later, window, number=lambda group: group % 3)
    assert in_one_order(reused) == in_one_order(drive(plays + later, window))


@thorough
@given(worlds())
def test_the_pairs_are_those_of_the_documented_rule(world: World) -> None:
    plays, window = world
    found = [{frozenset(pair) for pair in brought.connections} for brought in drive(plays, window)]
    assert found == oracle.connections(plays, window, slices_of(plays, window))


@given(mixed_worlds())
@settings(max_examples=30)
def test_what_is_left_out_of_crowds_changes_no_pair(world: World) -> None:
    plays, window = world
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(crowds, "CROWD", 0)
        found = [({frozenset(pair) for pair in each.connections}, set(each.pulses)) for each in drive(plays, window)]
    expected = oracle.connections(plays, window, len(found))
    pulses = oracle.pulses(plays, oracle.by_slice(expected), window, len(found))
    assert found == list(zip(expected, pulses, strict=True))


@thorough
@given(worlds())
def test_from_pressed_first_and_of_two_at_once_it_has_the_smaller_geoname_id(world: World) -> None:
    for a, b in all_connections(drive(*world)):
        assert (a.at, GEONAME_ID[a.city]) < (b.at, GEONAME_ID[b.city])


@pytest.mark.parametrize("seed", range(3))
def test_a_busy_world_is_matched_by_the_same_rule(seed: int) -> None:
    chance = random.Random(seed)
    plays = [
        Play(min(chance.randrange(40), chance.randrange(40)), chance.randrange(6), listener(chance.randrange(500)), at)
        for at in sorted(chance.randrange(2000) for _ in range(1600))
    ]
    window = (1000, 100, 333)[seed]
    out = drive(plays, window, number=lambda group: group * 70_001, arrival=chance)
    slices = slices_of(plays, window)
    expected = oracle.connections(plays, window, slices)
    connected = oracle.by_slice(expected)
    assert [{frozenset(pair) for pair in brought.connections} for brought in out] == expected
    assert [set(brought.pulses) for brought in out] == oracle.pulses(plays, connected, window, slices)
    assert [brought.echoes for brought in out] == [oracle.echoes_in(plays, window, i) for i in range(slices)]


def test_a_recording_joins_what_two_keys_leave_but_never_through_a_third_play() -> None:
    one, other = Play(0, OSAKA, A, 10, recording=7), Play(1, RECIFE, B, 40, recording=7)
    assert all_connections(drive([one, other], 1000)) == [(one, other)]
    assert not all_connections(drive([one, other._replace(source=1)], 1000))
    third = Play(1, RECIFE, B, 40, recording=8)
    joins_both = Play(1, OSAKA, C, 60, recording=7)
    assert all_connections(drive([one, third, joins_both], 1000)) == [(third, joins_both)]
    assert not all_connections(drive([one, third, joins_both._replace(at=3000)], 1000))


def test_one_key_comes_before_one_recording() -> None:
    one, recorded = Play(0, OSAKA, A, 10, recording=7), Play(1, LIMA, B, 20, recording=7)
    same_key = Play(0, RECIFE, C, 200)
    assert all_connections(drive([one, recorded, same_key], 1000)) == [(one, same_key)]


def test_two_presses_the_window_apart_are_together_and_an_instant_more_are_not() -> None:
    first = Play(0, RECIFE, A, 100)
    assert all_connections(drive([first, Play(0, OSAKA, B, 1100)], 1000)) == [(first, Play(0, OSAKA, B, 1100))]
    assert not all_connections(drive([first, Play(0, OSAKA, B, 1101)], 1000))


def test_a_third_play_makes_no_second_connection_but_waits_for_a_fourth() -> None:
    plays = [Play(0, OSAKA, A, 10), Play(0, RECIFE, B, 20), Play(0, OSAKA, C, 300), Play(0, LIMA, listener(9), 900)]
    assert all_connections(drive(plays[:3], 1000)) == [(plays[0], plays[1])]
    assert all_connections(drive(plays, 1000)) == [(plays[0], plays[1]), (plays[2], plays[3])]


def test_plays_of_two_groups_make_no_connection() -> None:
    assert not all_connections(drive([Play(0, OSAKA, A, 10), Play(1, RECIFE, B, 10)], 1000))


def test_an_echo_of_an_echo_is_one_too_though_the_first_press_is_long_ago() -> None:
    plays = [Play(0, OSAKA, A, 0), Play(0, RECIFE, A, 900), Play(0, LIMA, A, 1800), Play(0, LIMA, B, 1900)]
    out = drive(plays, 1000)
    assert not all_connections(out)
    assert sum(brought.echoes for brought in out) == 2


def test_a_listener_may_be_in_connections_on_two_tracks() -> None:
    plays = [Play(0, OSAKA, A, 0), Play(0, LIMA, B, 0), Play(1, OSAKA, A, 0), Play(1, LIMA, C, 0)]
    assert len(all_connections(drive(plays, 1000))) == 2


@pytest.mark.parametrize("at", [-1, 249, 500])
def test_a_play_from_outside_the_slice_is_refused(at: int) -> None:
    matcher = Matcher(1000, np.array(GEONAME_ID))
    matcher.close(250, NO_PLAYS)
    zero = np.zeros(1, np.int64)
    play = Plays(zero.astype(np.uint32), zero.astype(np.uint16), zero.astype(np.uint64), zero + at, zero)
    with pytest.raises(ValueError, match="from 250 to 500 ms"):
        matcher.close(500, play)


@pytest.mark.parametrize(("groups", "n"), [([0, 1, 5], 2_000), ([0, 1 << 31, (1 << 32) - 1], 70_000)])
def test_plays_are_sorted_by_all_columns_whether_or_not_their_numbers_fit_a_packed_key(
    groups: list[int], n: int
) -> None:
    chance = np.random.default_rng(5)
    group, city = chance.choice(np.array(groups, np.uint32), n), chance.choice(np.array([0, 1, 65_535], np.uint16), n)
    keys = np.array([listener(number) for number in range(40)], np.uint64)
    key, at = chance.choice(keys, n), chance.integers(0, 250, n)
    columns = (group, city, key, at)
    by = sort_west_to_east(*columns)
    rows = sorted(zip(*(column.tolist() for column in columns), strict=True))
    assert list(zip(*(column.take(by).tolist() for column in columns), strict=True)) == rows
