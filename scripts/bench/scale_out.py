"""Measure what several servers on a bus cost and bring: are a play and a frame dearer at two servers than at one?

    python scripts/bench/scale_out.py [--only ingest web delay log behind workers] [--rounds 3] [--seconds 10]

A real NATS server with files in a temporary folder, which writes each message to the disk before it answers; one server
that matches; and servers that take plays, or serve viewers. Senders and viewers are processes on the same cores.

ingest   processor time of a play at one server that takes plays, and at two, each with the same plays a second.
web      processor time of a frame that goes to a viewer, at one server with viewers, and at two, with as many each.
delay    from the later press of a connection to the frame at a viewer: a server alone, and one with a bus.
log      plays a second through the whole log, as fast as one sender can; bytes of the logs.
behind   how long it takes to catch up once nothing was matched for half a minute.
workers  processor time of a thousand filters of ten viewers each: a server alone, and `--workers 2`.

Rounds of one and of two take turns. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.audience import Audience, Seen
from bench.browser import cpu_s, machine
from bench.senders import plays
from bench.viewers import Generator
from bench.world import FILTERS, Sending

from tests.brokers import Brokers, brokers
from tests.serving import Server, ask, clean_environment, console_script, get_json
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import PLAYS, RECORDS, stream_of
from webapp.engine.filelimits import raise_file_limit
from webapp.gazetteerdata import load_gazetteer

PARTS = ("ingest", "web", "delay", "log", "behind", "workers")
POOL = 640_000
WARM_S = 3.0
INGEST_PER_S, WEB_PER_S, DELAY_PER_S, BEHIND_PER_S, WORKERS_PER_S = 10_000, 2_000, 2_000, 10_000, 10_000
WEB_VIEWERS, DELAY_VIEWERS, WORKERS_VIEWERS = 1_000, 100, 10_000
AWAY_S = 30.0
MORE_GOAL, WORKERS_GOAL = 1.10, 1.15


class Bench:
    """What all parts share."""

    def __init__(self, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds = rounds, seconds
        self.made = plays(load_gazetteer(), POOL, "id")

    def send(self, server: Server, per_s: float, seconds: float, each: int = 1_000) -> Sending:
        """Send plays to a server meanwhile, so many a request."""
        return Sending(server, self.made, each, per_s, seconds)


@contextmanager
def cluster(**roles: int) -> Iterator[tuple[Brokers, dict[str, list[Server]]]]:
    """Run a NATS server, and so many servers with each of some roles, such as `ingest=2` or `ingest_match_web=1`."""
    with tempfile.TemporaryDirectory() as folder, brokers(Path(folder)) as running, ExitStack() as stack:
        env = {"UNISON_BUS": running.urls, "UNISON_SECRET": "of a bench"}
        subprocess.run(
            [console_script(), "bus", "init", "--plays-gb", "4", "--records-gb", "2"],
            env=clean_environment(**env), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        made: dict[str, list[Server]] = {}
        for role, count in roles.items():
            options = ["--roles", role.replace("_", ",")]
            made[role] = [Server(Path(folder) / f"{role}-{n}", env, options=options) for n in range(count)]
            for each in made[role]:
                stack.callback(each.kill)
        yield running, made


def in_turns(bench: Bench, one: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Return the medians of two measurements that take turns."""
    found = [(one(), other()) for _ in range(bench.rounds)]
    return median(each[0] for each in found), median(each[1] for each in found)


