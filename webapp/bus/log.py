"""A log that several nodes append to and read: what it does, whatever keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

NEEDS_NATS = "several servers need the extra nats: pip install 'unison-globe[nats]'"


class Entry(NamedTuple):
    """A message of a log.

    Attributes:
        seq: its number; the first is 1.
        log_ms: when the log took it, epoch milliseconds.
        data: its bytes.
    """

    seq: int
    log_ms: int
    data: bytes


class UnavailableError(OSError):
    """The log cannot be reached, or did not answer: what was appended is in it, or not."""


class FullError(Exception):
    """The log has no room; nothing was appended."""


class ForestalledError(Exception):
    """Another message was appended before; nothing was appended."""


class GoneError(Exception):
    """The log no longer has what was asked for.

    Attributes:
        oldest: number of the oldest message that it has; 0 if that is not known.
    """

    def __init__(self, what: str, oldest: int = 0) -> None:
        super().__init__(what)
        self.oldest = oldest


class Log(Protocol):
    """What a log does."""

    async def append(self, data: bytes, *, after: int | None = None, id: str = "") -> int:
        """Append a message and return its number.

        Args:
            data: its bytes.
            after: the number that the newest message must have.
            id: a name; of several messages with one name, the log takes the first and returns its number for all.

        Raises:
            ForestalledError: the newest message has another number than `after`.
            FullError: there is no room.
            UnavailableError: it may be in the log, or not.
        """

    async def read(self, after: int) -> Sequence[Entry]:
        """Wait until there are messages above a number; return some of them, in order, beginning with the next one.

        Raises:
            GoneError: the next one is not kept any more.
        """

    async def purge(self, upto: int) -> None:
        """Remove the messages up to a number, which nobody needs any more.

        Raises:
            UnavailableError: they may be removed, or not.
        """


class Checkpoint(NamedTuple):
    """What a matcher remembers after a record.

    Attributes:
        record: the record's number.
        position: number of the last message of the log of plays that counts for it.
        data: from `Fold.keep`.
    """

    record: int
    position: int
    data: bytes


class Checkpoints(Protocol):
    """Where checkpoints are kept."""

    async def save(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint.

        Raises:
            UnavailableError: it may be kept, or not.
        """

    async def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint; None if there is none.

        Raises:
            UnavailableError: it cannot be read now.
        """
