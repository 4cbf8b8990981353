"""What it costs to send every viewer the same frame, beside node's `ws`, Python's `websockets` and a floor in C.

    python scripts/bench/fanout.py [--viewers 100 1000 10000] [--seconds 5] [--rounds 3] [--stalled | --joining]

A text frame of 300 bytes goes to all, four times a second, over loopback; the servers take turns, each in a process
of its own on core 0 with the viewers, in another process, on core 1. Ours is what `unison serve` starts, with another
application: gunicorn's gevent worker, Flask-Sock's handshake and the hub. The others do nothing but this: no pings, no
compression. The floor calls send() on each socket and no more. `ws` comes from npm into a cache; where npm or a C
compiler is missing its row is left out. Medians over the rounds are shown.

Columns: frames that came of those due; processor of the server, as a share of a core and for each frame that came;
how much more the others take for a frame than ours; memory of a viewer (RSS with all less RSS with none); latency from
before the first send of a tick to when a viewer has read it; the time until all have joined; and what the viewers
themselves take, with which a latency under load ends.

`--stalled`: a tenth of the viewers stop reading, and frames are ten times as long, so that what may wait is soon full.
`--joining`: 1,000 viewers a second come while the others watch. Exits with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
from bench.browser import machine
from bench.fanout_peers import FLOOR, OURS, Running, commands
from bench.viewers import Generator, Viewers, Watched
from webapp.hub import raise_file_limit

PER_S = 4
PAYLOAD = 300
FLOOR_GOAL, RSS_GOAL, P99_GOAL_S, JOIN_GOAL_S = 1.3, 2048, 0.25, 10.0
STALLED_PAYLOAD, STALLED_BOUND, STALLED_S, STALLED_GOAL = 3000, 64 * 1024, 24.0, 1.5
BOUND = 1 << 20
JOINING_PER_S = 1000
SPARE_FILES = 200
SAMPLE_S = 0.25
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Result:
    """One turn of one server, or the medians of several: seconds, bytes, and shares of a core or of what was due."""

    joined_s: float
    rss_each: float
    came: float
    cpu: float
    cpu_each_s: float
    p50_s: float
    p99_s: float
    max_s: float
    own_cpu: float
    own_each_s: float


def turn(command: list[str], viewers: int, seconds: float) -> Result:
    """Start a server, let viewers join, and watch."""
    with Running(command, PAYLOAD) as server, Generator(server.port, PAYLOAD) as generator:
        before = server.rss
        joined_s = generator.call(Viewers.join, viewers)
        generator.call(Viewers.watch, server.pids, 1.0)
        watched = generator.call(Viewers.watch, server.pids, seconds)
        return _result(watched, viewers, joined_s, (server.rss - before) / viewers)


def _result(watched: Watched, viewers: int, joined_s: float, rss_each: float) -> Result:
    frames, seconds = max(1, watched.frames), watched.seconds
    return Result(
        joined_s=joined_s,
        rss_each=rss_each,
        came=watched.frames / (viewers * PER_S * seconds),
        cpu=watched.cpu_s / seconds,
        cpu_each_s=watched.cpu_s / frames,
        p50_s=watched.p50_s,
        p99_s=watched.p99_s,
        max_s=watched.max_s,
        own_cpu=watched.own_cpu_s / seconds,
        own_each_s=watched.own_cpu_s / frames,
    )


def middle(results: list[Result]) -> Result:
    """Return the medians."""
    return Result(*(median(getattr(result, name) for result in results) for name in Result.__slots__))


def compare(servers: Mapping[str, list[str]], viewers: int, seconds: float, rounds: int) -> dict[str, Result]:
    """Measure all in turns and print a table."""
    results: dict[str, list[Result]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, command in servers.items():
            results[name].append(turn(command, viewers, seconds))
    medians = {name: middle(each) for name, each in results.items()}
    print(f"\n{viewers:,} viewers: {viewers * PER_S:,} frames a second are due")
    print(
        f"{'':12}{'frames/s':>9}{'of due':>8}{'core':>7}{'us/frame':>9}{'to ours':>9}{'KB each':>9}{'p50 ms':>8}"
        f"{'p99 ms':>8}{'max ms':>8}{'joined s':>10}   the viewers"
    )
    for name, result in medians.items():
        print(_row(name, result, viewers, medians[OURS]), flush=True)
    return medians


def _row(name: str, result: Result, viewers: int, ours: Result) -> str:
    latencies = "".join(f"{1000 * each:8.1f}" for each in (result.p50_s, result.p99_s, result.max_s))
    return (
        f"{name:12}{result.came * viewers * PER_S:9,.0f}{result.came:8.1%}{result.cpu:7.1%}"
        f"{1e6 * result.cpu_each_s:9.2f}{result.cpu_each_s / ours.cpu_each_s:8.2f}x{result.rss_each / 1024:9.2f}"
        f"{latencies}{result.joined_s:10.2f}   {result.own_cpu:.1%}, {1e6 * result.own_each_s:.2f} us/frame"
    )


def missed(results: Mapping[str, Result]) -> Iterator[str]:
    """Say which goals ours misses."""
    ours = results[OURS]
    for name, result in results.items():
        limit = FLOOR_GOAL if name == FLOOR else 1.0
        ratio = ours.cpu_each_s / result.cpu_each_s
        if name != OURS and ratio > limit:
            yield f"processor for a frame: {ratio:.2f} times that of {name}, goal {limit:g}"
    if ours.rss_each > RSS_GOAL:
        yield f"memory of a viewer: {ours.rss_each:,.0f} bytes, goal {RSS_GOAL:,}"
    if ours.p99_s > P99_GOAL_S:
        yield f"p99: {ours.p99_s:.3f} s, goal {P99_GOAL_S:g} s"
    if ours.joined_s > JOIN_GOAL_S:
        yield f"all joined after {ours.joined_s:.1f} s, goal {JOIN_GOAL_S:g} s"


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a server's processes take, and that the kernel keeps for all TCP sockets of the machine."""

    rss: int
    kernel: int

    @classmethod
    def of(cls, server: Running) -> Memory:
        """Read it."""
        tcp = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
        return cls(server.rss, int(tcp.split()[-1]) * 4096)


