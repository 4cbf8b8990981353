"""Waiting until something holds. No other module of the tests sleeps: a test waits for what it means."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 60.0
STEP_S = 0.02

T = TypeVar("T")


def until(holds: Callable[[], T], seconds: float = DEADLINE_S, said: Callable[[], object] = lambda: "") -> T:
    """Ask until the answer is true, and return it.

    Args:
        holds: asked again and again.
        seconds: after so long the test fails.
        said: what the failure shows, such as a server's log.
    """
    end_s = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < end_s, f"not within {seconds:g} s; {said()}"
        time.sleep(STEP_S)
    return answer
