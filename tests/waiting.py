"""Waits for a condition. No other module of the tests sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
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
    """Poll a condition until it is true, and return its value.

    Args:
        holds: the condition.
        seconds: the timeout, after which the test fails.
        said: returns a text for the failure message, such as a server's log.
        pause: waits between two polls.
    """
    end_s = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < end_s, f"not within {seconds:g} s; {said()}"
        pause()
    return answer


async def persist(act: Callable[[], Awaitable[T]], error: type[Exception], seconds: float = DEADLINE_S) -> T:
    """Try something again and again, as long as it raises this error; return its result."""
    end_s = time.monotonic() + seconds
    while True:
        try:
            return await act()
        except error:
            assert time.monotonic() < end_s, f"not within {seconds:g} s"
            await asyncio.sleep(STEP_S)


def loop_until(holds: Callable[[], T]) -> T:
    """Do so on this thread's gevent loop, which runs meanwhile."""
    return until(holds, pause=lambda: gevent.sleep(LOOP_STEP_S))
