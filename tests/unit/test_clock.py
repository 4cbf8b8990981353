"""The watch on the clock, by clocks that the test sets."""

from __future__ import annotations

import pytest

from webapp.engine.clock import Clock


class Clocks:
    """A wall clock and a steady one."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = 1_790_000_000.0, 500.0
        self.held_up_s = 0.0  # between the reading of the one and of the other
        self.clock = Clock(self.wall, lambda: self.steady_s)

    def wall(self) -> float:
        read = self.wall_s
        self.pass_(self.held_up_s)
        self.held_up_s = 0.0
        return read

    def pass_(self, seconds: float) -> None:
        self.wall_s += seconds
        self.steady_s += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.mark.parametrize(("by_s", "way"), [(-60.0, "back"), (-2.0, "back"), (2.0, "forward"), (3.5e6, "forward")])
def test_a_clock_that_was_set_is_noticed_once(clocks: Clocks, by_s: float, way: str) -> None:
    clocks.pass_(10)
    assert clocks.clock.look() == 0
    clocks.wall_s += by_s
    assert clocks.clock.look() == pytest.approx(by_s)
    assert clocks.clock.look() == 0
    assert (clocks.clock.jumps[way], clocks.clock.jumps.total()) == (1, 1)


def test_a_clock_that_is_slewed_was_not_set(clocks: Clocks) -> None:
    for _ in range(10_000):
        clocks.pass_(1)
        clocks.wall_s += 0.0005  # as fast as NTP may
        assert clocks.clock.look() == 0
    assert clocks.clock.held_s == pytest.approx(10_000)


def test_a_process_that_is_held_up_between_two_readings_takes_that_for_no_jump(clocks: Clocks) -> None:
    clocks.held_up_s = 30
    assert clocks.clock.look() == 0
    clocks.held_up_s = 30
    assert clocks.clock.now_if_held(0) == pytest.approx(clocks.wall_s)


def test_only_a_clock_that_has_held_for_an_hour_tells_the_time_to_prune_by(clocks: Clocks) -> None:
    clocks.pass_(3_599)
    assert clocks.clock.now_if_held(3_600) is None
    clocks.pass_(1)
    assert clocks.clock.now_if_held(3_600) == clocks.wall_s
    clocks.wall_s += 40 * 86_400
    assert clocks.clock.now_if_held(3_600) is None  # even before anybody looked
    clocks.clock.look()
    clocks.pass_(3_599)
    assert clocks.clock.now_if_held(3_600) is None
    clocks.pass_(1)
    assert clocks.clock.now_if_held(3_600) == clocks.wall_s
