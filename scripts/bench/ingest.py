"""Measure how many plays a second a server accepts, up to the frames that its viewers receive.

    python scripts/bench/ingest.py [--seconds 4] [--only takes single dialects world]

The server is `unison serve` in its own process, with ten viewers, each with another filter. The senders are one
other process, whose share of a core is shown. Plays have cities by population, songs by rank, and
different listeners; pressed_at is the time of sending.

takes   as fast as answers come, over four connections: JSON and NDJSON bodies of 1 to 10,000 plays, placed by GeoNames
        id and by city name. Plays accepted a second, processor time of the server for each, and press-to-frame: from
        the later press of a connection until a viewer has its frame. Half a second of it is the time that a slice
        waits for late plays, and up to a quarter the slice.
single  requests of one play beside a bare Flask view under the same server, which only decodes the same JSON.
dialects  now-playing messages of music clients, one a request, beside bare Flask views in the same way. 240 listeners
        in six cities play one song after the other.
world   152,000 plays a second, as many as all of Spotify has, 1,000 a request.

Exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path
from statistics import median

from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.announcers import DIALECTS, Announcers, Dialect, Listener, listeners, messages
from bench.browser import cpu_s, machine, server
from bench.senders import Sent, apart, bodies, plays, quantile, send

from tests.serving import Server, Stream, stream
from webapp.gazetteerdata import load_gazetteer

PARTS = ("takes", "single", "dialects", "world")
SIZES = (1, 100, 1_000, 10_000)
POOL = 640_000
"""Plays prepared beforehand; if they repeat within the window they are echoes."""
CONNECTIONS = 4
WATCHED = ("", "US", "BR", "IN", "CN", "MX", "ID", "JP", "GB", "DE")
MESSAGES = 20_000
ROUNDS = 3
ID_GOAL, NAME_GOAL, SINGLE_GOAL, LATENCY_GOAL_S = 500_000, 300_000, 0.7, 1.0
WORLD_PER_S, WORLD_EACH = 152_000, 1_000
MATCHED_S = 1.5
"""Time after which all sent plays are matched and shown."""
BARE = "bench.bare:app"


class Watching:
    """Ten viewers that record the time of each connection since its later press."""

    def __init__(self, running: Server) -> None:
        self.took_s: list[float] = []
        self._stack = ExitStack()
        for country in WATCHED:
            viewer = self._stack.enter_context(stream(running, country=country) if country else stream(running))
            threading.Thread(target=self._watch, args=(viewer,), daemon=True).start()

    def _watch(self, viewer: Stream) -> None:
        while True:
            try:
                frame = viewer.next(60)
            except (TimeoutError, ConnectionClosed):
                return
            now = time.time()
            self.took_s.extend(now - connection["at"] for connection in frame.get("connections", ()))

    def since(self) -> list[float]:
        """Return and clear the recorded times."""
        took, self.took_s = self.took_s, []
        return took

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def measured(
    name: str,
    running: Server,
    watching: Watching,
    parts: list[bytes],
    form: str,
    seconds: float,
    plays_per_s: float = inf,
) -> tuple[Sent, float]:
    """Send for that long, and print a line of the table; return also the p99 of press-to-frame."""
    watching.since()
    before = cpu_s(running)
    sent = send(
        running.port,
        parts,
        form,
        connections=CONNECTIONS,
        seconds=seconds,
        plays_per_s=plays_per_s,
        path="/api/plays",
        token=running.token,
    )
    spent_s = cpu_s(running) - before
    time.sleep(MATCHED_S)
    took_s = watching.since()
    p50_s, p99_s = quantile(took_s, 0.5), quantile(took_s, 0.99)
    print(
        f"{name:28}{sent.plays / sent.seconds:11,.0f}{sent.requests / sent.seconds:10,.0f}{sent.refused:6}"
        f"{1e6 * spent_s / max(1, sent.plays):9.2f}{spent_s / sent.seconds:7.2f}{p50_s:7.2f}{p99_s:7.2f}"
        f"{sent.own_cpu_s / sent.seconds:9.2f}",
        flush=True,
    )
    return sent, p99_s


def heading(name: str) -> str:
    """Write the table's first line."""
    return (
        f"{name:28}{'plays/s':>11}{'answers/s':>10}{'429s':>6}{'us/play':>9}{'cores':>7}{'p50 s':>7}{'p99 s':>7}"
        f"{'senders':>9}"
    )


