"""Waiting until something holds. No other module of the tests sleeps: a test waits for what it means."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import gevent

DEADLINE_S = 60.0
STEP_S, LOOP_STEP_S = 0.02, 0.001

T = TypeVar("T")


def until(
    holds: Callable[[], T],
    seconds: float = DEADLINE_S,
    said: Callable[[], object] = lambda: "",
    pause: Callable[[], None] = lambda: time.sleep(STEP_S),
) -> T:
    """Ask until the answer is true, and return it.

    Args:
        holds: asked again and again.
        seconds: after so long the test fails.
        said: what the failure shows, such as a server's log.
        pause: what is done between.
    """
    end_s = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < end_s, f"not within {seconds:g} s; {said()}"
        pause()
    return answer


def loop_until(holds: Callable[[], T]) -> T:
    """Do so on this thread's gevent loop, which runs meanwhile."""
    return until(holds, pause=lambda: gevent.sleep(LOOP_STEP_S))
