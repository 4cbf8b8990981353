"""The pipeline by a clock that the test sets."""

from __future__ import annotations

import gevent
import pytest

from tests.unit.making import LYON, OSAKA, PARIS, RECIFE, SECRET, T0, Play, batch, track
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.engine.bus import MemoryBus
from webapp.engine.clock import Clock
from webapp.engine.matching import InlineMatching
from webapp.engine.pipeline import Pipeline
from webapp.gazetteerdata import load_gazetteer


class World:
    def __init__(self) -> None:
        self.now_s = T0 / 1000 + 0.5
        self.set_by_s = 0.0
        self.gazetteer = load_gazetteer()
        self.plays, self.records = MemoryBus(self.clock), MemoryBus(self.clock, 60, 1 << 20)
        self.matching = InlineMatching(Slicer(self.gazetteer, SECRET, 1_000, T0), 500)
        self.closed: list[int] = []
        self.passed_s = 100.0
        self.pipeline = Pipeline(
            self.plays,
            self.records,
            self.matching,
            Clock(self.clock, lambda: self.now_s - self.set_by_s),
            0.5,
            lambda slices, _: self.closed.append(slices),
            lambda: self.passed_s,
        ).start()

    def clock(self) -> float:
        return self.now_s

    def step_at(self, second: float) -> None:
        self.now_s = T0 / 1000 + self.set_by_s + second
        self.pipeline.step()

    def set_clock(self, by_s: float) -> None:
        self.set_by_s += by_s
        self.now_s += by_s

    def press(self, *plays: Play) -> int:
        """Have plays arrive; they are pressed so many milliseconds after T0 by the clock as it was at first."""
        return self.pipeline.submit(batch(self.gazetteer, [self._moved(play) for play in plays]).encode())

    def _moved(self, play: Play) -> Play:
        return (play[0], play[1], play[2] + round(1000 * self.set_by_s), *play[3:])

    def told(self) -> list[SliceRecord]:
        return [SliceRecord.decode(message) for _, message in self.records.read(0)]


@pytest.fixture
def world() -> World:
    return World()


def test_plays_wait_for_their_slice_and_come_out_as_a_record(world: World) -> None:
    world.plays.publish(batch(world.gazetteer, [("ann", OSAKA, 100, track()), ("bob", RECIFE, 140, track())]).encode())
    assert world.pipeline.waiting == 2
    world.step_at(0.76)
    records = [SliceRecord.decode(message) for _, message in world.records.read(0)]
    assert [(record.end_ms - T0, len(record.pairs), record.now_ms - T0) for record in records] == [(250, 1, 760)]
    assert (world.pipeline.waiting, world.closed) == (0, [1])


def test_a_pipeline_that_fell_behind_says_so_and_catches_up(world: World) -> None:
    world.now_s = T0 / 1000 + 5
    assert world.pipeline.lag_s == pytest.approx(4.25)
    world.step_at(5)
    assert (world.pipeline.lag_s, world.closed) == (0, [18])


@pytest.mark.parametrize("by_s", [-60, -2, 2, 60, 40 * 86_400])
def test_where_the_clock_was_set_matching_goes_on_at_once_and_no_play_is_late(world: World, by_s: float) -> None:
    assert world.press(("ann", OSAKA, 400, track()), ("bob", RECIFE, 440, track())) == 0
    world.set_clock(by_s)
    assert world.press(("eve", OSAKA, 450, track()), ("dan", RECIFE, 460, track())) == 0
    world.step_at(1.1)
    counts = [record.counts for record in world.told()]
    assert (sum(c.plays for c in counts), sum(c.connections for c in counts)) == (4, 2)
    assert [c.late + c.lost for c in counts if c.late + c.lost] == []
    assert world.told()[-1].end_ms == T0 + round(1000 * by_s) + 500
    assert (world.pipeline.waiting, world.pipeline.lag_s) == (0, 0)


def test_a_play_that_was_read_before_the_clock_was_set_back_is_late_and_is_told_so(world: World) -> None:
    read_before = batch(world.gazetteer, [("ann", OSAKA, 400, track())]).encode()
    world.set_clock(-60)
    assert world.pipeline.submit(read_before) == 1
    world.step_at(2)
    assert sum(record.counts.late for record in world.told()) == 1
    assert world.pipeline.waiting == 0


def test_a_clock_that_is_slewed_was_not_set(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for second in range(1, 10):
        world.set_clock(-0.4)
        world.step_at(second)
    assert caplog.messages == []
    world.set_clock(-2)
    world.step_at(10)
    assert caplog.messages == ["the clock was set back by 2.0 s"]


def test_a_pipeline_that_ends_closes_the_slices_of_all_plays_and_takes_no_more(world: World) -> None:
    pressed = [("ann", OSAKA, 1_400, track()), ("bob", RECIFE, 1_490, track())]  # a second ahead, as is allowed
    world.plays.publish(batch(world.gazetteer, pressed).encode())
    ending = gevent.spawn(world.pipeline.finish, 60)
    gevent.sleep(0)
    world.plays.publish(batch(world.gazetteer, [("eve", OSAKA, 100, track())]).encode())
    world.pipeline.step()
    ending.get(timeout=10)
    records = [SliceRecord.decode(message) for _, message in world.records.read(0)]
    assert (sum(r.counts.plays for r in records), sum(len(r.pairs) for r in records)) == (2, 1)
    world.pipeline.step()
    assert (world.records.last, world.pipeline.waiting) == (len(records), 0)


def test_what_the_answer_calls_late_is_what_the_frames_count_as_late(world: World) -> None:
    """However late the slices are really closed: it is judged once, when the plays arrive."""
    plays = [("ann", OSAKA, 0, track()), ("bob", RECIFE, 249, track()), ("cem", PARIS, 251, track())]
    world.now_s = T0 / 1000 + 0.749
    assert world.pipeline.submit(batch(world.gazetteer, plays).encode()) == 0
    world.now_s = T0 / 1000 + 0.751
    assert world.pipeline.submit(batch(world.gazetteer, [("dee", LYON, 249, track())]).encode()) == 1
    world.step_at(3)
    records = [SliceRecord.decode(message) for _, message in world.records.read(0)]
    assert sum(record.counts.late for record in records) == 1
    assert sum(record.counts.plays for record in records) == 3


def test_matching_that_was_held_up_leaves_no_slice_out(world: World) -> None:
    world.step_at(0.6)
    for second in (1, 20, 40):
        world.now_s = T0 / 1000 + second
        plays = [("ann", OSAKA, 1000 * second, track()), ("bob", RECIFE, 1000 * second, track())]
        world.plays.publish(batch(world.gazetteer, plays).encode())
    world.passed_s += 44
    world.step_at(44)
    records = [SliceRecord.decode(message) for _, message in world.records.read(0)]
    assert (sum(record.counts.plays for record in records), sum(record.counts.lost for record in records)) == (6, 0)
    assert world.pipeline.lag_s == 0


def test_a_clock_that_jumps_leaves_slices_out_and_counts_what_they_held(world: World) -> None:
    world.step_at(0.6)
    world.plays.publish(batch(world.gazetteer, [("ann", OSAKA, 500, track())]).encode())
    world.step_at(3600)
    world.step_at(3602)
    records = [SliceRecord.decode(message) for _, message in world.records.read(0)]
    assert (sum(record.counts.plays for record in records), sum(record.counts.lost for record in records)) == (0, 1)
