"""The traffic of the servers in Python: a text that starts with the time, four times a second."""

import time

TICK_NS = 250_000_000
DIGITS = 20


class Pace:
    """Ticks at whole quarters of a second of CLOCK_MONOTONIC; it skips missed ticks."""

    def __init__(self) -> None:
        self._tick = time.monotonic_ns() // TICK_NS

    def next_s(self) -> float:
        """Start the next tick, and return the seconds until it is due."""
        now = time.monotonic_ns()
        self._tick += 1
        if self._tick < now // TICK_NS:
            self._tick = now // TICK_NS + 1
        return max(0.0, (self._tick * TICK_NS - now) / 1e9)


def text(size: int) -> str:
    """Return a text of that many bytes that starts with the time in nanoseconds."""
    return f"{time.monotonic_ns():0{DIGITS}}".ljust(size, "x")
