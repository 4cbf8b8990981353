from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.seed.blocks import Block, play_head
from webapp.seed.feed import Clock, Feed


def block(*at_ms: int) -> Block:
    return Block.of((at, b'{"n":%d,"pressed_at":' % at, number) for number, at in enumerate(at_ms, 1))


def seconds() -> Iterator[Block]:
    return (block(*range(second * 1000, (second + 1) * 1000, 100)) for second in count())


def test_a_play_is_written_with_its_time_to_the_millisecond() -> None:
    lines = block(5, 7).lines(np.array([1_790_000_000_009, 1_790_000_001_120]))
    assert lines.tolist() == [
        b'{"n":5,"pressed_at":1790000000.009}\n',
        b'{"n":7,"pressed_at":1790000001.120}\n',
    ]


def test_a_head_ends_where_the_time_belongs() -> None:
    head = play_head({"title": "Ä", "artist": '"B"'}, {"geoname_id": 1}, "someone")
    assert head == (
        '{"track":{"title":"Ä","artist":"\\"B\\""},"place":{"geoname_id":1},"listener":"someone","pressed_at":'.encode()
    )


@given(st.lists(st.integers(0, 5000), max_size=40), st.lists(st.integers(0, 6000), max_size=8), st.integers(1, 7))
def test_a_feed_hands_out_every_due_play_once_in_order(at: list[int], asked: list[int], limit: int) -> None:
    rows = sorted(at)
    feed = Feed(iter([block(*rows[:10]), block(), block(*rows[10:])]))
    taken: list[int] = []
    for moment in sorted(asked):
        part = feed.take_due(moment, limit).at_ms.tolist()
        due = [row for row in rows if row <= moment]
        assert part == due[len(taken) : len(taken) + limit]
        taken += part
    assert feed.next_ms() == (rows[len(taken)] if len(taken) < len(rows) else None)


def test_a_feed_of_endless_blocks_ends_at_its_end() -> None:
    feed = Feed(seconds(), until_ms=1250.0)
    assert feed.take_due(10_000, 100).at_ms.tolist() == [*range(0, 1000, 100), 1000, 1100, 1200]
    assert feed.next_ms() is None


def test_a_clock_lays_presses_on_the_wall_divided_by_the_speed() -> None:
    clock = Clock(1_790_000_000_000, speed=20.0)
    assert clock.wall_ms(np.array([0, 10, 40, 20_000])).tolist() == [
        1_790_000_000_000, 1_790_000_000_000, 1_790_000_000_002, 1_790_000_001_000,
    ]  # fmt: skip


def test_a_clock_that_paused_is_later_by_as_much() -> None:
    clock = Clock(1000).paused(250)
    assert clock.wall_ms(np.array([0, 100])).tolist() == [1250, 1350]
    assert clock.at_ms(1350) == 100


@pytest.mark.parametrize("speed", [0.5, 1.0, 3.0, 20.0])
def test_what_a_clock_says_is_due_has_been_pressed_by_then(speed: float) -> None:
    clock = Clock(5000, speed)
    for wall in range(5000, 6000, 37):
        assert clock.wall_ms(np.array([clock.at_ms(wall)]))[0] <= wall + 1
