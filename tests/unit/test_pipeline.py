"""The pipeline by a clock that the test sets."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.making import OSAKA, RECIFE, SECRET, T0, batch, track
from webapp.core.gazetteer import load_gazetteer
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.engine.bus import MemoryBus
from webapp.engine.matching import Closed, Matching, MatchingHere
from webapp.engine.pipeline import Pipeline


class Losable:
    """Matching that is lost once if it is told to be."""

    def __init__(self, matching: Matching) -> None:
        self.matching, self.lost = matching, False

    def close(self, batches: Sequence[bytes], watermark_ms: int, now_ms: int) -> Closed:
        if self.lost:
            self.lost = False
            raise ConnectionResetError("it ended")
        return self.matching.close(batches, watermark_ms, now_ms)


class World:
    def __init__(self) -> None:
        self.now_s = T0 / 1000 + 0.5
        self.gazetteer = load_gazetteer()
        self.plays, self.records = MemoryBus(self.clock), MemoryBus(self.clock, 60, 1 << 20)
        self.matching = Losable(MatchingHere(Slicer(self.gazetteer, SECRET, 1_000, T0)))
        self.closed: list[int] = []
        self.pipeline = Pipeline(
            self.plays,
            self.records,
            self.matching,
            self.clock,
            0.5,
            lambda slices, _: self.closed.append(slices),
        )

    def clock(self) -> float:
        return self.now_s

    def step_at(self, second: float) -> None:
        self.now_s = T0 / 1000 + second
        self.pipeline.step()


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


def test_a_clock_that_was_set_back_is_told(world: World) -> None:
    world.step_at(3)
    assert world.pipeline.ahead_s == 0
    world.now_s -= 60
    assert world.pipeline.ahead_s == pytest.approx(60)


def test_a_stopped_pipeline_takes_no_more_plays(world: World) -> None:
    world.pipeline.stop()
    world.plays.publish(batch(world.gazetteer, [("ann", OSAKA, 100, track())]).encode())
    assert world.pipeline.waiting == 0


def test_of_matching_that_was_lost_only_the_plays_that_waited_are(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.engine.pipeline.RETRY_S", 0)
    pair = [("ann", OSAKA, 100, track()), ("bob", RECIFE, 140, track())]
    world.plays.publish(batch(world.gazetteer, pair).encode())
    world.matching.lost = True
    world.step_at(0.6)
    assert (world.pipeline.waiting, world.closed) == (0, [])
    assert caplog.messages == ["matching was lost (it ended), and with it 2 plays; another goes on"]
    world.plays.publish(batch(world.gazetteer, pair).encode())
    world.step_at(0.76)
    assert [len(SliceRecord.decode(message).pairs) for _, message in world.records.read(0)] == [1]
