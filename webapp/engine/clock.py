"""The wall clock, watched: when it was set, and for how long it has run since."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

JUMP_S = 1.0
"""A clock that moves by so much against the steady one was set; one that is slewed moves by 0.0005 s a second."""
READ_S = 0.01
_TRIES = 10


class Clock:
    """Tells the time, and notices when the clock was set: by hand, by NTP, or because the machine slept.

    Args:
        wall: the clock that may be set, epoch seconds.
        steady: seconds of a clock that is never set.

    Attributes:
        jumps: how often the clock was set, forward and back.
        set_by_s: by how much it was set the last time; 0 if never.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self.jumps = Counter({"forward": 0, "back": 0})
        self.set_by_s = 0.0
        self._ahead_s = self._read_ahead_s()
        self._since_s = steady()

    def now(self) -> float:
        """Return the time, epoch seconds."""
        return self._wall()

    @property
    def looked_at(self) -> float:
        """The time as it would be had the clock not been set since the last look, epoch seconds."""
        return self._steady() + self._ahead_s

    @property
    def jump_text(self) -> str:
        """By how much it was set the last time, such as "back by 60.0 s"."""
        return f"{'forward' if self.set_by_s > 0 else 'back'} by {abs(self.set_by_s):.1f} s"

    @property
    def held_s(self) -> float:
        """For how long the clock has not been set, as far as is known."""
        return self._steady() - self._since_s

    def look(self) -> float:
        """Return by how many seconds the clock was set since the last look; 0 if it was not. Look often."""
        ahead_s = self._read_ahead_s()
        moved_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        if abs(moved_s) < JUMP_S:
            return 0.0
        self.jumps["forward" if moved_s > 0 else "back"] += 1
        self.set_by_s, self._since_s = moved_s, self._steady()
        return moved_s

    def now_if_held(self, for_s: float) -> float | None:
        """Return the time if the clock has not been set for so many seconds, not even since the last look."""
        ahead_s = self._read_ahead_s()
        if self.held_s < for_s or abs(ahead_s - self._ahead_s) >= JUMP_S:
            return None
        return self._steady() + ahead_s

    def _read_ahead_s(self) -> float:
        """Return how far the wall clock is ahead of the steady one; both must be read at once, or it means nothing."""
        for _ in range(_TRIES):
            before_s, wall_s = self._steady(), self._wall()
            if self._steady() - before_s < READ_S:
                break
        return wall_s - before_s
