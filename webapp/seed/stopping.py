"""Ctrl-C and SIGTERM end the program in good order; whoever insists ends it at once."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType

INSIST_S = 1.0
"""A terminal's Ctrl-C and a parent's SIGTERM come together; only what comes later insists."""


@contextmanager
def stopping() -> Iterator[Event]:
    """Give an event that Ctrl-C or SIGTERM sets; a second one, a second later, exits with code 130."""
    stop, asked = Event(), 0.0

    def handle(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked and time.monotonic() > asked + INSIST_S:
            raise SystemExit(130)
        asked = asked or time.monotonic()
        # Not here: whoever was interrupted in `stop.wait` may hold the lock that `set` takes.
        Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