def ingest(bench: Bench) -> Iterator[str]:
    """Compare a play's processor time at one and at two servers that take plays."""

    def measure(count: int) -> float:
        with cluster(ingest=count, match=1) as (_, made):
            sending = [bench.send(each, INGEST_PER_S, bench.seconds + 2 * WARM_S) for each in made["ingest"]]
            time.sleep(WARM_S)
            before, began = sum(map(cpu_s, made["ingest"])), time.monotonic()
            time.sleep(bench.seconds)
            used, took = sum(map(cpu_s, made["ingest"])) - before, time.monotonic() - began
            sent = sum(each.plays / each.seconds for each in (one.sent() for one in sending))
        return used / (sent * took)

    one, two = in_turns(bench, lambda: measure(1), lambda: measure(2))
    print(f"ingest, {INGEST_PER_S:,} plays/s each: {one * 1e6:.1f} µs a play at one server, {two * 1e6:.1f} at two")
    yield from _too_much("a play", two / one, MORE_GOAL)


def web(bench: Bench) -> Iterator[str]:
    """Compare a frame's processor time at one and at two servers with viewers."""

    def measure(count: int) -> float:
        with cluster(ingest_match=1, web=count) as (_, made), ExitStack() as stack:
            audiences = [stack.enter_context(Generator(each.port, 0, Audience)) for each in made["web"]]
            for audience in audiences:
                audience.call(Audience.join, WEB_VIEWERS)
            sending = bench.send(made["ingest_match"][0], WEB_PER_S, bench.seconds + 2 * WARM_S)
            time.sleep(WARM_S)
            before = sum(map(cpu_s, made["web"]))
            seen = _watched(audiences, bench.seconds)
            used = sum(map(cpu_s, made["web"])) - before
            sending.sent()
        return used / sum(each.frames for each in seen)

    one, two = in_turns(bench, lambda: measure(1), lambda: measure(2))
    print(f"web, {WEB_VIEWERS:,} viewers each: {one * 1e6:.1f} µs a frame at one server, {two * 1e6:.1f} at two")
    yield from _too_much("a frame", two / one, MORE_GOAL)


