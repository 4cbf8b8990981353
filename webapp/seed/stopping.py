"""Ends the program gracefully on Ctrl-C or SIGTERM, and at once on a second signal."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType

FORCE_AFTER_S = 1.0
"""A terminal's Ctrl-C and a parent's SIGTERM come together; only a signal after this time forces the end."""


@contextmanager
def stopping() -> Iterator[Event]:
    """Yield an event that Ctrl-C or SIGTERM sets; a signal more than FORCE_AFTER_S later exits with code 130."""
    stop, first_s = Event(), 0.0

    def handle(_signal: int, _frame: FrameType | None) -> None:
        nonlocal first_s
        if first_s and time.monotonic() > first_s + FORCE_AFTER_S:
            raise SystemExit(130)
        first_s = first_s or time.monotonic()
        # In a thread: code that was interrupted in `stop.wait` may hold the lock that `set` takes.
        Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
