"""Measure all at once: the world's plays, ten thousand viewers, a thousand filters, and failing networks.

    python scripts/bench/world.py [--only world filters dropped] [--viewers 10000] [--seconds 15]

The server is `unison serve`; the senders are one more process, the viewers another, all on the same cores. Latencies
end when a viewer has a frame. They start for "sent" when the first viewer has it, for "closed" when its slice is
closed, before matching, and for "pressed" at the later press of a connection. Half a second of "pressed" is the time
that a slice waits for late plays, and up to a quarter is the slice. Plays read after that half second are "late".

world    152,000 plays a second, 10,000 a request, and 10,000 viewers without a filter.
filters  10,000 plays a second and 10,000 viewers: of none, of one, and of 1,000 distinct filters, ten viewers each.
dropped  500 viewers, of five filters, whose network fails again and again for up to a minute while 1,000 plays a second
         arrive: each must get every frame once, the same bytes as a viewer that stayed, or the number of missed frames.

Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.audience import Audience, Seen
from bench.browser import cpu_s, machine, server
from bench.senders import Sent, bodies, plays, send
from bench.viewers import Generator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.serving import Server
from webapp.engine.filelimits import raise_file_limit
from webapp.gazetteerdata import load_gazetteer

PARTS = ("world", "filters", "dropped")
POOL = 640_000
WORLD_PER_S, CALM_PER_S, QUIET_PER_S = 152_000, 10_000, 1_000
EACH, CONNECTIONS = 10_000, 8
FILTERS = 1_000
SENT_GOAL_S, PRESSED_GOAL_S, JOIN_GOAL_S, LATE_GOAL = 0.25, 1.0, 10.0, 0.01
DROPPED, AWAY_MOST_S, WATCH_S = 500, 60.0, 180.0
CAME_GOAL = 0.95
"""Some frames are still on their way when the measurement ends."""
SPARE_FILES = 100
WARM_S = 3.0


class Sending:
    """Plays sent meanwhile by another process."""

    def __init__(self, running: Server, made: list[bytes], each: int, per_s: float, seconds: float) -> None:
        self._sent: list[Sent] = []
        parts = bodies(made, each, "ndjson")

        def run() -> None:
            self._sent.append(
                send(
                    running.port,
                    parts,
                    "ndjson",
                    connections=CONNECTIONS,
                    seconds=seconds,
                    plays_per_s=per_s,
                    path="/api/plays",
                    token=running.token,
                )
            )

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def sent(self) -> Sent:
        """Wait for the end, and return the result."""
        self._thread.join()
        return self._sent[0]


def heading(name: str) -> str:
    """Print a table's header."""
    return (
        f"\n{name:28}{'plays/s':>9}{'late':>6}{'joined s':>10}{'frames/s':>10}{'of due':>8}"
        f"{'distinct/s':>12}{'cores':>7}"
        f"{'sent p50':>10}{'p99 s':>7}{'closed p50':>12}{'p99 s':>7}{'pressed p50':>13}{'p99 s':>7}"
        "   viewers, senders: cores"
    )


def watched(
    name: str, made: list[bytes], viewers: int, queries: Sequence[str], per_s: float, seconds: float
) -> tuple[Seen, Sent, float]:
    """Let viewers join a server, send plays, and print the result; return also how long joining took."""
    with server() as running, Generator(running.port, 0, Audience) as generator:
        generator.call(Audience.ask_for, queries)
        joined_s = generator.call(Audience.join, viewers)
        sending = Sending(running, made, EACH if per_s > CALM_PER_S else 100, per_s, seconds + 2 * WARM_S)
        time.sleep(WARM_S)
        before = cpu_s(running)
        seen = generator.call(Audience.see, seconds)
        cores = (cpu_s(running) - before) / seconds
        sent = sending.sent()
    print(
        f"{name:28}{sent.plays / sent.seconds:9,.0f}{seen.late:6.1%}{joined_s:10.2f}{seen.frames / seconds:10,.0f}"
        f"{seen.frames / max(1, seen.due):8.1%}{seen.distinct / seconds:12,.1f}{cores:7.2f}{seen.sent_s[0]:10.3f}"
        f"{seen.sent_s[1]:7.3f}{seen.closed_s[0]:12.3f}{seen.closed_s[1]:7.3f}{seen.pressed_s[0]:13.2f}{seen.pressed_s[1]:7.2f}"
        f"   {seen.own_cpu_s / seconds:.2f}, {sent.own_cpu_s / sent.seconds:.2f}",
        flush=True,
    )
    return seen, sent, joined_s


