from __future__ import annotations

from webapp.web.requesttokens import KEEP_S, TOKENS_MOST, RequestTokens


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_confirmed_token_stands_for_its_listener_once() -> None:
    tokens = RequestTokens(Clock())
    made = tokens.make()
    assert len(bytes.fromhex(made)) == 16
    assert tokens.is_open(made)
    assert tokens.take(made) is None
    assert tokens.confirm(made, "abcdefghij")
    assert not tokens.is_open(made)
    assert [tokens.take(made) for _ in range(2)] == ["abcdefghij", None]


def test_a_token_is_confirmed_by_one_listener_only() -> None:
    tokens = RequestTokens(Clock())
    made = tokens.make()
    assert [tokens.confirm(made, each) for each in ("abcdefghij", "klmnopqrst")] == [True, False]
    assert tokens.take(made) == "abcdefghij"


def test_what_was_not_made_here_or_long_ago_is_no_token() -> None:
    clock = Clock()
    tokens = RequestTokens(clock)
    made, other = tokens.make(), tokens.make()
    tokens.confirm(made, "abcdefghij")
    clock.now += KEEP_S + 1
    assert tokens.take(made) is None
    assert not tokens.is_open(other)
    assert not tokens.confirm("0" * 32, "abcdefghij")


def test_there_are_never_more_than_a_bound_and_the_oldest_go_first() -> None:
    tokens = RequestTokens(Clock())
    made = [tokens.make() for _ in range(TOKENS_MOST + 1)]
    assert not tokens.is_open(made[0])
    assert tokens.is_open(made[1])
