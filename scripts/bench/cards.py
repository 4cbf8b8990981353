"""Measure the cost of pictures of moments: time and bytes each, pictures a second, and the child's memory.

    python scripts/bench/cards.py [--seconds 5]

The child draws songs of the catalogue in every language, one picture after another, on one core. Exits with 1 if a
limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from itertools import cycle
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.browser import cpu_s

from tests.unit.card_world import card_text
from webapp.graphics.renderer import Job, Renderer
from webapp.seed.catalogue import load_catalogue

MOST_MS = 300.0
MOST_KB = 300.0
MOST_MB = 250.0
ADDRESS = "https://unison.example.org/c/" + "v" * 23


def main() -> int:
    """Measure both kinds and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each kind of picture")
    seconds = parser.parse_args().seconds
    drawing = Renderer()
    try:
        drawing.render(Job("code.svg", address=ADDRESS))  # the child begins with it
        good = [_measured(drawing, kind, seconds) for kind in ("card", "story")]
        rss = _rss_mb()
    finally:
        drawing.stop()
    print(f"memory of the child: {rss:.0f} MB (at most {MOST_MB:.0f})")
    return 0 if all(good) and rss <= MOST_MB else 1


def _measured(drawing: Renderer, kind: str, seconds: float) -> bool:
    drawing.render(Job(kind, moment=card_text("first", "of all")))  # reads the land and the cities
    times, sizes, end = list[float](), list[int](), time.perf_counter() + seconds
    for number, track in enumerate(cycle(load_catalogue()[::7])):
        start, used = time.perf_counter(), cpu_s()
        if start >= end:
            break
        sizes.append(len(drawing.render(Job(kind, moment=card_text(track.title, track.artist, number, ADDRESS)))))
        times.append(1000 * (cpu_s() - used))
    wall_s, middle, most = time.perf_counter() - end + seconds, median(times), max(sizes) / 1000
    print(
        f"{kind}: {len(times) / wall_s:.1f} a second; {middle:.0f} ms of a processor each (at most {MOST_MS:.0f}), the"
        f" longest {max(times):.0f}; {median(sizes) / 1000:.0f} KB, the largest {most:.0f} (at most {MOST_KB:.0f})"
    )
    return middle <= MOST_MS and most <= MOST_KB


def _rss_mb() -> float:
    """Return the resident memory of this process's only child."""
    (child,) = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    rows = Path(f"/proc/{child}/status").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    sys.exit(main())
