"""The contract of a bus; every implementation is a row of BUSES."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from webapp.engine.bus import Bus, MemoryBus


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


Make = Callable[..., Bus]
BUSES: list[Make] = [MemoryBus]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=BUSES)
def make(request: pytest.FixtureRequest) -> Make:
    result: Make = request.param
    return result


def test_messages_are_numbered_from_one_and_reach_every_subscriber_in_order(make: Make, clock: Clock) -> None:
    bus, first, second = make(clock), list[tuple[int, bytes]](), list[tuple[int, bytes]]()
    bus.subscribe(lambda *item: first.append(item))
    bus.subscribe(lambda *item: second.append(item))
    assert [bus.publish(b"a"), bus.publish(b"b")] == [1, 2]
    assert first == second == [(1, b"a"), (2, b"b")]


def test_a_subscription_that_ended_gets_nothing_more(make: Make, clock: Clock) -> None:
    bus, got = make(clock), list[int]()
    end = bus.subscribe(lambda number, _: got.append(number))
    bus.publish(b"a")
    end()
    bus.publish(b"b")
    assert got == [1]


def test_kept_messages_are_read_again_from_any_number(make: Make, clock: Clock) -> None:
    bus = make(clock, keep_s=60, keep_bytes=1000)
    for letter in b"abcd":
        bus.publish(bytes([letter]))
    assert list(bus.read(2)) == [(3, b"c"), (4, b"d")]
    assert list(bus.read(4)) == []
    assert (bus.first, bus.last) == (1, 4)


def test_reading_goes_on_with_what_is_published_meanwhile(make: Make, clock: Clock) -> None:
    bus = make(clock, keep_s=60, keep_bytes=1000)
    bus.publish(b"a")
    reading = bus.read(0)
    assert next(reading) == (1, b"a")
    bus.publish(b"b")
    assert next(reading) == (2, b"b")
    assert next(reading, None) is None


def test_what_is_too_old_cannot_be_read(make: Make, clock: Clock) -> None:
    bus = make(clock, keep_s=60, keep_bytes=1000)
    bus.publish(b"old")
    clock.now_s += 61
    bus.publish(b"new")
    assert (bus.first, list(bus.read(0))) == (2, [(2, b"new")])


def test_what_is_too_much_cannot_be_read(make: Make, clock: Clock) -> None:
    bus = make(clock, keep_s=60, keep_bytes=10)
    for letter in b"abc":
        bus.publish(bytes([letter]) * 4)
    assert list(bus.read(0)) == [(2, b"bbbb"), (3, b"cccc")]


def test_a_bus_that_keeps_nothing_delivers_all_the_same(make: Make, clock: Clock) -> None:
    bus, got = make(clock), list[bytes]()
    bus.subscribe(lambda _, message: got.append(message))
    bus.publish(b"a")
    assert got == [b"a"]
    assert (bus.first, bus.last, list(bus.read(0))) == (2, 1, [])


def test_two_buses_are_two_streams(make: Make, clock: Clock) -> None:
    assert make(clock).stream != make(clock).stream
