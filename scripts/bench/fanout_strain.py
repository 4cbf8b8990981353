"""The two harder modes of `fanout.py`: viewers that stop reading, and viewers that join while others watch."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

from bench.fanout_peers import OURS, PAYLOAD, PER_S, Running
from bench.viewers import Generator, Viewers, Watched

P99_GOAL_S = 0.25
STALLED_PAYLOAD, STALLED_BOUND, STALLED_GOAL = 3000, 64 * 1024, 1.5
STALLED_S = 24.0
"""Time until the kernel's buffers and the backlog are full, and the close frame's five seconds are over."""
RSS_GROWTH_GOAL = 1.05
JOINING_PER_S = 1000
SAMPLE_S = 0.25
MB = 1 << 20
Servers = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a server's processes, and of the kernel for all TCP sockets of the machine; bytes."""

    rss: int
    kernel: int

    @classmethod
    def of(cls, server: Running) -> Memory:
        """Read it."""
        tcp = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
        return cls(server.rss, int(tcp.split()[-1]) * 4096)


@dataclass(frozen=True, slots=True)
class Stall:
    """One turn: p99 before and after a tenth stopped reading, the stalled and the others that were closed, memory.

    `counted` is what the server says of those it closed, where it says anything; `memory` is in order of time.
    """

    quiet_s: float
    others_s: float
    ended: tuple[int, int]
    counted: Counter[str] | None
    memory: list[Memory]


def stalled(servers: Servers, viewers: int, seconds: float, rounds: int) -> list[str]:
    """Let a tenth of the viewers stop reading, print a table, and return the missed goals."""
    print(f"\n{viewers:,} viewers, of whom {viewers // 10:,} stop reading; {STALLED_PAYLOAD:,} bytes a frame")
    header = f"{'':12}{'p99 ms: all':>12}{'others':>8}{'ratio':>8}{'closed':>8}{'others':>8}"
    print(f"{header}   {'RSS MB: before, most, after':30}kernel MB: before, most, after")
    turns: dict[str, list[Stall]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, command in servers.items():
            turns[name].append(_stall(command, viewers, seconds, counts=name == OURS))
    for name, each in turns.items():
        _print_stalls(name, each)
    return [f"{viewers:,} viewers, a tenth stalled: {goal}" for goal in _missed(turns[OURS], viewers)]


def _stall(command: list[str], viewers: int, seconds: float, counts: bool) -> Stall:
    with Running(command, STALLED_PAYLOAD) as server, Generator(server.port, STALLED_PAYLOAD) as generator:
        before = _dropped(server.port) if counts else Counter()
        generator.call(Viewers.join, viewers)
        generator.call(Viewers.watch, server.pids, 1.0)
        quiet = generator.call(Viewers.watch, server.pids, seconds)
        memory = [Memory.of(server)]
        generator.call(Viewers.stall, viewers // 10)
        generator.tell(Viewers.watch, server.pids, STALLED_S)
        while generator.waits(SAMPLE_S):
            memory.append(Memory.of(server))
        others: Watched = generator.answer()
        counted = _dropped(server.port) - before if counts else None
        return Stall(quiet.p99_s, others.p99_s, generator.call(Viewers.ended), counted, memory)


def _dropped(port: int) -> Counter[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/dropped", timeout=10) as answer:
        return Counter(json.load(answer))


def _print_stalls(name: str, turns: list[Stall]) -> None:
    quiet_s, others_s = median(each.quiet_s for each in turns), median(each.others_s for each in turns)
    last = turns[-1]
    rss, kernel = _course([each.rss for each in last.memory]), _course([each.kernel for each in last.memory])
    print(
        f"{name:12}{1000 * quiet_s:12.1f}{1000 * others_s:8.1f}{others_s / quiet_s:7.2f}x"
        f"{last.ended[0]:8,}{last.ended[1]:8,}   {rss:30}{kernel}"
    )
    if last.counted is not None:
        print(f"{'':12}counted: {', '.join(f'{count:,} {why}' for why, count in last.counted.items()) or 'none'}")


def _course(samples: list[int]) -> str:
    return ", ".join(f"{each / MB:.1f}" for each in (samples[0], max(samples), samples[-1]))


def _missed(turns: list[Stall], viewers: int) -> list[str]:
    gone, frames_under_way = viewers // 10, 2 * viewers * STALLED_PAYLOAD
    met = {
        f"p99 of the others within {STALLED_GOAL:g} times that of all before": median(
            each.others_s / each.quiet_s for each in turns
        )
        <= STALLED_GOAL,
        "each stalled viewer closed, and no other": all(each.ended == (gone, 0) for each in turns),
        "each counted as slow": all(each.counted == {"slow": gone} for each in turns),
        "RSS flat": all(max(m.rss for m in each.memory) <= RSS_GROWTH_GOAL * each.memory[0].rss for each in turns),
        "kernel memory given back": all(
            each.memory[-1].kernel <= each.memory[0].kernel + frames_under_way for each in turns
        ),
    }
    return [goal for goal, is_met in met.items() if not is_met]


def joining(servers: Servers, viewers: int, seconds: float, rounds: int) -> list[str]:
    """Let others join while viewers watch, print a table, and return the missed goals."""
    print(f"\n{viewers:,} viewers watch while {ceil(JOINING_PER_S * seconds):,} join, {JOINING_PER_S:,} a second")
    header = f"{'':12}{'p99 ms: quiet':>14}{'joining':>9}{'ratio':>8}{'max ms':>9}{'core':>8}"
    print(f"{header}{'joined s':>10}{'a second':>10}")
    turns: dict[str, list[tuple[float, ...]]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, command in servers.items():
            turns[name].append(_join(command, viewers, seconds))
    medians = {name: [median(column) for column in zip(*each, strict=True)] for name, each in turns.items()}
    for name, (quiet_s, busy_s, most_s, core, joined_s) in medians.items():
        latency = f"{1000 * quiet_s:14.1f}{1000 * busy_s:9.1f}{busy_s / quiet_s:7.2f}x{1000 * most_s:9.1f}"
        print(f"{name:12}{latency}{core:8.1%}{joined_s:10.2f}{JOINING_PER_S * seconds / joined_s:10,.0f}")
    p99_s = medians[OURS][1]
    return [f"p99 while others join: {p99_s:.3f} s, goal {P99_GOAL_S:g} s"] if p99_s > P99_GOAL_S else []


def _join(command: list[str], viewers: int, seconds: float) -> tuple[float, ...]:
    """Return p99 before and p99 and maximum meanwhile, the share of a core meanwhile, and how long joining took."""
    with (
        Running(command, PAYLOAD) as server,
        Generator(server.port, PAYLOAD) as generator,
        Generator(server.port, PAYLOAD) as newcomers,
    ):
        generator.call(Viewers.join, viewers)
        quiet = generator.call(Viewers.watch, server.pids, seconds)
        generator.tell(Viewers.watch, server.pids, seconds)
        time.sleep(2 / PER_S)  # it begins at the tick after the next
        joined_s = newcomers.call(Viewers.join, ceil(JOINING_PER_S * seconds), JOINING_PER_S)
        busy: Watched = generator.answer()
    return quiet.p99_s, busy.p99_s, busy.max_s, busy.cpu_s / seconds, joined_s
