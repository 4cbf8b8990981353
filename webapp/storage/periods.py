"""The periods of statistics (hour, day, week), and a cache of their sums."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

CACHE_S = 10
"""How long cached sums are valid."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period's length in seconds, and its name on the page."""

    length_s: int
    name: str


PERIODS = {
    "hour": Period(3_600, "Last hour"),
    "day": Period(86_400, "Last day"),
    "week": Period(7 * 86_400, "Last week"),
}


@dataclass(frozen=True, slots=True)
class PeriodSums(Generic[T]):
    """Sums of a period, when they were read (epoch seconds), and whether they cover the whole period."""

    at_s: float
    sums: T
    are_complete: bool


class PeriodCache(Generic[T]):
    """A cache of sums by period. One caller refreshes old sums; others get the old ones meanwhile.

    Args:
        read: returns the sums of a period at a time (epoch seconds), and whether they are complete.
        clock: returns epoch seconds.
    """

    def __init__(self, read: Callable[[str, float], tuple[T, bool]], clock: Callable[[], float]) -> None:
        self._read, self._clock = read, clock
        self._cached: dict[str, PeriodSums[T]] = {}
        self._locks = {name: threading.Lock() for name in PERIODS}

    def get(self, period: str) -> PeriodSums[T]:
        """Return the sums of a period."""
        cached = self._cached.get(period)
        if cached is not None and abs(self._clock() - cached.at_s) < CACHE_S:
            return cached
        if not self._locks[period].acquire(blocking=cached is None):
            assert cached is not None
            return cached
        try:
            if self._cached.get(period) is cached:  # else another thread read them meanwhile
                now_s = self._clock()
                self._cached[period] = PeriodSums(now_s, *self._read(period, now_s))
            return self._cached[period]
        finally:
            self._locks[period].release()
