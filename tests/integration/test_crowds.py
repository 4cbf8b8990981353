"""Many viewers at once: some stop reading, some come and go, and all come back after a restart."""

from __future__ import annotations

import asyncio
import json
import random
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.hub_serving import RawViewer, Start
from tests.plays import LAGOS, OSAKA, PARIS, RECIFE, play
from tests.serving import Server, post_plays

VIEWERS, STALLED = 200, 20
BOUND_BYTES = 60_000
COMING_AND_GOING, FRAMES = 60, 24
RETURNING = 2_000
CITIES = (OSAKA, RECIFE, PARIS, LAGOS)


@pytest.fixture
def files() -> Iterator[None]:
    """Let this process open as many files as it may: every viewer is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < RETURNING + 500:
        pytest.fail(f"{RETURNING} viewers need as many open files, and this machine allows {hard}: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_those_who_stop_reading_are_closed_each_at_its_bound_and_the_others_miss_nothing(start: Start) -> None:
    server = start(backlog_bytes=BOUND_BYTES)
    with ExitStack() as stack:
        for _ in range(STALLED):
            stack.enter_context(RawViewer(server, buffer_bytes=4096))
        others = [stack.enter_context(RawViewer(server)) for _ in range(VIEWERS - STALLED)]
        server.until(lambda stats: stats["viewers"] == VIEWERS)
        frames: list[bytes] = []
        while len(frames) < 200 and server.stats()["viewers"] > VIEWERS - STALLED:
            frames.append(b"%d " % len(frames) + b"x" * 4_000)
            assert server.post("/send/", frames[-1])["backlog"] <= STALLED * BOUND_BYTES
            assert {viewer.text() for viewer in others} == {frames[-1]}
        assert server.until(lambda stats: stats["viewers"] == VIEWERS - STALLED)["dropped"] == {"slow": STALLED}
    assert server.until(lambda stats: stats["gone"] == VIEWERS)["backlog"] == 0


@dataclass
class Watcher:
    """One who watches a server, comes back after each loss, and notes every seq and every gap it was told of."""

    server: Server
    seqs: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    stream: str = ""
    last: int = 0

    async def watch(self, frames: int) -> None:
        """Take so many frames, then cut the connection without a word."""
        since = f"?since={self.stream}:{self.last}" if self.stream else ""
        async with connect(f"{self.server.ws_url}/stream{since}", compression=None) as socket:
            self._take_hello(json.loads(await socket.recv()))
            until = len(self.seqs) + frames
            while len(self.seqs) < until:
                self._take(json.loads(await socket.recv()))
            socket.transport.abort()

    def _take_hello(self, hello: dict[str, Any]) -> None:
        if self.stream:
            self.gaps.append(hello["gap"])
        self.stream, self.last = hello["stream"], hello["seq"]

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "lead":
            return
        self.seqs.append(frame["seq"])
        self.last = frame["seq"]


class Pace:
    """The time as a viewer has it who never leaves: in frames."""

    def __init__(self, frames: int) -> None:
        self.left = frames
        self._next = asyncio.Condition()

    async def run(self, server: Server) -> None:
        """Send four plays of one song with each frame, two of which meet, until no frame is left."""
        async with connect(f"{server.ws_url}/stream", compression=None) as socket:
            await socket.recv()
            while self.left:
                await socket.recv()
                await asyncio.to_thread(post_plays, server, four_of(f"Song {self.left}"))
                async with self._next:
                    self.left -= 1
                    self._next.notify_all()

    async def wait(self, frames: int) -> None:
        """Wait until so many frames more have come, or none is left."""
        until = max(0, self.left - frames)
        async with self._next:
            await self._next.wait_for(lambda: self.left <= until)


def four_of(title: str) -> list[dict[str, Any]]:
    return [play(title, city, listener=f"{title}, {city}") for city in CITIES]


async def come_and_go(watcher: Watcher, pace: Pace, chance: random.Random) -> None:
    while pace.left:
        await watcher.watch(chance.randint(1, 6))
        await pace.wait(chance.randint(0, 8))
    await watcher.watch(8)


def test_who_loses_the_network_again_and_again_has_every_frame_once_in_the_end(server: Server) -> None:
    chance = random.Random(20261121)
    watchers = [Watcher(server) for _ in range(COMING_AND_GOING)]

    async def all_of_them() -> None:
        pace = Pace(FRAMES)
        comings = [come_and_go(watcher, pace, random.Random(chance.random())) for watcher in watchers]
        await asyncio.gather(pace.run(server), *comings)

    asyncio.run(all_of_them())
    assert sum(len(watcher.gaps) for watcher in watchers) > 2 * COMING_AND_GOING
    for watcher in watchers:
        assert set(watcher.gaps) <= {0}, "all of it was in the last minute"
        assert watcher.seqs == list(range(watcher.seqs[0], watcher.seqs[0] + len(watcher.seqs)))
        assert len(watcher.seqs) > FRAMES / 2


async def come_in(server: Server) -> ClientConnection:
    return await connect(f"{server.ws_url}/stream", compression=None, ping_interval=None, open_timeout=30)


async def in_turns(server: Server, count: int, at_once: int = 50) -> list[ClientConnection]:
    room = asyncio.Semaphore(at_once)

    async def one() -> ClientConnection:
        async with room:
            return await come_in(server)

    return await asyncio.gather(*(one() for _ in range(count)))


async def sent_away(viewer: ClientConnection) -> dict[str, Any]:
    """Read on to the end; returns the last message."""
    last: dict[str, Any] = {}
    with suppress(ConnectionClosed):
        async for message in viewer:
            last = json.loads(message)
    return last | {"code": viewer.close_code}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("crowd", [600, pytest.param(2_000, marks=pytest.mark.long)])
def test_at_a_stop_a_crowd_is_told_to_come_back_spread_out_and_the_next_server_takes_it(
    server: Server, crowd: int
) -> None:
    async def restart() -> list[dict[str, Any]]:
        viewers = await in_turns(server, crowd)
        goodbyes = asyncio.gather(*(sent_away(viewer) for viewer in viewers))
        await asyncio.to_thread(server.stop)
        byes = await goodbyes
        await asyncio.to_thread(server.restart)
        for viewer in await in_turns(server, crowd):
            viewer.transport.abort()
        return byes

    byes = asyncio.run(restart())
    assert Counter((bye["type"], bye["code"]) for bye in byes) == {("bye", 1001): crowd}
    waits = sorted(bye["retry_ms"] for bye in byes)
    assert waits[-1] - waits[0] >= 900 + crowd // 2, "a second, and one more for each thousand who come back"
    assert max(Counter(wait // 500 for wait in waits).values()) < 0.75 * crowd
