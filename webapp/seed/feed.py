"""Blocks on tap, and the clock that says when each play is due. Pure: time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from webapp.seed.blocks import Block, Millis


@dataclass(frozen=True, slots=True)
class Clock:
    """Lays the plays' own time on the wall's.

    Attributes:
        start_ms: epoch milliseconds at which the plays' time is 0.
        speed: how much faster than the wall's it runs: gaps between presses are divided by it.
    """

    start_ms: int
    speed: float = 1.0

    def wall_ms(self, at_ms: Millis) -> Millis:
        """Return the epoch milliseconds at which plays are pressed."""
        return self.start_ms + np.rint(at_ms / self.speed).astype(np.int64)

    def at_ms(self, wall_ms: int) -> int:
        """Return how far the plays' own time is at an epoch millisecond; the last that is due."""
        return int((wall_ms - self.start_ms) * self.speed)

    def paused(self, ms: int) -> "Clock":
        """Return the clock after it stood still for so long."""
        return replace(self, start_ms=self.start_ms + ms)


class Feed:
    """Hands out the plays of ascending blocks as they become due."""

    def __init__(self, blocks: Iterator[Block], until_ms: float = np.inf) -> None:
        """Start at the first block; plays at `until_ms` or later are left out."""
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

    def take(self, at_ms: int, limit: int) -> Block:
        """Return the plays that are due by then, the first `limit` of them."""
        taken: list[Block] = []
        while limit > 0 and (first := self.next_ms()) is not None and first <= at_ms:
            count = min(limit, int(np.searchsorted(self._rest.at_ms, at_ms, side="right")))
            taken.append(self._rest[:count])
            self._rest = self._rest[count:]
            limit -= count
        return Block.join(taken)
