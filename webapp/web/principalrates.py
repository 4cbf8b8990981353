"""How many requests a token may send, and an address; an address is known by a hash only."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from webapp.core.principals import Principal
from webapp.ingest.submissions import RateStatus
from webapp.web.clientaddress import AddressHashes
from webapp.web.ratelimits import Rate, TokenBucket

WINDOW_S = 60
ADDRESS_PER_MINUTE = 1_200
"""A household, an office, or a server that sends the plays of its users."""
BUCKETS_MOST = 20_000
"""Tokens that are remembered, those used last, and as many addresses: these push no tokens out."""


class PrincipalRates:
    """A bucket for each token and each address that sent something lately. Loopback, where proxies are, has none.

    Args:
        now: tells the time, epoch seconds.
        clock: tells seconds of a clock that is never set.
    """

    def __init__(self, now: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._now, self._clock, self._hashes = now, clock, AddressHashes()
        self._tokens: OrderedDict[str | bytes, TokenBucket] = OrderedDict()
        self._addresses: OrderedDict[str | bytes, TokenBucket] = OrderedDict()
        self._lock = threading.Lock()

    def of_address(self, address: str) -> tuple[RateStatus, bool]:
        """Count a request of an address; return what is left of its rate, and whether the request is too much."""
        owner = self._hashes.of(address)
        if owner is None:
            return RateStatus(ADDRESS_PER_MINUTE, ADDRESS_PER_MINUTE, 0, self._now()), False
        return self._spend(self._addresses, owner, ADDRESS_PER_MINUTE)

    def of_token(self, principal: Principal) -> tuple[RateStatus, bool]:
        """Count a request of a token likewise."""
        return self._spend(self._tokens, principal.id, principal.per_minute)

    def _spend(
        self, buckets: OrderedDict[str | bytes, TokenBucket], owner: str | bytes, per_minute: int
    ) -> tuple[RateStatus, bool]:
        now = self._clock()
        with self._lock:
            bucket = _bucket(buckets, owner, per_minute, now)
            if is_limited := bucket.wait_s(now) > 0:
                return RateStatus(per_minute, 0, math.ceil(bucket.wait_s(now)), self._now()), is_limited
            bucket.spend()
            left = bucket.fill(now)
        full_s = math.ceil((per_minute - left) * WINDOW_S / per_minute)
        return RateStatus(per_minute, math.floor(left), full_s, self._now()), False


def _bucket(
    buckets: OrderedDict[str | bytes, TokenBucket], owner: str | bytes, per_minute: int, now: float
) -> TokenBucket:
    if owner not in buckets:
        buckets[owner] = TokenBucket(Rate(per_minute, per_minute / WINDOW_S), now)
    buckets.move_to_end(owner)
    if len(buckets) > BUCKETS_MOST:
        buckets.popitem(last=False)
    return buckets[owner]
