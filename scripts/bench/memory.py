"""Measure a server's memory: idle, and during everyday traffic with a few viewers.

    python scripts/bench/memory.py [--seconds 600] [--viewers 3]

Memory is PSS, which counts a page that two processes share once; RSS of the largest process is printed beside it.
Growth is the median of the last fifth of the run over the median of the samples around minute 4, when the ring with
the last minute is full and SQLite has read what it keeps. Exits with 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from websockets.exceptions import ConnectionClosed

from tests.serving import ROOT, Server, Stream, clean_environment, stream

IDLE_MAX_MB = 150.0
GROWTH_MAX = 0.03
"""A server that keeps every message of its buses for ever grows by a twentieth; a sound one by a hundredth."""
SETTLED_S = 240.0
SAMPLE_S = 2.0
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a server's processes, in MB of 2**20 bytes."""

    pss: float
    largest_rss: float

    @classmethod
    def of(cls, server: Server) -> Memory:
        """Read the memory of a process and its descendants from /proc."""
        each = [_rollup(pid) for pid in family(server.process.pid)]
        return cls(sum(e["Pss"] for e in each) / MB, max(e["Rss"] for e in each) / MB)


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def _rollup(pid: int) -> dict[str, int]:
    rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run: memory in MB, and growth as a share of `settled`."""

    idle: Memory
    settled: float
    last: float
    plays: int
    frames: int

    @property
    def growth(self) -> float:
        """Growth since it settled; 0.1 is a tenth."""
        return self.last / self.settled - 1


def measure(seconds: float, viewers: int) -> Result:
    """Run a server for that many seconds of everyday traffic, with that many viewers."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        idle = median_memory([sample for _, sample in _samples(server, 6.0)])
        with _viewers(server, viewers) as seen, _traffic(server):
            samples = list(_samples(server, seconds))
        settled_s = min(SETTLED_S, seconds * 0.4)
        width = max(seconds * 0.1, 2 * SAMPLE_S)
        settled = [sample for at, sample in samples if abs(at - settled_s) <= width]
        last = [sample for at, sample in samples if at >= seconds - 2 * width]
        frames = sum(each.frames for each in seen)
        return Result(idle, median_memory(settled).pss, median_memory(last).pss, seen[0].plays, frames)


def median_memory(samples: list[Memory]) -> Memory:
    """Return the median of each quantity."""
    return Memory(median(s.pss for s in samples), median(s.largest_rss for s in samples))


def _samples(server: Server, seconds: float) -> Iterator[tuple[float, Memory]]:
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        yield at, Memory.of(server)
        time.sleep(SAMPLE_S)


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[Server]:
    server = Server(folder / "data")
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def _traffic(server: Server) -> Iterator[None]:
    command = [sys.executable, str(ROOT / "scripts" / "seed_plays.py"), "--url", server.url]
    command += ["--data-dir", str(server.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=clean_environment()) as seed:
        try:
            yield
        finally:
            seed.terminate()


@dataclass(slots=True)
class Seen:
    """What a viewer has received so far."""

    frames: int = 0
    plays: int = 0

    def watch(self, viewer: Stream) -> None:
        """Count frames until the viewer leaves."""
        with contextlib.suppress(ConnectionClosed):
            for frame in viewer:
                self.frames += 1
                self.plays += frame.get("counts", {}).get("plays", 0)


@contextlib.contextmanager
def _viewers(server: Server, count: int) -> Iterator[list[Seen]]:
    """Let that many viewers watch."""
    seen = [Seen() for _ in range(count)]
    streams = [stream(server, timeout_s=30) for _ in range(count)]
    threads = [threading.Thread(target=each.watch, args=(its,)) for each, its in zip(seen, streams, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        for its, thread in zip(streams, threads, strict=True):
            its.close()
            thread.join()


def main() -> int:
    """Measure and print; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description="Memory of a server: idle, and under everyday traffic.")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long the traffic lasts (600)")
    parser.add_argument("--viewers", type=int, default=3, help="how many watch (3)")
    options = parser.parse_args()
    result = measure(options.seconds, options.viewers)
    print(f"idle: {result.idle.pss:.0f} MB (limit {IDLE_MAX_MB:.0f}), largest RSS {result.idle.largest_rss:.0f} MB")
    print(f"{result.plays} plays in {options.seconds:.0f} s, {result.frames} frames to {options.viewers} viewers")
    print(
        f"{result.settled:.1f} MB when settled, {result.last:.1f} MB in the end: {result.growth:+.1%} "
        f"(limit {GROWTH_MAX:.0%})"
    )
    return int(result.idle.pss >= IDLE_MAX_MB or result.growth > GROWTH_MAX or not result.plays or not result.frames)


if __name__ == "__main__":
    sys.exit(main())
