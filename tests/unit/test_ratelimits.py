from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webapp.web.ratelimits import ADDRESSES_MOST, Rate, RateLimits, TokenBucket

WIDE = Rate(burst=1_000_000, per_s=1_000_000)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_address_has_its_burst_then_its_rate_and_is_told_when_to_come_again() -> None:
    clock = Clock()
    rates = RateLimits(WIDE, Rate(burst=3, per_s=0.5), clock)
    assert [rates.spend("192.0.2.1") for _ in range(4)] == [0, 0, 0, 2]
    assert rates.spend("192.0.2.2") == 0
    clock.now += 1
    assert rates.spend("192.0.2.1") == 1
    clock.now += 1
    assert [rates.spend("192.0.2.1") for _ in range(2)] == [0, 2]


def test_a_64_of_ipv6_is_one_address() -> None:
    rates = RateLimits(WIDE, Rate(burst=1, per_s=1), Clock())
    assert [rates.spend(address) for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [0, 1, 0]


def test_all_together_have_one_bucket_which_this_machine_shares() -> None:
    rates = RateLimits(Rate(burst=3, per_s=1), Rate(burst=1, per_s=1), Clock())
    assert [rates.spend("127.0.0.1") for _ in range(2)] == [0, 0]
    assert [rates.spend(f"192.0.2.{n}") for n in range(2)] == [0, 1]


def test_who_is_refused_takes_nothing_from_the_others() -> None:
    rates = RateLimits(Rate(burst=2, per_s=1), Rate(burst=1, per_s=1), Clock())
    assert [rates.spend("192.0.2.1") for _ in range(9)] == [0] + 8 * [1]
    assert rates.spend("192.0.2.2") == 0


def test_addresses_are_forgotten_once_they_are_quiet_and_never_more_than_a_bound() -> None:
    clock = Clock()
    rates = RateLimits(WIDE, Rate(burst=1, per_s=1), clock)
    for number in range(ADDRESSES_MOST):
        rates.spend(f"10.0.{number >> 8}.{number & 255}")
    assert len(rates) == ADDRESSES_MOST
    rates.spend("192.0.2.1")
    assert len(rates) == 1
    clock.now += 2
    for number in range(ADDRESSES_MOST):
        rates.spend(f"10.0.{number >> 8}.{number & 255}")
    assert len(rates) <= ADDRESSES_MOST


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 5), st.floats(0.1, 5))
def test_no_more_than_the_burst_and_what_was_filled_in_is_ever_taken(
    gaps: list[float], burst: int, per_s: float
) -> None:
    bucket, now, taken = TokenBucket(Rate(burst, per_s), 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        if bucket.wait_s(now) == 0:
            bucket.spend()
            taken += 1
        assert taken <= burst + now * per_s + 1e-6
