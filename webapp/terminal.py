"""Tells SIGHUP of a closed terminal from SIGHUP as a command to reload."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

HANGUP_S = 30.0
"""How long SIGHUP may take to reach a busy process after its terminal was closed."""
DETACH_S = 5.0
"""How long a process may still have its terminal after SIGHUP: some kernels send the signal before they detach it."""


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


class Terminal:
    """The terminal that a process was started from.

    Args:
        ends_process: whether the process ends once its terminal is closed; not so under nohup.
        is_there: tells whether there is a terminal.
        now: tells seconds that nobody sets.
    """

    def __init__(
        self,
        *,
        ends_process: bool,
        is_there: Callable[[], bool] = has_terminal,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ends_process, self._is_there, self._now = ends_process, is_there, now
        self._seen_s = self._signalled_s = -math.inf

    def note_sighup(self) -> None:
        """Note that SIGHUP came."""
        self._signalled_s = self._now()

    def was_closed(self) -> bool:
        """Look at the terminal; return whether it was closed, so that the process must end. Call it each second."""
        now = self._now()
        if self._is_there():
            self._seen_s = now
            return False
        return self._ends_process and now - self._seen_s < HANGUP_S and now - self._signalled_s < DETACH_S
