"""How often something may be done: by all visitors together, and by one address, which is known by a hash only."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from webapp.web.clientaddress import AddressHashes


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then so many a second."""

    burst: int
    per_s: float


class TokenBucket:
    """Tokens, filled again as time passes.

    Args:
        rate: how many it holds, and how fast it is filled.
        now: epoch seconds or any other clock's.
    """

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._tokens, self._at = rate, float(rate.burst), now

    def fill(self, now: float) -> float:
        """Fill in what has come since the last time; returns how many there are."""
        self._tokens = min(self._rate.burst, self._tokens + max(0.0, now - self._at) * self._rate.per_s)
        self._at = now
        return self._tokens

    def wait_s(self, now: float) -> float:
        """Return the seconds until there is a token; 0 if there is one."""
        return max(0.0, 1 - self.fill(now)) / self._rate.per_s

    def spend(self) -> None:
        """Take a token."""
        self._tokens -= 1

    def is_full(self, now: float) -> bool:
        """Tell whether nothing was taken lately: a new one would be the same."""
        return self.fill(now) >= self._rate.burst


ADDRESSES_MOST = 10_000


class RateLimits:
    """A bucket for all, and one for each address that did it lately; loopback, where proxies are, has none of its own.

    Args:
        all: the rate of all together.
        each: the rate of one address: an IPv4 address, or a /64 of IPv6.
        clock: tells seconds.
    """

    def __init__(self, all: Rate, each: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._each, self._clock, self._hashes = each, clock, AddressHashes()
        self._all = TokenBucket(all, clock())
        self._buckets: dict[bytes, TokenBucket] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def spend(self, address: str) -> int:
        """Count one, unless it is too much; returns the whole seconds after which to come again, or 0."""
        now, owner = self._clock(), self._hashes.of(address)
        with self._lock:
            buckets = [self._all] if owner is None else [self._all, self._bucket(owner, now)]
            wait_s = max(bucket.wait_s(now) for bucket in buckets)
            if wait_s == 0:
                for bucket in buckets:
                    bucket.spend()
        return math.ceil(wait_s)

    def _bucket(self, owner: bytes, now: float) -> TokenBucket:
        if owner not in self._buckets and len(self._buckets) >= ADDRESSES_MOST:
            self._forget(now)
        return self._buckets.setdefault(owner, TokenBucket(self._each, now))

    def _forget(self, now: float) -> None:
        """Let go of those that are full again; of all where none is, for memory is bounded and `all` still counts."""
        self._buckets = {name: bucket for name, bucket in self._buckets.items() if not bucket.is_full(now)}
        if len(self._buckets) >= ADDRESSES_MOST:
            self._buckets.clear()
