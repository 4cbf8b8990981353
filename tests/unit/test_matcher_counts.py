"""Pulses, plays together, echoes and singles, each against the brute-force oracle."""

from hypothesis import given

from tests.unit import matcher_oracle as oracle
from tests.unit.matcher_oracle import SLICE_MS, Play, slice_of
from tests.unit.matcher_world import Brought, drive, listener, thorough, worlds

World = tuple[list[Play], int]

OSAKA, RECIFE = 5, 3
A, B, C, D = (listener(2 * i) for i in range(4))


def connected(out: list[Brought]) -> dict[Play, int]:
    return oracle.by_slice(brought.connections for brought in out)


@thorough
@given(worlds())
def test_a_pulse_is_of_two_neighbours_in_time_that_left_the_window_single(world: World) -> None:
    plays, window = world
    out = drive(plays, window)
    expected = oracle.pulses(plays, connected(out), window, len(out))
    assert [set(brought.pulses) for brought in out] == expected


@thorough
@given(worlds())
def test_a_play_is_in_one_pulse_of_a_kind_at_most_and_in_none_if_it_is_connected_by_then(world: World) -> None:
    plays, window = world
    out = drive(plays, window)
    pulses = [(slice_, pair) for slice_, brought in enumerate(out) for pair in brought.pulses]
    for kind in (False, True):
        ends = [(play, slice_) for slice_, pair in pulses if any(p.precision for p in pair) is kind for play in pair]
        assert len(ends) == len(dict(ends))
        assert all(connected(out).get(play, slice_ + 1) > slice_ for play, slice_ in ends)


@thorough
@given(worlds())
def test_a_pulse_of_exact_plays_comes_when_the_later_leaves_the_window_and_others_at_once(world: World) -> None:
    plays, window = world
    for slice_, brought in enumerate(drive(plays, window)):
        for a, b in brought.pulses:
            assert a.city == b.city
            if a.precision or b.precision:
                assert max(slice_of(a), slice_of(b)) == slice_
                continue
            assert a.at <= b.at < (slice_ + 1) * SLICE_MS - window
            assert slice_ == slice_of(b) or b.at >= slice_ * SLICE_MS - window


@thorough
@given(worlds())
def test_each_play_with_company_is_counted_in_the_slice_in_which_its_first_partner_is_known(world: World) -> None:
    plays, window = world
    counted = [brought.together for brought in drive(plays, window)]
    assert counted == [oracle.together_in(plays, window, slice_) for slice_ in range(len(counted))]


@thorough
@given(worlds())
def test_each_echo_is_counted_once_in_its_slice(world: World) -> None:
    plays, window = world
    counted = [brought.echoes for brought in drive(plays, window)]
    assert counted == [oracle.echoes_in(plays, window, slice_) for slice_ in range(len(counted))]


@thorough
@given(worlds())
def test_singles_are_the_plays_of_the_slice_that_are_in_no_connection_echoes_aside(world: World) -> None:
    plays, window = world
    able = oracle.without_echoes(plays, window)
    for slice_, brought in enumerate(drive(plays, window)):
        used = {play for pair in brought.connections for play in pair}
        expected = [play for play in able if slice_of(play) == slice_ and play not in used]
        assert sorted(brought.singles) == expected


def test_three_people_on_a_song_are_three_together_the_first_two_once_the_second_came() -> None:
    plays = [Play(0, OSAKA, A, 0), Play(0, RECIFE, B, 900), Play(0, OSAKA, C, 1300)]
    assert [brought.together for brought in drive(plays, 1000)][:6] == [0, 0, 0, 2, 0, 1]


def test_an_earlier_play_gains_company_by_the_first_press_of_a_slice_though_the_last_is_too_late() -> None:
    plays = [Play(0, OSAKA, A, 0), Play(0, RECIFE, B, 1000), Play(0, OSAKA, C, 1001)]
    assert [brought.together for brought in drive(plays, 1000)][4] == 3


def test_people_of_one_city_are_together_too() -> None:
    assert drive([Play(0, OSAKA, A, 0), Play(0, OSAKA, B, 10)], 1000)[0].together == 2


def test_a_play_with_an_echo_of_another_is_not_together() -> None:
    plays = [Play(0, OSAKA, A, 0), Play(0, OSAKA, A, 900), Play(0, RECIFE, B, 1200)]
    assert sum(brought.together for brought in drive(plays, 1000)) == 0


def test_a_pulse_comes_after_the_window_so_that_it_never_costs_an_arc() -> None:
    here = [Play(0, OSAKA, A, 0), Play(0, OSAKA, B, 10), Play(0, OSAKA, C, 20)]
    out = drive([*here, Play(0, RECIFE, D, 1000)], 1000)
    assert out[4].connections == [(here[0], Play(0, RECIFE, D, 1000))]
    assert [brought.pulses for brought in out[:5]] == [[], [], [], [], [(here[1], here[2])]]
