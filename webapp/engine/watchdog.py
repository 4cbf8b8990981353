"""Whether a child process that owes an answer gets anywhere: busy on the processor is not stuck."""

from __future__ import annotations

from collections.abc import Callable

from webapp.engine.procstats import Usage, usage

LOOKS = 3
STUCK_S = 1.5
"""A process that owes an answer for so long, and uses no processor time meanwhile, is stuck."""
_MAY_NOT_RUN = "RD"
"""States of a process that waits for a processor or a disk, which is no fault of its own."""


def look_s(stuck_s: float) -> float:
    """Return how often to look at a process that is stuck after so many seconds."""
    return stuck_s / LOOKS


class Watchdog:
    """Watches one process while it owes one answer.

    Args:
        pid: of the process.
        answer_s: how many seconds of processor time an answer may take; where the kernel does not tell that, how many
            seconds in all.
        stuck_s: after how many seconds without any work it is stuck.
        look: tells what a process does, and has used.
    """

    def __init__(
        self, pid: int, answer_s: float, stuck_s: float = STUCK_S, look: Callable[[int], Usage | None] = usage
    ) -> None:
        self._pid, self._answer_s, self._stuck_s, self._look_s = pid, answer_s, stuck_s, look_s(stuck_s)
        self._usage = look
        self._first: Usage | None = None
        self._cpu_s = -1.0
        self._idle_s = 0.0

    def check(self) -> None:
        """Look once more; call it each `look_s` in which no part of the answer came.

        Looks are counted, not seconds: where all processes of a machine stood still, none of them is stuck.

        Raises:
            TimeoutError: the process is stuck.
        """
        look = self._usage(self._pid) or Usage("", 0.0, 0)
        self._first = self._first or look
        self._idle_s = self._idle_s + self._look_s if look.cpu_s == self._cpu_s else self._look_s
        self._cpu_s = look.cpu_s
        if self._idle_s >= (self._stuck_s if look.state and look.state not in _MAY_NOT_RUN else self._answer_s):
            raise TimeoutError(f"it is stuck: idle for {self._idle_s:g} s")
        if look.cpu_s - self._first.cpu_s >= self._answer_s:
            raise TimeoutError(f"it is stuck: busy for {self._answer_s:g} s with one answer")