def _watched(audiences: list[Generator], seconds: float) -> list[Seen]:
    """Have audiences watch at the same time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda each: each.call(Audience.see, seconds), audiences))


def delay(bench: Bench) -> Iterator[str]:
    """Compare how long after a press a viewer has the frame."""

    def measure(server: Server) -> tuple[float, float]:
        with Generator(server.port, 0, Audience) as audience:
            audience.call(Audience.join, DELAY_VIEWERS)
            sending = bench.send(server, DELAY_PER_S, bench.seconds + 2 * WARM_S, 10)
            time.sleep(WARM_S)
            seen = audience.call(Audience.see, bench.seconds)
            sending.sent()
        return seen.pressed_s

    alone, shared = [], []
    for _ in range(bench.rounds):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(Path(folder) / "data")
            alone.append(measure(server))
            server.kill()
        with cluster(ingest_match_web=1) as (_, made):
            shared.append(measure(made["ingest_match_web"][0]))
    for place, name in enumerate(("p50", "p99")):
        one, other = (median(each[place] for each in found) for found in (alone, shared))
        print(f"delay {name}: {one:.3f} s alone, {other:.3f} s with a bus: {1000 * (other - one):+.0f} ms")
    yield from ()


def log(bench: Bench) -> Iterator[str]:
    """Send as many plays as go through the whole log."""
    found, costs = list[float](), list[float]()
    for _ in range(bench.rounds):
        with cluster(ingest=1, match=1, web=1) as (running, made):
            sending = bench.send(made["ingest"][0], 1e9, bench.seconds + 2 * WARM_S, 10_000)
            time.sleep(WARM_S)
            before, began, used = _matched(made["web"][0]), time.monotonic(), cpu_s(made["match"][0])
            time.sleep(bench.seconds)
            matched, used = _matched(made["web"][0]) - before, cpu_s(made["match"][0]) - used
            found.append(matched / (time.monotonic() - began))
            costs.append(used / max(1, matched))
            sent = sending.sent()
            sizes = asyncio.run(_bytes(running))
    print(f"log: {median(found):,.0f} plays/s taken, matched and shown, as one sender sends them")
    print(f"log: {median(costs) * 1e6:.1f} µs a play at what matches, so {1 / median(costs):,.0f} plays/s on one core")
    print(
        f"log: {sizes[PLAYS] / sent.plays:.0f} bytes a play, {sizes[RECORDS] / sent.seconds / 1e6:.2f} MB/s of records"
    )
    yield from ()


async def _bytes(running: Brokers) -> dict[str, int]:
    """Return how large the logs are."""
    client = await connected(running.access, "bench")
    try:
        return {stream: (await stream_of(client, stream)).state.bytes for stream in (PLAYS, RECORDS)}
    finally:
        await closed(client)


def behind(bench: Bench) -> Iterator[str]:
    """Kill what matches, start it after half a minute, and wait until it is not behind any more."""
    found = []
    for _ in range(bench.rounds):
        with cluster(ingest=1, match=1, web=1) as (_, made):
            matching = made["match"][0]
            sending = bench.send(made["ingest"][0], BEHIND_PER_S, AWAY_S + 60)
            time.sleep(WARM_S)
            matching.kill()
            time.sleep(AWAY_S)
            began = time.monotonic()
            matching.start(matching.port)
            while ask(made["web"][0], "/readyz").status != 200:
                time.sleep(0.05)
            found.append(time.monotonic() - began)
            sent, lost = sending.sent(), get_json(made["web"][0], "/api/stats")["total"]["lost"]
        if lost or sent.refused:
            yield f"{lost:,} plays lost, {sent.refused:,} requests refused"
    print(
        f"behind: {median(found):.1f} s from the start of what matches until it is up to date, after {AWAY_S:g} s of"
        f" {BEHIND_PER_S:,} plays/s"
    )


def _matched(server: Server) -> int:
    """Return how many plays came through the log; those that came too late for their slice did, too."""
    total = get_json(server, "/api/stats")["total"]
    return int(total["plays"]) + int(total["late"])


def workers(bench: Bench) -> Iterator[str]:
    """Compare the processor time of many filters: a server alone, and two workers."""
    gazetteer = load_gazetteer()
    cities = [f"city={gazetteer[int(i)].geoname_id}" for i in np.argsort(-gazetteer.population)[:FILTERS]]

    def measure(*options: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            server = Server(Path(folder) / "data", options=options)
            with Generator(server.port, 0, Audience) as audience:
                audience.call(Audience.ask_for, cities)
                audience.call(Audience.join, WORKERS_VIEWERS)
                sending = bench.send(server, WORKERS_PER_S, bench.seconds + 2 * WARM_S, 100)
                time.sleep(WARM_S)
                before = cpu_s(server)
                seen = audience.call(Audience.see, bench.seconds)
                used = cpu_s(server) - before
                sending.sent()
            server.stop()
        print(
            f"  {' '.join(options) or 'alone':12} {used / bench.seconds:.2f} cores, {seen.frames:,} frames", flush=True
        )
        return used / bench.seconds

    one, two = in_turns(bench, measure, lambda: measure("--workers", "2"))
    print(f"workers, {FILTERS:,} filters: {one:.2f} cores alone, {two:.2f} with --workers 2: {two / one:.2f} times")
    yield from _too_much("--workers 2", two / one, WORKERS_GOAL)


def _too_much(what: str, ratio: float, goal: float) -> Iterator[str]:
    if ratio > goal:
        yield f"{what} takes {ratio:.2f} times as much, goal {goal:g}"


def main() -> int:
    """Measure and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to run (all)")
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (10)")
    options = parser.parse_args()
    raise_file_limit()
    print(machine(), flush=True)
    bench = Bench(options.rounds, options.seconds)
    parts: dict[str, Callable[[Bench], Iterator[str]]] = {
        "ingest": ingest, "web": web, "delay": delay, "log": log, "behind": behind, "workers": workers,
    }  # fmt: skip
    missed = [goal for name in options.only for goal in parts[name](bench)]
    print(f"{machine()}", *(f"missed: {goal}" for goal in missed or ["nothing"]), sep="\n")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
