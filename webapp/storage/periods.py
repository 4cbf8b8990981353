"""The periods of statistics (hour, day, week), and a cache of their sums."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from webapp.core.moderation import NO_RULES, Rules

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
    """Sums of a period.

    Attributes:
        at_s: when they were read, epoch seconds.
        version: of what was hidden then.
        sums: what was read.
        are_complete: whether they cover the whole period.
    """

    at_s: float
    version: str
    sums: T
    are_complete: bool


class PeriodCache(Generic[T]):
    """A cache of sums by period. One caller refreshes old sums; others get the old ones meanwhile.

    Nobody gets sums that were read when other things were hidden.

    Args:
        read: returns the sums of a period at a time (epoch seconds), and whether they are complete.
        clock: returns epoch seconds.
        rules: returns what is hidden.
    """

    def __init__(
        self,
        read: Callable[[str, float], tuple[T, bool]],
        clock: Callable[[], float],
        rules: Callable[[], Rules] = lambda: NO_RULES,
    ) -> None:
        self._read, self._clock, self._rules = read, clock, rules
        self._cached: dict[str, PeriodSums[T]] = {}
        self._locks = {name: threading.Lock() for name in PERIODS}

    def get(self, period: str) -> PeriodSums[T]:
        """Return the sums of a period."""
        version, cached = self._rules().version, self._cached.get(period)
        cached = cached if cached is not None and cached.version == version else None
        if cached is not None and abs(self._clock() - cached.at_s) < CACHE_S:
            return cached
        if not self._locks[period].acquire(blocking=cached is None):
            assert cached is not None
            return cached
        try:
            current = self._cached.get(period)
            if current is None or current is cached or current.version != version:
                now_s = self._clock()
                self._cached[period] = current = PeriodSums(now_s, version, *self._read(period, now_s))
            return current
        finally:
            self._locks[period].release()
