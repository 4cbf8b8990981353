"""Measure the effect of one attacker on everybody else: attacks on a server with ten viewers.

    python scripts/bench/hostile.py [--seconds 8] [--only WORD ...]

Each attack (`hostile_attacks.py`) comes from its own process and address. Meanwhile /healthz is requested ten times a
second, each time on a new connection, ten viewers watch and a sender sends plays. The table has the longest time that
an answer of /healthz took, the longest time that a viewer had no frame, and the most memory (PSS) that the server's
processes had, before the attack and during it. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine
from bench.hostile_attacks import ATTACKS, Named
from bench.hostile_target import TOKEN, Target, head
from bench.memory import Memory
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.serving import Server
from webapp.gazetteerdata import load_gazetteer

VIEWERS = 10
HEALTH_GOAL_S, GAP_GOAL_S, GROWTH_GOAL_MB = 0.5, 1.5, 150.0
ASK_EVERY_S = 0.1
CALM_S = 2.0
SEND_EVERY_S, PLAYS, SONGS = 0.25, 10, 200
GIVE_UP_S = 30.0


class Limited(Server):
    """A server with a limit of open files; None is this process's limit."""

    def __init__(self, data_dir: Path, env: dict[str, str], files: int | None) -> None:
        self._files = files
        super().__init__(data_dir, env)

    def command(self, port: int) -> list[str]:
        """Return what is run to serve on a port."""
        limited = ["prlimit", f"--nofile={self._files}:{self._files}"] if self._files else []
        return [*limited, *super().command(port)]


@contextlib.contextmanager
def serving(attack: Named) -> Iterator[Server]:
    """Start the server for an attack; clients' addresses come from X-Forwarded-For."""
    env = {"UNISON_TOKENS": TOKEN, "UNISON_TRUSTED_PROXIES": "127.0.0.1", **dict(attack.settings)}
    with tempfile.TemporaryDirectory() as folder:
        server = Limited(Path(folder) / "data", env, attack.files)
        try:
            yield server
        finally:
            server.kill()
            if "Traceback" in server.log:
                print(server.log[-4000:], file=sys.stderr)


@dataclass(slots=True)
class Seen:
    """The effect on everybody else: seconds, and MB of 2**20 bytes."""

    health_s: float = 0.0
    gap_s: float = 0.0
    calm_mb: float = 0.0
    most_mb: float = 0.0
    lost: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        """Return a sentence for each missed goal."""
        grown = self.most_mb - self.calm_mb
        found = [
            (self.health_s >= HEALTH_GOAL_S, f"/healthz took {self.health_s:.2f} s, goal {HEALTH_GOAL_S} s"),
            (self.gap_s >= GAP_GOAL_S, f"no frame for {self.gap_s:.2f} s, goal {GAP_GOAL_S} s"),
            (grown >= GROWTH_GOAL_MB, f"{grown:.0f} MB more memory, goal {GROWTH_GOAL_MB:.0f} MB"),
            (self.lost > 0, f"{self.lost} viewers lost their connection"),
        ]
        return [*(sentence for is_missed, sentence in found if is_missed), *self.said]


async def suffer(server: Server, attacks: Sequence[Named], seconds: float, through: int | None = None) -> Seen:
    """Run attacks at once, on the server's port or a proxy's, and measure the effect meanwhile."""
    seen = Seen()
    async with asyncio.TaskGroup() as group, viewing(server, seen, group):
        others = [group.create_task(each) for each in (sending(server), asking(server, seen), weighing(server, seen))]
        await asyncio.sleep(CALM_S)
        seen.health_s, seen.gap_s, seen.calm_mb = 0.0, 0.0, seen.most_mb
        target = Target(through or server.port, time.monotonic() + seconds, tuple(city_ids(3_000)))
        seen.said += await attacking(attacks, target)
        await asyncio.sleep(GAP_GOAL_S)
        for task in others:
            task.cancel()
    return seen


async def attacking(attacks: Sequence[Named], target: Target) -> list[str]:
    """Run attacks, each in its own process; return their complaints."""
    spawn = multiprocessing.get_context("spawn")
    said = {attack.name: spawn.Pipe(duplex=False) for attack in attacks}
    processes = [spawn.Process(target=attacked, args=(name, target, end)) for name, (_, end) in said.items()]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes) and time.monotonic() < target.until + GIVE_UP_S:
        await asyncio.sleep(0.1)
    for process in processes:
        process.kill()
        process.join()
    ends = {name: ours.recv() if ours.poll() else "it did not end" for name, (ours, _) in said.items()}
    return [f"{name}: {sentence}" for name, sentence in ends.items() if sentence]


