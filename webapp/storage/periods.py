"""Sums over an hour, a day or a week: made when somebody asks, and kept while they are good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

SMALL = 10_000
"""Connections, up to which their sums are little work."""
SOON_S = 10
"""For so long sums are good that were little work; there is more to come then, too."""


@dataclass(frozen=True, slots=True)
class Period:
    """How far sums reach back, for how long they are good, and what it is called; seconds."""

    length_s: int
    fresh_s: int
    name: str


PERIODS = {
    "hour": Period(3_600, 30, "the last hour"),
    "day": Period(86_400, 600, "the last day"),
    "week": Period(7 * 86_400, 3_600, "the last week"),
}


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """Sums, when they were made, epoch seconds, and whether that was little work."""

    at_s: float
    sums: T
    is_small: bool


class Sums(Generic[T]):
    """Sums by period. Who finds them old makes them anew, others get the old ones meanwhile.

    Args:
        make: makes the sums since a time, epoch seconds, and tells whether that was little work; may take long.
        clock: tells the time, epoch seconds.
    """

    def __init__(self, make: Callable[[float], tuple[T, bool]], clock: Callable[[], float]) -> None:
        self._make, self._clock = make, clock
        self._made: dict[str, Made[T]] = {}
        self._making = {name: threading.Lock() for name in PERIODS}

    def of(self, period: str) -> Made[T]:
        """Return the sums of a period."""
        made = self._made.get(period)
        if made is not None and self._clock() < made.at_s + self._fresh_s(period, made):
            return made
        if not self._making[period].acquire(blocking=made is None):
            assert made is not None
            return made
        try:
            if self._made.get(period) is made:  # else they were made while we waited
                now_s = self._clock()
                self._made[period] = Made(now_s, *self._make(now_s - PERIODS[period].length_s))
            return self._made[period]
        finally:
            self._making[period].release()

    def _fresh_s(self, period: str, made: Made[T]) -> float:
        return SOON_S if made.is_small else PERIODS[period].fresh_s
