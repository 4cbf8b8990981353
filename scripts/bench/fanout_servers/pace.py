"""What the servers in Python send, and when: a text that begins with the time, four times a second."""

import time

TICK_NS = 250_000_000
DIGITS = 20


class Pace:
    """Ticks at whole quarters of a second of CLOCK_MONOTONIC; a late one is made up for, a lost one is not."""

    def __init__(self) -> None:
        self._tick = time.monotonic_ns() // TICK_NS

    def next_s(self) -> float:
        """Begin the next tick and return the seconds until it is due."""
        now = time.monotonic_ns()
        self._tick += 1
        if self._tick < now // TICK_NS:
            self._tick = now // TICK_NS + 1
        return max(0.0, (self._tick * TICK_NS - now) / 1e9)


def text(size: int) -> str:
    """Return a text of so many bytes that begins with the time in nanoseconds."""
    return f"{time.monotonic_ns():0{DIGITS}}".ljust(size, "x")
