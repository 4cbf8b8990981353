"""Measure the cost of sending all viewers the same frame, and of node's `ws`, Python's `websockets` and a floor in C.

    python scripts/bench/fanout.py [--viewers 100 1000 10000] [--seconds 5] [--rounds 3] [--stalled | --joining]

All viewers get a text frame of 300 bytes, four times a second, over loopback. The servers take turns, each in a process
on core 0, with the viewers in another process on core 1. Ours is what `unison serve` starts, with another
application: gunicorn's gevent worker, Flask-Sock's handshake and the hub. The others do nothing else: no pings, no
compression. The floor only calls send() on each socket. `ws` comes from npm into a cache; without npm or a C compiler
its row is missing. The table shows medians over the rounds.

Columns: received frames of those due; the server's processor time as a share of a core, and the share of time in which
it waited for the core; its processor time for each received frame, and that relative to ours; memory of a viewer (RSS
with all viewers less RSS with none); latency from the start of a tick until a viewer has read the frame; the time until
all viewers have joined, and the server's processor time for each of them (including frames sent meanwhile); and the
viewers' own processor time, which is part of the latency. If a server waited much for its core, its latencies are those
of a busy machine.

`--stalled`: a tenth of the viewers stop reading, and frames are ten times as long, so that backlogs fill soon.
`--joining`: 1,000 viewers a second join while the others watch. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine
from bench.fanout_peers import FLOOR, OURS, PAYLOAD, PER_S, Running, commands
from bench.fanout_strain import JOINING_PER_S, P99_GOAL_S, STALLED_BOUND, joining, stalled
from bench.viewers import Generator, Viewers, Watched, processor

from webapp.engine.filelimits import raise_file_limit

FLOOR_GOAL, RSS_GOAL, JOIN_GOAL_S = 1.3, 2048, 10.0
BOUND = 1 << 20
SPARE_FILES = 200


@dataclass(frozen=True, slots=True)
class Result:
    """One turn of one server, or the medians of several: seconds, bytes, and shares of a core or of what was due."""

    joined_s: float
    join_cpu_each_s: float
    rss_each: float
    came: float
    cpu: float
    waited: float
    cpu_each_s: float
    p50_s: float
    p99_s: float
    max_s: float
    own_cpu: float
    own_each_s: float


def turn(command: list[str], viewers: int, seconds: float) -> Result:
    """Start a server, let viewers join, and watch."""
    with Running(command, PAYLOAD) as server, Generator(server.port, PAYLOAD) as generator:
        rss, (cpu, _) = server.rss, processor(server.pids)
        joined_s = generator.call(Viewers.join, viewers)
        cpu = processor(server.pids)[0] - cpu
        generator.call(Viewers.watch, server.pids, 1.0)
        watched = generator.call(Viewers.watch, server.pids, seconds)
        return _result(watched, viewers, joined_s, cpu / viewers, (server.rss - rss) / viewers)


def _result(watched: Watched, viewers: int, joined_s: float, join_cpu_each_s: float, rss_each: float) -> Result:
    frames, seconds = max(1, watched.frames), watched.seconds
    return Result(
        joined_s=joined_s,
        join_cpu_each_s=join_cpu_each_s,
        rss_each=rss_each,
        came=watched.frames / (viewers * PER_S * seconds),
        cpu=watched.cpu_s / seconds,
        waited=watched.waited_s / seconds,
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
        f"{'':12}{'frames/s':>9}{'of due':>8}{'core':>7}{'waits':>7}{'us/frame':>9}{'to ours':>9}"
        f"{'KB each':>9}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'joined s':>10}{'ms each':>9}   the viewers"
    )
    for name, result in medians.items():
        print(_row(name, result, viewers, medians[OURS]), flush=True)
    return medians


def _row(name: str, result: Result, viewers: int, ours: Result) -> str:
    latencies = "".join(f"{1000 * each:8.1f}" for each in (result.p50_s, result.p99_s, result.max_s))
    return (
        f"{name:12}{result.came * viewers * PER_S:9,.0f}{result.came:8.1%}{result.cpu:7.1%}{result.waited:7.1%}"
        f"{1e6 * result.cpu_each_s:9.2f}{result.cpu_each_s / ours.cpu_each_s:8.2f}x{result.rss_each / 1024:9.2f}"
        f"{latencies}{result.joined_s:10.2f}{1000 * result.join_cpu_each_s:9.3f}"
        f"   {result.own_cpu:.1%}, {1e6 * result.own_each_s:.2f} us/frame"
    )


def missed(results: Mapping[str, Result]) -> Iterator[str]:
    """Return the goals that our server misses."""
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


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is watched (5)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server (3)")
    parser.add_argument("--only", nargs="+", default=[], help="compare ours with these alone")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--stalled", action="store_true", help="a tenth of the viewers stop reading")
    mode.add_argument("--joining", action="store_true", help="others join while the viewers watch")
    return parser


def run(options: argparse.Namespace) -> Iterator[str]:
    """Print the requested tables, and return the missed goals."""
    servers = commands(STALLED_BOUND if options.stalled else BOUND)
    if absent := {FLOOR, "ws"} - set(servers):
        print(f"left out, for want of a C compiler or of node and npm: {', '.join(sorted(absent))}")
    if options.only:
        servers = {name: each for name, each in servers.items() if name in {OURS, *options.only}}
    for viewers in sorted(options.viewers):
        if options.stalled or options.joining:
            mode = stalled if options.stalled else joining
            yield from mode(servers, viewers, options.seconds, options.rounds)
        else:
            results = compare(servers, viewers, options.seconds, options.rounds)
            if viewers == max(options.viewers):
                yield from missed(results)


def main() -> int:
    """Measure and print; return 1 if a goal is missed."""
    arguments = parser()
    options = arguments.parse_args()
    files_needed = max(options.viewers) + ceil(JOINING_PER_S * options.seconds) * options.joining + SPARE_FILES
    if (files := raise_file_limit()) < files_needed:
        arguments.error(f"{files:,} open files are allowed, and this takes {files_needed:,}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # runs the clean-up that ends the servers
    print(f"{machine()}; {options.rounds} rounds of {options.seconds:g} s")
    goals = list(run(options))
    print(f"\n{machine()}", *(f"missed: {goal}" for goal in goals or ["nothing"]), sep="\n")
    return int(bool(goals))


if __name__ == "__main__":
    raise SystemExit(main())
