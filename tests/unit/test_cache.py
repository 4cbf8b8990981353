from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webapp.core.cache import Cache


def test_what_was_not_used_for_the_longest_makes_room() -> None:
    cache: Cache[str, bytes] = Cache(most=3, size=len)
    for key in "abc":
        cache.keep(key, b"x")
        cache.get("a")
    cache.keep("d", b"x")
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.binary(max_size=6))))
def test_what_is_held_is_never_more_than_may_be(steps: list[tuple[str, bytes]]) -> None:
    cache: Cache[str, bytes] = Cache(most=10, size=len)
    for key, value in steps:
        cache.keep(key, value)
        assert sum(len(cache.get(each) or b"") for each in "abcde") <= 10
        assert cache.get(key) == value, "what came last is here, unless it alone is too large"
    cache.clear()
    assert not any(cache.get(each) for each in "abcde")


def test_a_value_that_is_too_large_is_not_held_and_leaves_the_sum_right() -> None:
    cache: Cache[str, bytes] = Cache(most=3, size=len)
    cache.keep("a", b"xxxx")
    assert cache.get("a") is None
    cache.keep("b", b"xxx")
    assert cache.get("b") == b"xxx"
