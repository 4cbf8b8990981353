"""Measure the gazetteer: how fast it loads, and finds cities by name and by coordinates.

    python scripts/bench/lookups.py

Names are those of the cities of 100,000 people and more, each looked for once, in their countries; points lie within
20 km of these cities. Times are of the processor, the best of three runs. Loading is measured in a new process each
time, without the imports. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from webapp.core.gazetteer import Gazetteer
from webapp.gazetteerdata import DATA, read_gazetteer

LARGE = 100_000
RUNS = 3
LOAD_GOAL_S = 0.5
_LOAD = """
import time
from webapp.gazetteerdata import load_gazetteer
began = time.process_time()
gazetteer = load_gazetteer()
gazetteer.by_name("Osaka", "JP"), gazetteer.complete("osa"), gazetteer.nearest(135.5, 34.7)
print(time.process_time() - began)
"""


def load_s() -> float:
    """Return how long a new process takes until it has answered one question of each kind."""
    return float(subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True).stdout)


def each_us(ask: Callable[..., object], questions: Iterable[tuple[object, ...]]) -> float:
    """Return the microseconds of one call."""
    asked = list(questions)
    began = time.process_time()
    for question in asked:
        ask(*question)
    return (time.process_time() - began) / len(asked) * 1e6


def measured() -> dict[str, float]:
    """Return the microseconds of a look-up of each kind, on a gazetteer that has not been asked yet."""
    gazetteer: Gazetteer = read_gazetteer(DATA)
    draw = random.Random(1)
    large = [gazetteer[index] for index in range(len(gazetteer)) if gazetteer.population[index] >= LARGE]
    points = [(city.lon + draw.uniform(-0.15, 0.15), city.lat + draw.uniform(-0.15, 0.15)) for city in large]
    gazetteer.by_name("Osaka", "JP"), gazetteer.nearest(135.5, 34.7)  # reads what is read when needed
    return {
        "by name": each_us(gazetteer.by_name, [(city.name, city.country_code) for city in large]),
        "by point": each_us(gazetteer.nearest, points),
    }


def main() -> int:
    """Measure and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    loading = min(load_s() for _ in range(RUNS))
    runs = [measured() for _ in range(RUNS)]
    print(f"loaded in {loading:.3f} s of processor time (goal {LOAD_GOAL_S})")
    for kind in runs[0]:
        print(f"a look-up {kind}: {min(run[kind] for run in runs):.2f} us")
    return int(loading > LOAD_GOAL_S)


if __name__ == "__main__":
    raise SystemExit(main())
