"""What takes plays in and has them matched: in this process and its children, or over a bus that many servers share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol


class NotTakenError(Exception):
    """Not all plays of a request could be taken in now.

    Attributes:
        taken: how many of its first ones were.
        retry_after_s: the seconds to wait before sending the others again.
    """

    def __init__(self, why: str, taken: int, retry_after_s: int) -> None:
        super().__init__(f"{why}; {taken} of the first plays were accepted; send the others again in {retry_after_s} s")
        self.taken, self.retry_after_s = taken, retry_after_s


class Process(Protocol):
    """A process beside the server, as metrics see it."""

    @property
    def name(self) -> str:
        """What metrics call it."""

    @property
    def pid(self) -> int:
        """Its number; 0 if there is none now."""

    @property
    def started(self) -> int:
        """How many processes there have been."""


class Intake(Protocol):
    """What takes plays in. Its methods run on the event loop, but for `submit`."""

    @property
    def waiting(self) -> int:
        """Plays taken in whose slice is not closed yet, as far as this server knows."""

    @property
    def closed_ms(self) -> int:
        """Up to when all slices are closed, epoch milliseconds."""

    @property
    def lag_s(self) -> float:
        """How far the newest closed slice is behind the one that should be closed by now; 0 when all is well."""

    @property
    def lost(self) -> Counter[str]:
        """How many plays were lost, by reason."""

    @property
    def processes(self) -> Sequence[Process]:
        """The processes that match plays or take them to the bus."""

    @property
    def problems(self) -> list[str]:
        """What keeps it from taking plays in, apart from lag, each in a sentence."""

    @property
    def troubles(self) -> list[str]:
        """What is in trouble while the stream goes on, each in a sentence."""

    def start(self) -> object:
        """Begin."""

    @property
    def steps(self) -> Sequence[Callable[[], None]]:
        """What is to be called forever, each in a greenlet of its own."""

    def submit(self, batch: bytes) -> int:
        """Take encoded plays in; return how many of them come too late.

        Raises:
            NotTakenError: they could not all be taken in.
        """

    def finish(self, most_s: float) -> None:
        """Take no more plays, and wait until those that were taken are matched, a number of seconds at most."""

    def stop(self) -> None:
        """End its processes."""
