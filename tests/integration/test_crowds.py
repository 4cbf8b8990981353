"""Many viewers at once: some stop reading, some come and go, and all come back after a restart."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.integration.hub_serving import RawViewer, Start
from tests.serving import Server, post_plays

VIEWERS, STALLED = 200, 20
BOUND_BYTES = 60_000
COMING_AND_GOING = 60
RETURNING = 2_000
CITIES = (1853909, 3390760, 2988507, 5128581)


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

    async def watch(self, seconds: float) -> None:
        """Look on for so long, then cut the connection without a word."""
        since = f"?since={self.stream}:{self.last}" if self.stream else ""
        async with connect(f"{self.server.ws_url}/stream{since}", compression=None) as socket:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    async for message in socket:
                        self._take(json.loads(message))
            socket.transport.abort()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "hello":
            if self.stream:
                self.gaps.append(message["gap"])
            self.stream = message["stream"]
        else:
            self.seqs.append(message["seq"])
        self.last = message["seq"]


async def come_and_go(watcher: Watcher, until: float, chance: random.Random) -> None:
    while (left := until - time.monotonic()) > 0:
        await watcher.watch(min(left, chance.uniform(0.3, 3)))
        await asyncio.sleep(chance.uniform(0, 4))
    await watcher.watch(3)


async def keep_playing(server: Server, until: float) -> None:
    """Four plays of one song each quarter of a second, two of which meet."""
    number = 0
    while time.monotonic() < until:
        song = {"title": f"Song {number}", "artist": "The Harbour Lamps"}
        plays = [{"track": song, "listener": f"{number}-{i}", "place": {"geoname_id": CITIES[i]}} for i in range(4)]
        await asyncio.to_thread(post_plays, server, plays)
        number += 1
        await asyncio.sleep(0.25)


def test_who_loses_the_network_again_and_again_has_every_frame_once_in_the_end(server: Server) -> None:
    chance = random.Random(20261121)
    watchers = [Watcher(server) for _ in range(COMING_AND_GOING)]

    async def all_of_them() -> None:
        until = time.monotonic() + 12
        coming_and_going = [come_and_go(watcher, until, random.Random(chance.random())) for watcher in watchers]
        await asyncio.gather(keep_playing(server, until + 2), *coming_and_going)

    asyncio.run(all_of_them())
    assert sum(len(watcher.gaps) for watcher in watchers) > COMING_AND_GOING
    for watcher in watchers:
        assert set(watcher.gaps) <= {0}, "all of it was in the last minute"
        assert len(watcher.seqs) > 10
        assert watcher.seqs == list(range(watcher.seqs[0], watcher.seqs[-1] + 1))


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


async def come_back(server: Server, retry_s: float) -> float:
    """Wait as told and come in again, as the page does; returns when it was in."""
    await asyncio.sleep(retry_s)
    while True:
        try:
            viewer = await come_in(server)
        except (OSError, InvalidHandshake):
            await asyncio.sleep(0.5)
            continue
        came = time.monotonic()
        await viewer.close()
        return came


@pytest.mark.usefixtures("files")
def test_after_a_restart_two_thousand_come_back_spread_out(server: Server) -> None:
    async def restart() -> tuple[list[dict[str, Any]], list[float]]:
        viewers = await in_turns(server, RETURNING)
        goodbyes = asyncio.gather(*(sent_away(viewer) for viewer in viewers))
        await asyncio.to_thread(server.stop)
        byes = await goodbyes
        await asyncio.to_thread(server.restart)
        return byes, await asyncio.gather(*(come_back(server, bye["retry_ms"] / 1000) for bye in byes))

    byes, came = asyncio.run(restart())
    assert Counter((bye["type"], bye["code"]) for bye in byes) == {("bye", 1001): RETURNING}
    waits = Counter(bye["retry_ms"] // 500 for bye in byes)
    assert len(waits) >= 6, "at least three seconds, for a thousand may come back each second"
    assert max(waits.values()) < RETURNING / 4
    assert max(came) - min(came) > 2
