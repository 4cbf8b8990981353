"""Try what several servers promise while their parts fail: three NATS servers, two servers of Unison, senders, viewers.

    python scripts/bench/chaos.py [--seconds 600] [--seed 7]

One fault follows the other, drawn by the seed: a NATS server is killed, restarted or frozen, a server of Unison is
killed, or one of its processes is killed or frozen. All the while, each server gets twenty plays a second, and a viewer
watches each of them. In the end, every play that was answered with 202 must be in the log once, the records must be
what one fold makes of the log, and both servers' frames must be the same bytes. It prints the longest time that a
connected viewer had no frame. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine

from tests.integration.chaos import Faults, cluster, read

SILENT_GOAL_S = 12.0


def main() -> int:
    """Run and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="how long faults happen (600)")
    parser.add_argument("--seed", type=int, default=7, help="of the faults (7)")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as made:
        faults, until_s = Faults(made, options.seed), time.monotonic() + options.seconds
        with made.traffic():
            while time.monotonic() < until_s:
                faults.happen()
                made.wait()
        logs = asyncio.run(read(made.brokers))
        missed = made.problems(logs)
        silent_s = max(max(seen.silences) for seen in made.seen.values())
    for fault, count in sorted(Counter(faults.done).items()):
        print(f"{count:4} {fault}")
    print(f"{made.tried:,} plays sent, {len(made.accepted):,} accepted, {made.late:,} of them late")
    print(f"{len(logs.plays):,} messages in the log of plays, {len(logs.records):,} records")
    print(f"longest time without a frame: {silent_s:.1f} s (goal {SILENT_GOAL_S:g} s)")
    if silent_s > SILENT_GOAL_S:
        missed.append(f"{silent_s:.1f} s without a frame")
    print(f"{machine()}\nmissed: {'; '.join(missed) or 'nothing'}")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
