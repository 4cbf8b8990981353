"""Send what no music client would send to the four front doors of a server, and see that it takes no harm.

    python scripts/bench/fuzz.py [--count 10000] [--only listenbrainz lastfm] [--first 0]

The server is `unison serve` in its own process. The requests are the recorded ones in `tests/data/requests`, with
changes by rules and by chance (`fuzzing.py`), on four connections. `no answer` counts connections that ended without
one. `slowest` is the longest time until an answer; memory is PSS of all the server's processes, before and after.

Exits with 1 if an answer has a status of 500 or more, is missing, or takes longer than a second; if the log has a
traceback; or if the server grows.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.announcers import PER_MINUTE, Listener, session
from bench.browser import machine, server
from bench.fuzzing import DOORS, Requests
from bench.memory import Memory
from bench.rawanswers import Connection

from tests.musicclients import accounts_beside
from tests.plays import OSAKA
from tests.serving import Server, ask
from tests.waiting import until

CONNECTIONS = 4
SLOW_S, GROWTH_MB = 1.0, 60.0
PATIENCE_S = 20.0
SHOWN = 300
COLUMNS = ("2xx", "3xx", "4xx", "5xx", "none")


@dataclass(slots=True)
class Seen:
    """What came of the requests to one door.

    Attributes:
        statuses: answers by the first digit of their status; 0 counts connections that ended without one.
        slowest_s: the longest time until an answer.
        harm: the numbers of requests that did harm, with what it was and their beginnings.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    harm: list[str] = field(default_factory=list)

    def note(self, number: int, request: bytes, status: int, took_s: float) -> None:
        """Note an answer."""
        self.statuses[status // 100] += 1
        self.slowest_s = max(self.slowest_s, took_s)
        if status >= 500 or not status or took_s > SLOW_S:
            self.harm.append(f"request {number}: {status or 'no answer'} after {took_s:.2f} s: {request[:SHOWN]!r}")


def somebody(running: Server) -> Listener:
    """Create a listener."""
    with accounts_beside(running) as accounts:
        token = accounts.create("listener", OSAKA, PER_MINUTE).text
    until(lambda: ask(running, f"/1/validate-token?token={token}").json["valid"])
    return Listener(token, session(running, token))


def fuzz(running: Server, door: str, who: Listener, numbers: range) -> Seen:
    """Send the requests with those numbers to a door."""
    requests, seen, left, lock = Requests(door, who.token, who.session), Seen(), iter(numbers), threading.Lock()

    def send() -> None:
        with Connection(running.port, PATIENCE_S) as connection:
            while True:
                with lock:
                    number = next(left, None)
                if number is None:
                    return
                request = requests.number(number)
                began_s = time.monotonic()
                status = connection.status(request)
                with lock:
                    seen.note(number, request, status, time.monotonic() - began_s)

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def row(running: Server, door: str, who: Listener, numbers: range) -> list[str]:
    """Send requests to a door, print a line, and return what was not as it should be."""
    before_mb, logged = Memory.of(running).pss, running.log.count("Traceback")
    seen = fuzz(running, door, who, numbers)
    after_mb = Memory.of(running).pss
    counts = "".join(f"{seen.statuses[digit]:8,}" for digit in (2, 3, 4, 5, 0))
    print(f"{door:16}{len(numbers):9,}{counts}{seen.slowest_s:11.2f}{before_mb:8.0f} to {after_mb:.0f}", flush=True)
    tracebacks = running.log.count("Traceback") - logged
    missed = [f"{door}: {each}" for each in seen.harm[:20]]
    missed += [f"{door}: {tracebacks} tracebacks"] if tracebacks else []
    grown_mb = after_mb - before_mb
    return missed + ([f"{door}: {grown_mb:.0f} MB more, goal {GROWTH_MB:g}"] if grown_mb > GROWTH_MB else [])


def main() -> int:
    """Send, and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="requests to each front door (10,000)")
    parser.add_argument("--only", nargs="+", choices=DOORS, default=DOORS, help="the front doors (all)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first request (0)")
    options = parser.parse_args()
    print(machine(), flush=True)
    print(f"{'front door':16}{'requests':>9}" + "".join(f"{name:>8}" for name in COLUMNS) + "  slowest s   memory MB")
    missed: list[str] = []
    with server() as running:
        who = somebody(running)
        for door in options.only:
            fuzz(running, door, who, range(-500, 0))  # so that what is read once is in memory
        for door in options.only:
            missed += row(running, door, who, range(options.first, options.first + options.count))
        tracebacks = running.log
    print(machine())
    print("\n".join(["missed:", *missed]) if missed else "missed: nothing")
    if any("traceback" in each for each in missed):
        print(tracebacks[-8_000:])
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
