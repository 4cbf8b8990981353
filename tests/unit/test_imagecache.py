"""Pictures are drawn once, kept within bounds, and those who ask for too many are told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from webapp.graphics.imagecache import ImageCache, TooManyImages


def test_a_picture_is_drawn_once() -> None:
    cache, drawn = ImageCache(), list[str]()

    def draw() -> bytes:
        drawn.append("x")
        return b"picture"

    assert [cache.get_or_draw("a", draw) for _ in range(3)] == [b"picture"] * 3
    assert drawn == ["x"]


def test_those_who_wait_for_the_same_picture_get_the_one_that_was_drawn() -> None:
    cache, begun, go, drawn = ImageCache(), threading.Event(), threading.Event(), list[str]()

    def draw() -> bytes:
        drawn.append("x")
        begun.set()
        go.wait(10)
        return b"picture"

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(cache.get_or_draw, "a", draw) for _ in range(3)]
        assert begun.wait(10)
        go.set()
        assert [each.result() for each in asked] == [b"picture"] * 3
    assert drawn == ["x"]


def test_the_one_too_many_is_refused_and_those_before_are_drawn() -> None:
    cache, begun, go = ImageCache(max_waiting=1), threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        assert go.wait(10)
        return b"slow"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cache.get_or_draw, "slow", slow)
        assert begun.wait(10)
        with pytest.raises(TooManyImages):
            cache.get_or_draw("other", lambda: b"other")
        go.set()
        assert first.result() == b"slow"
    assert cache.get_or_draw("other", lambda: b"other") == b"other"


def test_a_picture_that_fails_gives_its_place_back() -> None:
    cache = ImageCache(max_waiting=1)

    def fails() -> bytes:
        raise OSError("lost")

    for _ in range(3):
        with pytest.raises(OSError, match="lost"):
            cache.get_or_draw("a", fails)
    assert cache.get_or_draw("a", lambda: b"now") == b"now"


def test_what_was_not_asked_for_the_longest_makes_room() -> None:
    cache = ImageCache(max_bytes=25)
    for key in ("a", "b", "a", "c"):
        cache.get_or_draw(key, lambda: bytes(10))
    assert cache.get_or_draw("a", lambda: b"again") == bytes(10)
    assert cache.get_or_draw("b", lambda: b"again") == b"again"


def test_one_that_is_larger_than_all_the_room_is_not_kept() -> None:
    cache = ImageCache(max_bytes=5)
    assert cache.get_or_draw("a", lambda: bytes(10)) == bytes(10)
    assert cache.get_or_draw("a", lambda: b"x") == b"x"
