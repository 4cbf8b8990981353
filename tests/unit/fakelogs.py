"""Logs in memory for matchers under test: they take their time, fail now and then, and lose answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from webapp.bus.log import Checkpoint, Entry, ForestalledError, UnavailableError


class Killed(BaseException):
    """A node was killed: everything that it did not write is lost."""


class World:
    """What goes wrong, and when: drawn once, so that a test can be run again.

    Attributes:
        steps: how often somebody waited for a log; at those in `kills` that one is killed.
    """

    def __init__(self, seed: int, kills: frozenset[int] = frozenset(), trouble: float = 0.1) -> None:
        self.chance, self.steps, self._kills, self._trouble = random.Random(seed), 0, kills, trouble

    async def step(self) -> None:
        """Let others go on; perhaps kill whoever waits."""
        self.steps += 1
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        if self.steps in self._kills:
            raise Killed

    def fails(self) -> bool:
        return self.chance.random() < self._trouble


class FakeLog:
    """A log that compares and swaps, as `webapp.bus.log.Log` says.

    Attributes:
        entries: what was appended.
        purged: up to which message it was purged; for the test, they stay.
    """

    compares = True

    def __init__(self, world: World) -> None:
        self.entries: list[Entry] = []
        self.purged = 0
        self._world, self._grew = world, asyncio.Event()

    async def append(self, data: bytes, *, after: int | None = None, id: str = "") -> int:
        assert not id
        await self._world.step()
        if self._world.fails():
            raise UnavailableError("nothing was appended, but who knows")
        if self.compares and after is not None and after != len(self.entries):
            raise ForestalledError
        seq = self.put(0, data)
        if self._world.fails():
            raise UnavailableError("the answer was lost")
        await self._world.step()
        return seq

    def put(self, log_ms: int, data: bytes) -> int:
        self.entries.append(Entry(len(self.entries) + 1, log_ms, data))
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()
        return len(self.entries)

    async def read(self, after: int) -> Sequence[Entry]:
        await self._world.step()
        while len(self.entries) <= after:
            await self._grew.wait()
            await self._world.step()
        some = self.entries[after : after + 1 + self._world.chance.randrange(12)]
        await self._world.step()
        return some

    async def purge(self, upto: int) -> None:
        await self._world.step()
        self.purged = upto


class FakeCheckpoints:
    """Keeps the newest checkpoint: `kept`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.kept: Checkpoint | None = None

    async def save(self, checkpoint: Checkpoint) -> None:
        await self._world.step()
        if self._world.fails():
            raise UnavailableError("not saved")
        self.kept = checkpoint

    async def newest(self) -> Checkpoint | None:
        await self._world.step()
        return self.kept


def steady(world: World) -> Callable[[], float]:
    """Return a clock that moves on by what happens, so that checkpoints are made."""
    return lambda: world.steps / 20