def attacked(name: str, target: Target, end: Connection[Any, Any]) -> None:
    """Run the attack of that name, and send its complaint."""
    end.send(next(attack for attack in ATTACKS if attack.name == name).attack(target))


@contextlib.asynccontextmanager
async def viewing(server: Server, seen: Seen, group: asyncio.TaskGroup) -> AsyncIterator[None]:
    """Let ten viewers watch, each from its own address."""
    viewers = [group.create_task(view(server, seen, f"203.0.113.{number}")) for number in range(VIEWERS)]
    try:
        yield
    finally:
        for viewer in viewers:
            viewer.cancel()


async def view(server: Server, seen: Seen, address: str) -> None:
    """Watch, and record the longest time without a frame, including the current one."""
    forwarded = {"X-Forwarded-For": address}
    async with connect(f"{server.ws_url}/stream", additional_headers=forwarded, compression=None) as viewer:
        came = time.monotonic()
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await viewer.recv()
                    seen.gap_s, came = max(seen.gap_s, time.monotonic() - came), time.monotonic()
                seen.gap_s = max(seen.gap_s, time.monotonic() - came)
        except ConnectionClosed:
            seen.lost += 1


async def asking(server: Server, seen: Seen) -> None:
    """Request /healthz again and again; an unanswered request counts with the time waited."""
    while True:
        began = time.monotonic()
        status: int | str = "no answer at all"
        try:
            status = await answer(server.port, head("GET", "/healthz", "Connection: close", address="203.0.113.200"))
        finally:
            seen.health_s = max(seen.health_s, time.monotonic() - began)
        if status != 200:
            seen.said.append(f"/healthz: {status}")
        await asyncio.sleep(ASK_EVERY_S)


async def sending(server: Server) -> None:
    """Send a few plays four times a second, so that viewers get connections."""
    chance = random.Random(7)
    cities = city_ids(500)
    kind = ("Content-Type: application/json", f"Authorization: Bearer {TOKEN}", "X-Unison-Source: synthetic")
    while True:
        body = json.dumps([play(chance, cities) for _ in range(PLAYS)]).encode()
        await answer(server.port, head("POST", "/api/plays", *kind, f"Content-Length: {len(body)}") + body)
        await asyncio.sleep(SEND_EVERY_S)


def city_ids(count: int) -> list[int]:
    """Return the GeoNames ids of that many cities."""
    gazetteer = load_gazetteer()
    return [gazetteer[number].geoname_id for number in range(count)]


def play(chance: random.Random, cities: list[int]) -> dict[str, object]:
    """Return a play of one of a few songs, so that many match."""
    song = int(SONGS * chance.random() ** 3)
    track = {"title": f"Song {song}", "artist": f"Artist {song % 50}"}
    return {"track": track, "listener": str(chance.random()), "place": {"geoname_id": chance.choice(cities)}}


async def answer(port: int, request: bytes) -> int | str:
    """Return the status of an answer, or the error."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(writer):
            writer.write(request)
            async with asyncio.timeout(GIVE_UP_S):
                line = await reader.readline()
        return int(line.split()[1]) if line else "no answer"
    except (OSError, TimeoutError) as error:
        return type(error).__name__


async def weighing(server: Server, seen: Seen) -> None:
    """Record the highest memory use."""
    while True:
        with contextlib.suppress(OSError):  # a process ended
            seen.most_mb = max(seen.most_mb, (await asyncio.to_thread(Memory.of, server)).pss)
        await asyncio.sleep(0.2)


def main() -> int:
    """Attack and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each attack lasts (8)")
    parser.add_argument("--only", nargs="*", default=[""], help="attacks whose names have one of these words")
    options = parser.parse_args()
    missed = []
    print(machine())
    print(f"{'attack':<45} {'/healthz s':>10} {'no frame s':>10} {'memory MB':>12}")
    for attack in ATTACKS:
        if any(word in attack.name for word in options.only):
            with serving(attack) as server:
                seen = asyncio.run(suffer(server, [attack], options.seconds))
            memory = f"{seen.calm_mb:.0f} to {seen.most_mb:.0f}"
            print(f"{attack.name:<45} {seen.health_s:10.2f} {seen.gap_s:10.2f} {memory:>12}", flush=True)
            missed += [f"{attack.name}: {sentence}" for sentence in dict.fromkeys(seen.missed)]
    print(machine())
    print(f"missed: {'; '.join(missed) or 'nothing'}" if len(missed) < 2 else "\n".join(["missed:", *missed]))
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