def stalled(servers: Mapping[str, list[str]], viewers: int, seconds: float) -> list[str]:
    """Let a tenth of the viewers stop reading, print a table, and return what goals are missed."""
    print(f"\n{viewers:,} viewers, of whom {viewers // 10:,} stop reading; {STALLED_PAYLOAD:,} bytes a frame")
    print(
        f"{'':12}{'p99 ms: all':>12}{'others':>8}{'ratio':>8}{'closed':>8}{'others':>8}"
        f"   {'RSS MB: before, most, after':30}{'kernel MB: before, most, after':30}"
    )
    return [goal for name, command in servers.items() for goal in _stall(name, command, viewers, seconds)]


def _stall(name: str, command: list[str], viewers: int, seconds: float) -> list[str]:
    with Running(command, STALLED_PAYLOAD) as server, Generator(server.port, STALLED_PAYLOAD) as generator:
        generator.call(Viewers.join, viewers)
        generator.call(Viewers.watch, server.pids, 1.0)
        quiet = generator.call(Viewers.watch, server.pids, seconds)
        memory = [Memory.of(server)]
        generator.call(Viewers.stall, viewers // 10)
        generator.tell(Viewers.watch, server.pids, STALLED_S)
        while generator.waits(SAMPLE_S):
            memory.append(Memory.of(server))
        others: Watched = generator.answer()
        ended = generator.call(Viewers.ended)
        rss, kernel = ([getattr(each, part) for each in memory] for part in Memory.__slots__)
        print(
            f"{name:12}{1000 * quiet.p99_s:12.1f}{1000 * others.p99_s:8.1f}{others.p99_s / quiet.p99_s:7.2f}x"
            f"{ended[0]:8,}{ended[1]:8,}   {_course(rss):30}{_course(kernel):30}",
            flush=True,
        )
        if name != OURS:
            return []
        counted = _dropped(server.port)
        print(f"{'':12}counted: {counted}")
        checks = {
            "p99 of the others": others.p99_s <= STALLED_GOAL * quiet.p99_s,
            "each stalled viewer closed, alone": ended == (viewers // 10, 0),
            "each counted as slow, and no other": counted == {"slow": viewers // 10},
            "RSS flat": max(rss) <= 1.1 * rss[0],
            "kernel memory given back": kernel[-1] <= kernel[0] + viewers * 1024,
        }
        return [f"{viewers:,} viewers: {goal}" for goal, met in checks.items() if not met]


def _course(samples: list[int]) -> str:
    return ", ".join(f"{each / MB:.1f}" for each in (samples[0], max(samples), samples[-1]))


def _dropped(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/dropped", timeout=10) as answer:
        return dict(json.load(answer))


def joining(servers: Mapping[str, list[str]], viewers: int, seconds: float) -> list[str]:
    """Let others join while viewers watch, print a table, and return what goals are missed."""
    more = int(JOINING_PER_S * seconds)
    print(f"\n{viewers:,} viewers watch while {more:,} join, {JOINING_PER_S:,} a second")
    print(f"{'':12}{'p99 ms: quiet':>14}{'joining':>9}{'ratio':>8}{'max ms':>9}{'core':>8}{'joined s':>10}{'in time':>9}")
    return [goal for name, command in servers.items() for goal in _join(name, command, viewers, seconds)]


def _join(name: str, command: list[str], viewers: int, seconds: float) -> list[str]:
    with (
        Running(command, PAYLOAD) as server,
        Generator(server.port, PAYLOAD) as generator,
        Generator(server.port, PAYLOAD) as newcomers,
    ):
        generator.call(Viewers.join, viewers)
        quiet = generator.call(Viewers.watch, server.pids, seconds)
        generator.tell(Viewers.watch, server.pids, seconds)
        time.sleep(2 / PER_S)  # it begins at the tick after the next
        joined_s = newcomers.call(Viewers.join, int(JOINING_PER_S * seconds), JOINING_PER_S)
        busy: Watched = generator.answer()
    print(
        f"{name:12}{1000 * quiet.p99_s:14.1f}{1000 * busy.p99_s:9.1f}{busy.p99_s / quiet.p99_s:7.2f}x"
        f"{1000 * busy.max_s:9.1f}{busy.cpu_s / seconds:8.1%}{joined_s:10.2f}{seconds / joined_s:9.0%}",
        flush=True,
    )
    met = name != OURS or busy.p99_s <= P99_GOAL_S
    return [] if met else [f"p99 while others join: {busy.p99_s:.3f} s, goal {P99_GOAL_S:g} s"]


def main() -> int:
    """Measure and print; 1 where a goal is missed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server outlives this
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is watched (5)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server (3)")
    parser.add_argument("--only", nargs="+", help="the servers to compare; ours is always one")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--stalled", action="store_true", help="a tenth of the viewers stop reading")
    mode.add_argument("--joining", action="store_true", help="viewers join while others watch")
    options = parser.parse_args()
    servers = commands(STALLED_BOUND if options.stalled else BOUND)
    if absent := {FLOOR, "ws"} - set(servers):
        print(f"left out, for want of a C compiler or of node and npm: {', '.join(sorted(absent))}")
    if options.only:
        servers = {name: each for name, each in servers.items() if name in {OURS, *options.only}}
    if (files := raise_file_limit()) < max(options.viewers) * 1.5 + SPARE_FILES:
        parser.error(f"{files:,} open files are allowed, too few for {max(options.viewers):,} viewers")
    print(f"{machine()}; {options.rounds} rounds of {options.seconds:g} s")
    goals: list[str] = []
    run: Callable[[Mapping[str, list[str]], int, float], list[str]] = stalled if options.stalled else joining
    for viewers in sorted(options.viewers):
        if options.stalled or options.joining:
            goals += run(servers, viewers, options.seconds)
        else:
            goals = list(missed(compare(servers, viewers, options.seconds, options.rounds)))
    print(f"\n{machine()}", *(f"missed: {goal}" for goal in goals or ["nothing"]), sep="\n")
    return int(bool(goals))


if __name__ == "__main__":
    raise SystemExit(main())