def world(viewers: int, seconds: float) -> Iterator[str]:
    """Send all the world's plays to ten thousand viewers; return the missed goals."""
    made = plays(load_gazetteer(), POOL, "id")
    print(heading(f"{WORLD_PER_S:,} plays/s"))
    seen, sent, joined_s = watched(f"{viewers:,} viewers", made, viewers, ("",), WORLD_PER_S, seconds)
    if sent.plays < 0.98 * WORLD_PER_S * sent.seconds:
        yield f"{sent.plays / sent.seconds:,.0f} plays/s taken in of {WORLD_PER_S:,}"
    if seen.frames < CAME_GOAL * seen.due:
        yield f"{seen.frames / seen.due:.1%} of the frames came"
    if seen.late > LATE_GOAL:
        yield f"{seen.late:.1%} of the plays late"
    if seen.sent_s[1] > SENT_GOAL_S:
        yield f"sent: p99 {seen.sent_s[1]:.3f} s, goal {SENT_GOAL_S:g} s"
    if seen.pressed_s[1] > PRESSED_GOAL_S:
        yield f"pressed: p99 {seen.pressed_s[1]:.2f} s, goal {PRESSED_GOAL_S:g} s"
    if joined_s > JOIN_GOAL_S:
        yield f"joined after {joined_s:.1f} s, goal {JOIN_GOAL_S:g} s"


def filters(viewers: int, seconds: float) -> Iterator[str]:
    """Use a thousand distinct filters; return the missed goals."""
    gazetteer = load_gazetteer()
    made = plays(gazetteer, POOL, "id")
    cities = [f"city={gazetteer[int(i)].geoname_id}" for i in np.argsort(-gazetteer.population)[:FILTERS]]
    print(heading(f"{CALM_PER_S:,} plays/s"))
    for name, queries in (("no filter", ("",)), ("one filter", cities[:1]), (f"{FILTERS:,} filters", cities)):
        seen, sent, _ = watched(name, made, viewers, queries, CALM_PER_S, seconds)
        if sent.plays < 0.98 * CALM_PER_S * sent.seconds:
            yield f"{name}: {sent.plays / sent.seconds:,.0f} plays/s taken in of {CALM_PER_S:,}"
        if seen.sent_s[1] > SENT_GOAL_S:
            yield f"{name}: sent p99 {seen.sent_s[1]:.3f} s, goal {SENT_GOAL_S:g} s"


class Returning:
    """A viewer that reconnects after network failures, with its frames by seq and the reported gaps."""

    def __init__(self, url: str, query: str, rng: random.Random) -> None:
        self._url, self.query, self._rng = url, query, rng
        self.had: Counter[int] = Counter()
        self.frames: dict[int, bytes] = {}
        self.missed: set[int] = set()
        self.drops = self.gaps = 0
        self._stream, self._last = "", -1

    async def watch(self, until: float, away_most_s: float) -> None:
        """Watch until a time of the monotonic clock; with away_most_s of 0 the network never fails."""
        while True:
            stays = self._rng.uniform(1.0, 20.0) if away_most_s else inf
            async with connect(self._address(), compression=None, max_size=None) as viewer:
                with_end = min(until, time.monotonic() + stays)
                await self._listen(viewer, with_end)
                if time.monotonic() >= until:
                    return
                viewer.transport.abort()
            self.drops += 1
            await asyncio.sleep(min(self._rng.uniform(0.0, away_most_s), max(0.0, until - time.monotonic() - 5.0)))

    def _address(self) -> str:
        since = f"since={self._stream}:{self._last}" if self._stream else ""
        return f"{self._url}/stream?{'&'.join(filter(None, (self.query, since)))}"

    async def _listen(self, viewer: ClientConnection, until: float) -> None:
        try:
            while (left := until - time.monotonic()) > 0:
                async with asyncio.timeout(left):
                    self._take(await viewer.recv(decode=False))
        except (TimeoutError, ConnectionClosed):
            return

    def _take(self, data: bytes) -> None:
        message: dict[str, Any] = json.loads(data)
        if message["type"] == "hello":
            if self._stream and message["gap"]:
                assert message["gap"] == message["seq"] - self._last, (message["gap"], message["seq"], self._last)
                self.missed.update(range(self._last + 1, message["seq"] + 1))
                self.gaps += 1
            self._stream, self._last = message["stream"], message["seq"]
        elif message["type"] == "connections":
            self.had[message["seq"]] += 1
            self.frames[message["seq"]] = data
            self._last = message["seq"]


