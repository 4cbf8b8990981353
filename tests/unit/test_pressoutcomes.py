"""What came of visitors' presses, found as the records come."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.unit.making import OSAKA, PARIS, T0, listener, records, track
from webapp.core.matchlookup import Press, Pulse
from webapp.core.plays import track_id
from webapp.engine.bus import MemoryBus
from webapp.engine.pressoutcomes import KEEP_S, Outcome, PressOutcomes
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import History

GAZETTEER = load_gazetteer()
SONG = track()


class World:
    """A bus of records, and a history that nothing is shown of."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.bus = MemoryBus(lambda: self.now_s)
        self.history = History(folder / "history", GAZETTEER, days=1, max_rows=100, clock=lambda: T0 / 1000 + 10)
        self.outcomes = PressOutcomes(self.bus, self.history, GAZETTEER, 1_000, lambda: self.now_s)

    def publish(self, *cities: int) -> None:
        """Have somebody press in each city, 40 ms after each other."""
        plays = [(f"{n}", city, 100 + 40 * n, SONG) for n, city in enumerate(cities)]
        for record in records(GAZETTEER, plays):
            self.bus.publish(record.encode())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def press(who: int, ms: int = 100) -> Press:
    return Press(track_id("Marisol Vey", "Night Bus Home"), listener(f"{who}"), T0 + ms)


def test_both_visitors_are_told_whom_they_met_and_it_is_kept_though_nobody_asks(world: World) -> None:
    world.outcomes.expect(press(0))
    world.outcomes.expect(press(1, 140))
    world.publish(PARIS, OSAKA)
    met = world.outcomes.of(press(0)).met
    assert met is not None
    assert world.outcomes.of(press(1, 140)).met == met
    assert world.history.get(met.id) == met


def test_two_in_one_city_are_told_how_far_apart_they_pressed(world: World) -> None:
    for ms in (100, 140):
        world.outcomes.expect(press((ms - 100) // 40, ms))
    world.publish(PARIS, PARIS)
    told = [world.outcomes.of(press((ms - 100) // 40, ms)) for ms in (100, 140)]
    assert told == [Outcome(pulse=Pulse(40, 0, GAZETTEER.by_id(PARIS)))] * 2


def test_who_met_nobody_is_told_of_nobody(world: World) -> None:
    world.outcomes.expect(press(9))
    world.publish(PARIS, OSAKA)
    assert world.outcomes.of(press(9)) == Outcome()
    assert world.history.pending == 0


def test_a_press_is_forgotten_after_its_time(world: World) -> None:
    world.outcomes.expect(press(0))
    world.publish(PARIS, OSAKA)
    world.now_s = KEEP_S + 1
    world.outcomes.expect(press(9))
    assert world.outcomes.of(press(0)) == Outcome()


def test_a_search_that_fails_keeps_no_record_from_others(world: World) -> None:
    class Failing:
        def record_filtered(self, *_: object) -> None:
            raise RuntimeError("no more")

    outcomes = PressOutcomes(world.bus, cast(History, Failing()), GAZETTEER, 1_000, lambda: world.now_s)
    seen = list[int]()
    world.bus.subscribe(lambda number, _: seen.append(number))
    outcomes.expect(press(0))
    world.publish(PARIS, OSAKA)
    assert seen == list(range(1, world.bus.last + 1))


def test_presses_are_forgotten_though_nobody_presses_any_more(world: World) -> None:
    world.outcomes.expect(press(0))
    world.publish(PARIS, PARIS)
    world.now_s = KEEP_S + 1
    assert world.outcomes.of(press(PARIS, 140)) == Outcome()
    assert world.outcomes.of(press(0)) == Outcome()
