"""A feed of due plays, and the clock that decides when a play is due. Pure: time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from webapp.seed.blocks import Block, Millis


@dataclass(frozen=True, slots=True)
class Clock:
    """Converts between the plays' time and the wall clock.

    Attributes:
        start_ms: epoch milliseconds at which the plays' time is 0.
        speed: speed of the plays' time; it divides the gaps between presses.
    """

    start_ms: int
    speed: float = 1.0

    def wall_ms(self, at_ms: Millis) -> Millis:
        """Return the epoch milliseconds of the presses at those times."""
        return self.start_ms + np.rint(at_ms / self.speed).astype(np.int64)

    def at_ms(self, wall_ms: int) -> int:
        """Return the plays' time at an epoch millisecond."""
        return int((wall_ms - self.start_ms) * self.speed)

    def paused(self, ms: int) -> "Clock":
        """Return the clock after a pause of that length."""
        return replace(self, start_ms=self.start_ms + ms)


class Feed:
    """A feed of the plays of ascending blocks, taken as they become due."""

    def __init__(self, blocks: Iterator[Block], until_ms: float = np.inf) -> None:
        """Start at the first block; end before `until_ms`."""
        self._blocks = takewhile(lambda block: not len(block) or block.at_ms[0] < until_ms, blocks)
        self._until_ms = until_ms
        self._rest = Block.of(())

    def next_ms(self) -> int | None:
        """Return when the next play is due, or None at the end."""
        while not len(self._rest):
            if (block := next(self._blocks, None)) is None:
                return None
            self._rest = block[block.at_ms < self._until_ms]
        return int(self._rest.at_ms[0])

    def take_due(self, at_ms: int, limit: int) -> Block:
        """Remove and return the plays that are due at a time, the first `limit` of them."""
        taken: list[Block] = []
        while limit > 0 and (first := self.next_ms()) is not None and first <= at_ms:
            count = min(limit, int(np.searchsorted(self._rest.at_ms, at_ms, side="right")))
            taken.append(self._rest[:count])
            self._rest = self._rest[count:]
            limit -= count
        return Block.join(taken)
