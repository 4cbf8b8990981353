"""Try what several servers promise while their parts and their network fail.

    python scripts/bench/chaos.py [--seconds 600] [--seed 7] [--namespaces]

Three NATS servers, and two servers of Unison for each role: ingest, match, web. One fault follows the other, drawn by
the seed: a NATS server is killed, restarted, frozen, cut off, or loses its files; a server of Unison is killed, frozen
or cut off, or one of its processes is. With --namespaces, each has a network namespace of its own, where links go down,
routes vanish and packets are lost. That needs root; without it, proxies stand between the servers.

All the while, each server that takes plays gets twenty a second, and viewers watch the others. Then no server matches
for 30 s, and each server of Unison is restarted in order. In the end, every play that was answered with 202 must be in
the log once, the records must be what one fold makes of the log, and all viewers' frames must be the same bytes. It
prints the longest time that a viewer had no frame while its own server ran, and how much later than it was told a
viewer was back. Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine
from bench.namespaces import Namespaces, enter, missing

from tests.integration.chaos import Cluster, cluster
from tests.integration.chaosfaults import CUT_S, Faults
from tests.integration.chaoslogs import read
from tests.network import Links

SILENT_GOAL_S, RESTART_GOAL_S, BACK_GOAL_S = 12.0, 1.0, 1.0
NO_MATCHERS_S = 30.0


class NetworkFaults(Faults):
    """Faults of a network in namespaces, too."""

    def __init__(self, made: Cluster, seed: int, network: Namespaces) -> None:
        super().__init__(made, seed)
        self._namespaces = network

    def kinds(self) -> list[Callable[[], str]]:
        """Return all kinds of faults."""
        return [*super().kinds(), self._lose_route, self._lose_packets]

    def _lose_route(self) -> str:
        name, broker = self.server(), self.broker().name
        self._namespaces.lose_route(name, broker)
        return self._heal(name, f"{broker} out of reach of {name}")

    def _lose_packets(self) -> str:
        name = self.chance.choice([self.server(), self.broker().name])
        self._namespaces.lose_packets(name)
        return self._heal(name, f"packets of {name} lost")

    def _heal(self, name: str, what: str) -> str:
        self.pause(CUT_S)
        self._namespaces.heal(name)
        self.cluster.wait_for_brokers()
        return f"{what} for {CUT_S:g} s"


def main() -> int:
    """Run and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="how long faults happen (600)")
    parser.add_argument("--seed", type=int, default=7, help="of the faults (7)")
    parser.add_argument("--namespaces", action="store_true", help="have real network faults; needs root")
    options = parser.parse_args()
    if options.namespaces:
        if why := missing():
            parser.error(why)
        enter()
    print(machine())
    missed = try_all(Namespaces() if options.namespaces else Links(), options.seconds, options.seed)
    print(f"{machine()}\nmissed: {'; '.join(missed) or 'nothing'}")
    return int(bool(missed))


def try_all(network: Namespaces | Links, seconds: float, seed: int) -> list[str]:
    """Have all faults happen; return what was missed."""
    with closing(network), tempfile.TemporaryDirectory() as folder, cluster(Path(folder), network) as made:
        faults = Faults(made, seed) if isinstance(network, Links) else NetworkFaults(made, seed, network)
        since_s = time.monotonic()
        with made.traffic():
            while time.monotonic() - since_s < seconds:
                faults.happen()
                print(f"{time.monotonic() - since_s:6.0f} s  {faults.done[-1]}", file=sys.stderr)
            chaos_s = time.monotonic()
            faults.no_matchers(NO_MATCHERS_S)
            restart_s = faults.restart(made.servers)
        logs = asyncio.run(read(made.brokers))
        missed = [*made.problems(logs), *made.differences()]
    for kind, count in sorted(Counter(map(kind_of, faults.done)).items()):
        print(f"{count:4} {kind}")
    print(f"{made.tried:,} plays sent, {len(made.accepted):,} accepted, {made.late:,} of them late")
    print(f"{len(logs.plays):,} messages in the log of plays, {len(logs.records):,} records")
    for what, figure_s, goal_s in (
        ("without a frame", made.silence_s(since_s, chaos_s), SILENT_GOAL_S),
        ("without a frame while servers were restarted", made.silence_s(*restart_s), RESTART_GOAL_S),
        ("until a viewer was back after a restart", made.late_return_s(restart_s[0]), BACK_GOAL_S),
    ):
        print(f"longest time {what}: {figure_s:.1f} s (goal {goal_s:g} s)")
        if figure_s > goal_s:
            missed.append(f"{figure_s:.1f} s {what}")
    return missed


def kind_of(fault: str) -> str:
    """Return a fault without numbers: of which machine it was, and how long it took."""
    return re.sub(r"-\d", "", re.sub(r" for \d+ s$", "", re.sub(r"\bn\d", "a NATS server", fault)))


if __name__ == "__main__":
    raise SystemExit(main())
