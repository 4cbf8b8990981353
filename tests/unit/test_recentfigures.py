"""The last minutes of the server's figures."""

from __future__ import annotations

from webapp.recentfigures import SPAN_S, STEP_S, RecentFigures


class World:
    """Figures that a test sets, and a clock that it passes."""

    def __init__(self) -> None:
        self.now_s, self.viewers, self.lag_s = 100.0, 0.0, 0.0
        self.recent = RecentFigures(lambda: {"viewers": self.viewers, "lag_s": self.lag_s}, lambda: self.now_s)

    def run(self, seconds: float) -> None:
        for _ in range(round(2 * seconds)):
            self.now_s += 0.5
            self.recent.look()


def test_a_peak_between_two_steps_is_kept() -> None:
    world = World()
    world.run(7)
    world.lag_s = 1.4
    world.run(0.5)
    world.lag_s = 0
    world.run(12)
    assert max(world.recent.columns()["lag_s"]) == 1.4
    assert world.recent.columns()["lag_s"][-1] == 0


def test_now_is_there_at_once_and_its_step_has_its_peak() -> None:
    world = World()
    world.viewers = 3
    assert world.recent.columns() == {"ago_s": [0.0], "viewers": [3], "lag_s": [0]}
    world.run(1)
    world.viewers = 2
    assert world.recent.columns()["viewers"] == [3]


def test_what_is_older_than_its_span_is_gone_and_the_rest_is_in_order() -> None:
    world = World()
    for minute in range(40):
        world.viewers = minute
        world.run(60)
    columns = world.recent.columns()
    assert len(columns["viewers"]) <= SPAN_S / STEP_S + 1
    assert columns["ago_s"] == sorted(columns["ago_s"], reverse=True)
    assert columns["ago_s"][0] <= SPAN_S
    assert (columns["viewers"][0], columns["viewers"][-1]) == (25, 39)


def test_a_pause_of_the_process_leaves_no_stale_values() -> None:
    world = World()
    world.viewers = 9
    world.run(60)
    world.now_s += SPAN_S
    world.viewers = 1
    assert world.recent.columns()["viewers"][-1] in (1, 9)
    assert len(world.recent.columns()["viewers"]) == 1