async def _watch_all(url: str, queries: Sequence[str], count: int, seconds: float) -> tuple[list[Returning], ...]:
    rng = random.Random(7)
    stay = [Returning(url, query, rng) for query in queries]
    drop = [Returning(url, queries[i % len(queries)], random.Random(i)) for i in range(count)]
    until = time.monotonic() + seconds
    await asyncio.gather(*(one.watch(until, 0) for one in stay), *(one.watch(until, AWAY_MOST_S) for one in drop))
    return stay, drop


def dropped(seconds: float = WATCH_S) -> Iterator[str]:
    """Let the networks of 500 viewers fail; return what was wrong."""
    gazetteer = load_gazetteer()
    made = plays(gazetteer, POOL // 10, "id")
    queries = ["", "country=IN", "country=BR", "artist=The+Harbour+Lamps", "country=FR"]
    with server() as running:
        sending = Sending(running, made, 100, QUIET_PER_S, seconds + WARM_S)
        with multiprocessing.get_context("fork").Pool(1) as pool:
            stay, drop = pool.apply(_run, (running.ws_url, queries, seconds))
        sending.sent()
    whole = {one.query: one for one in stay}
    twice = sum(count > 1 for one in drop for count in one.had.values())
    lost = other = frames = 0
    for one in drop:
        live = whole[one.query].frames
        first, last = min(one.had), min(max(one.had), max(live))
        lost += sum(seq not in one.had and seq not in one.missed for seq in range(first, last + 1))
        other += sum(seq in live and live[seq] != data for seq, data in one.frames.items())
        frames += len(one.frames)
    drops, gaps = sum(one.drops for one in drop), sum(one.gaps for one in drop)
    print(
        f"\n{len(drop)} viewers of {len(queries)} filters, {seconds:g} s, {QUIET_PER_S:,} plays/s: dropped {drops:,}"
        f" times for up to {AWAY_MOST_S:g} s, told of a gap {gaps:,} times"
    )
    print(f"{frames:,} frames: {twice} came twice, {lost} never, {other} other than live")
    if twice or lost or other:
        yield f"{twice} frames came twice, {lost} never, {other} other than live"


def _run(url: str, queries: Sequence[str], seconds: float) -> tuple[list[Returning], ...]:
    return asyncio.run(_watch_all(url, queries, DROPPED, seconds))


def main() -> int:
    """Measure and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to run (all)")
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long is watched (15; dropped: three minutes)")
    options = parser.parse_args()
    if (files := raise_file_limit()) < options.viewers + SPARE_FILES:
        parser.error(f"{files:,} open files are allowed, and this takes {options.viewers + SPARE_FILES:,}")
    print(machine(), flush=True)
    missed: list[str] = []
    if "world" in options.only:
        missed += world(options.viewers, options.seconds)
    if "filters" in options.only:
        missed += filters(options.viewers, options.seconds)
    if "dropped" in options.only:
        missed += dropped()
    print(f"\n{machine()}", *(f"missed: {goal}" for goal in missed or ["nothing"]), sep="\n")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
