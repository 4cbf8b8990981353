from __future__ import annotations

from webapp.core.principals import Principal
from webapp.ingest.submissions import RateStatus
from webapp.web.principalrates import ADDRESS_PER_MINUTE, BUCKETS_MOST, PrincipalRates

SLOW = Principal("abcdefghij", "listener", None, 4, 0.0)
NOW_S = 1_790_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_token_has_its_requests_and_is_told_how_many_are_left() -> None:
    clock = Clock()
    rates = PrincipalRates(lambda: NOW_S, clock)
    assert [rates.of_token(SLOW) for _ in range(5)] == [
        (RateStatus(4, 3, 15, NOW_S), False),
        (RateStatus(4, 2, 30, NOW_S), False),
        (RateStatus(4, 1, 45, NOW_S), False),
        (RateStatus(4, 0, 60, NOW_S), False),
        (RateStatus(4, 0, 15, NOW_S), True),
    ]
    clock.now += 15
    assert rates.of_token(SLOW) == (RateStatus(4, 0, 60, NOW_S), False)


def test_a_network_has_its_own_and_this_machine_none() -> None:
    rates = PrincipalRates(lambda: NOW_S, Clock())
    took = [rates.of_address(f"2001:db8::{n:x}")[1] for n in range(1, ADDRESS_PER_MINUTE + 2)]
    assert took == [False] * ADDRESS_PER_MINUTE + [True]
    assert not any(rates.of_address("127.0.0.1")[1] for _ in range(ADDRESS_PER_MINUTE + 1))


def test_many_addresses_give_no_token_its_requests_again() -> None:
    rates = PrincipalRates(lambda: NOW_S, Clock())
    rates.of_token(SLOW)
    for number in range(BUCKETS_MOST):
        rates.of_address(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert rates.of_token(SLOW)[0].remaining == 2


def test_those_that_are_quiet_are_forgotten_first() -> None:
    rates = PrincipalRates(lambda: NOW_S, Clock())
    for number in range(BUCKETS_MOST + 1):
        rates.of_token(Principal(str(number), "listener", None, 4, 0.0))
    assert rates.of_token(Principal("1", "listener", None, 4, 0.0))[0].remaining == 2
    assert rates.of_token(Principal("0", "listener", None, 4, 0.0))[0].remaining == 3
