"""Near misses of visitors' presses, searched for in the ring of records and in those that come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import gevent
import pytest

from tests.unit.making import OSAKA, PARIS, RECIFE, T0, Play, listener, records, track
from webapp.core.matchlookup import Press
from webapp.core.nearplays import Closest, Searched
from webapp.core.plays import track_id
from webapp.core.records import SliceRecord
from webapp.engine import nearmisses
from webapp.engine.bus import MemoryBus
from webapp.engine.nearmisses import NearMisses
from webapp.gazetteerdata import load_gazetteer

GAZETTEER = load_gazetteer()
SONG = track()


class CountedBus(MemoryBus):
    """A bus that counts who reads it again."""

    reads = 0

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        self.reads += 1
        yield from super().read(after)


class World:
    """A ring of records, and what is searched for in it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.bus = CountedBus(lambda: self.now_s, keep_s=70, keep_bytes=1 << 20)
        self.near = NearMisses(self.bus, 1_000)
        self.bus.subscribe(self.near.take_in)

    def publish(self, *plays: Play, at_s: float = 0) -> None:
        """Publish the records of plays, as if T0 were so much later."""
        for record in records(GAZETTEER, plays):
            self.now_s = at_s + (record.end_ms - T0) / 1000
            self.bus.publish(later(record, round(1000 * at_s)).encode())

    def closest(self, press: Press) -> tuple[Closest | None, Searched | None]:
        return self.near.closest(press, lambda track, city: False)


def later(record: SliceRecord, by_ms: int) -> SliceRecord:
    rows = {name: getattr(record, name).copy() for name in ("pairs", "pulses", "sparks")}
    for each in rows.values():
        each["at"] += by_ms
    return replace(record, end_ms=record.end_ms + by_ms, now_ms=record.now_ms + by_ms, **rows)


@pytest.fixture
def world() -> World:
    return World()


def press(who: str, at_s: float, title: str = "Night Bus Home") -> Press:
    return Press(track_id("Marisol Vey", title), listener(who), T0 + round(1000 * at_s))


def test_a_press_is_told_who_came_before_it_and_later_who_came_closer_after_it(world: World) -> None:
    world.publish(("b", RECIFE, 100, SONG))
    world.publish(("a", PARIS, 100, SONG), at_s=20)
    mine = press("a", 30)
    world.near.expect(mine)
    world.publish(at_s=30)
    assert world.closest(mine) == (Closest(-10, GAZETTEER.by_id(PARIS), 0, 0), Searched(30, 0))
    world.publish(("c", OSAKA, 100, SONG), at_s=34)
    world.publish(at_s=40)
    assert world.closest(mine) == (Closest(4, GAZETTEER.by_id(OSAKA), 0, 0), Searched(30, 10))


def test_what_left_the_ring_is_not_searched_and_that_is_said(world: World) -> None:
    world.publish(("b", RECIFE, 100, SONG))
    mine = press("a", 50)
    world.publish(at_s=46)
    world.near.expect(mine)
    world.publish(at_s=80)
    assert world.bus.first > 1
    assert world.closest(mine) == (None, Searched(3, 30))


def test_the_ring_is_searched_once_for_all_who_press_and_for_all_songs_that_they_pressed(world: World) -> None:
    world.publish(("b", RECIFE, 100, SONG), ("c", OSAKA, 100, track("Copper Sky")))
    presses = [press(f"{n}", 3, title) for n in range(50) for title in ("Night Bus Home", "Copper Sky")]
    for each in presses:
        world.near.expect(each)
    told = [world.closest(each)[0] for each in presses]
    assert {(each.seconds, each.city) for each in told if each} == {
        (-3, GAZETTEER.by_id(RECIFE)),
        (-3, GAZETTEER.by_id(OSAKA)),
    }
    assert world.bus.reads == 1


def test_others_get_a_turn_after_each_record(world: World) -> None:
    for at_s in range(0, 40, 4):
        world.publish(("b", RECIFE, 100, SONG), at_s=at_s)
    mine, turns = press("a", 40), list[int]()
    world.near.expect(mine)

    def take_turns() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    other = gevent.spawn(take_turns)
    world.closest(mine)
    other.kill()
    assert len(turns) >= world.bus.last


def test_records_of_before_the_clock_was_set_back_are_not_searched(world: World) -> None:
    world.publish(("b", RECIFE, 100, SONG), at_s=20)
    early = press("z", 21)
    world.near.expect(early)
    world.publish(at_s=0)
    mine = press("a", 4)
    world.near.expect(mine)
    assert world.closest(mine)[0] is None
    assert world.closest(early)[0] is None
    world.publish(("c", OSAKA, 2_100, SONG), at_s=4)
    assert world.closest(mine)[0] == Closest(2, GAZETTEER.by_id(OSAKA), 0, 0)


def test_a_song_is_forgotten_with_its_last_press_and_there_is_room_for_so_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearmisses, "SONGS_MOST", 1)
    first, second, other = press("a", 3), press("b", 3), press("c", 3, "Copper Sky")
    for each in (first, second, other):
        world.near.expect(each)
    assert world.closest(other) == (None, None), "there is no room"
    world.near.forget(first)
    world.near.forget(first)
    assert world.closest(first) == (None, None)
    assert world.closest(second)[1] is not None
    world.near.forget(second)
    world.near.expect(other)
    assert world.closest(other)[1] is not None
