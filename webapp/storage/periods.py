"""The periods that sums are kept of, and what was last read of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

FRESH_S = 10
"""For so long sums that were read are good."""


@dataclass(frozen=True, slots=True)
class Period:
    """How far sums reach back, seconds, and what it is called."""

    length_s: int
    name: str


PERIODS = {
    "hour": Period(3_600, "the last hour"),
    "day": Period(86_400, "the last day"),
    "week": Period(7 * 86_400, "the last week"),
}


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """Sums, when they were read, epoch seconds, and whether they reach as far back as their period."""

    at_s: float
    sums: T
    are_whole: bool


class PeriodCache(Generic[T]):
    """Sums by period. Who finds them old reads them anew, others get the old ones meanwhile.

    Args:
        make: reads the sums of a period at a time, epoch seconds, and tells whether they are whole.
        clock: tells the time, epoch seconds.
    """

    def __init__(self, make: Callable[[str, float], tuple[T, bool]], clock: Callable[[], float]) -> None:
        self._make, self._clock = make, clock
        self._made: dict[str, Made[T]] = {}
        self._making = {name: threading.Lock() for name in PERIODS}

    def of(self, period: str) -> Made[T]:
        """Return the sums of a period."""
        made = self._made.get(period)
        if made is not None and abs(self._clock() - made.at_s) < FRESH_S:
            return made
        if not self._making[period].acquire(blocking=made is None):
            assert made is not None
            return made
        try:
            if self._made.get(period) is made:  # else they were made while we waited
                now_s = self._clock()
                self._made[period] = Made(now_s, *self._make(period, now_s))
            return self._made[period]
        finally:
            self._making[period].release()
