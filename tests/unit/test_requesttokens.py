from __future__ import annotations

from webapp.web.requesttokens import AGAIN_S, KEEP_S, TOKENS_MOST, RequestTokens


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_confirmed_token_can_be_taken_again_for_a_minute() -> None:
    clock = Clock()
    tokens = RequestTokens(clock)
    made = tokens.make()
    tokens.confirm(made, "abcdefghij")
    taken = []
    for _ in range(3):
        taken.append(tokens.take(made))
        clock.now += AGAIN_S / 2 + 1
    assert taken == ["abcdefghij", "abcdefghij", None]


def test_tokens_that_nobody_confirms_push_no_confirmed_one_out() -> None:
    tokens = RequestTokens(Clock())
    made = tokens.make()
    tokens.confirm(made, "abcdefghij")
    for _ in range(TOKENS_MOST + 1):
        tokens.make()
    assert tokens.take(made) == "abcdefghij"


def test_a_confirmed_token_stands_for_its_listener() -> None:
    tokens = RequestTokens(Clock())
    made = tokens.make()
    assert len(bytes.fromhex(made)) == 16
    assert tokens.is_open(made)
    assert tokens.take(made) is None
    assert tokens.confirm(made, "abcdefghij")
    assert not tokens.is_open(made)
    assert tokens.take(made) == "abcdefghij"


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