def takes(made: dict[str, list[bytes]], seconds: float) -> bool:
    """Measure the highest rate; return whether the goals are met."""
    print(heading("body, place, plays a request"))
    best: dict[str, float] = {}
    with server() as running, Watching(running) as watching:
        for by, all_plays in made.items():
            for form in ("json", "ndjson"):
                for each in SIZES:
                    parts = bodies(all_plays if each > 1 else all_plays[:50_000], each, form)
                    sent, _ = measured(f"{form}, {by}, {each:,}", running, watching, parts, form, seconds)
                    best[by] = max(best.get(by, 0.0), sent.plays / sent.seconds)
    met = best["id"] >= ID_GOAL and best["name"] >= NAME_GOAL
    print(f"goals: {ID_GOAL:,} plays/s by id, {NAME_GOAL:,} by name: {'met' if met else 'missed'}")
    return met


@contextmanager
def bare() -> Iterator[int]:
    """Serve a bare Flask view under gunicorn's gevent worker; yield the port."""
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", "127.0.0.1:0", "--no-control-socket", BARE]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        port = next(int(line.rsplit(":", 1)[1].split()[0]) for line in process.stderr if "Listening at" in line)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()


def single(made: dict[str, list[bytes]], seconds: float) -> bool:
    """Compare requests of one play with a bare view, in turns; return whether the goal is met."""
    parts = bodies(made["id"][:50_000], 1, "json")
    ours: list[float] = []
    theirs: list[float] = []
    with server() as running, bare() as port:
        for _ in range(ROUNDS):
            for answered, at, path in ((ours, running.port, "/api/plays"), (theirs, port, "/")):
                token = running.token  # for both, so that both read the same number of bytes
                sent = send(at, parts, "json", connections=CONNECTIONS, seconds=seconds, path=path, token=token)
                answered.append(sent.requests / sent.seconds)
    share = median(ours) / median(theirs)
    print(
        f"\none play a request: {median(ours):,.0f} answers/s, a bare view {median(theirs):,.0f}: {share:.2f} times as"
        f" many; goal {SINGLE_GOAL:g}: {'met' if share >= SINGLE_GOAL else 'missed'}"
    )
    return share >= SINGLE_GOAL


def dialects(_made: dict[str, list[bytes]], seconds: float) -> bool:
    """Compare now-playing messages of each dialect with a bare view; return whether all meet the goal."""
    print(f"\n{'a message a request':20}{'answers/s':>11}{'bare view':>11}{'refused':>9}{'share':>7}")
    with server() as running, bare() as port:
        people = listeners(running)
        shares = [dialect_share(dialect, people, running.port, port, seconds) for dialect in DIALECTS]
    met = min(shares) >= SINGLE_GOAL
    print(f"goal: each {SINGLE_GOAL:g} times as many as the bare view: {'met' if met else 'missed'}")
    return met


def dialect_share(dialect: Dialect, people: list[Listener], ours: int, theirs: int, seconds: float) -> float:
    """Send messages to both ports in turns, and print a line; return how many times as many answers ours gave."""
    senders = [
        Announcers(ours, messages(dialect, people, MESSAGES, is_bare=False), dialect.answer),
        Announcers(theirs, messages(dialect, people, MESSAGES, is_bare=True), b""),
    ]
    rounds = [[apart(each, CONNECTIONS, seconds) for each in senders] for _ in range(ROUNDS)]
    mine, bare_view = (median(sent.requests / sent.seconds for sent in sents) for sents in zip(*rounds, strict=True))
    refused = sum(sent.refused for sents in rounds for sent in sents)
    print(f"{dialect.name:20}{mine:11,.0f}{bare_view:11,.0f}{refused:9}{mine / bare_view:7.2f}", flush=True)
    return 0.0 if refused else mine / bare_view


def world(made: dict[str, list[bytes]], seconds: float) -> bool:
    """Send all the world's plays; return whether the goal is met."""
    parts = bodies(made["id"], WORLD_EACH, "ndjson")
    print("\n" + heading(f"{WORLD_PER_S:,} plays/s"))
    with server() as running, Watching(running) as watching:
        name = f"ndjson, id, {WORLD_EACH:,}"
        sent, p99_s = measured(name, running, watching, parts, "ndjson", max(15.0, seconds), WORLD_PER_S)
    met = sent.plays / sent.seconds >= 0.98 * WORLD_PER_S and p99_s <= LATENCY_GOAL_S
    print(f"goals: all of them, press-to-frame p99 {LATENCY_GOAL_S:g} s: {'met' if met else 'missed'}")
    return met


def main() -> int:
    """Measure and print; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each run lasts (4)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to run (all)")
    options = parser.parse_args()
    print(machine(), flush=True)
    gazetteer = load_gazetteer()
    made = {by: plays(gazetteer, POOL, by) for by in (("id", "name") if "takes" in options.only else ("id",))}
    measure = {"takes": takes, "single": single, "dialects": dialects, "world": world}
    met = [measure[part](made, options.seconds) for part in options.only]
    print(machine())
    return int(not all(met))


if __name__ == "__main__":
    raise SystemExit(main())
