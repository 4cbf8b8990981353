#!/usr/bin/env python3
"""Cause one fault after another in a running server, and print the cost.

    python scripts/bench/faults.py [--seconds 30] [--rate 600] [--only "matching STOP"]

For each fault a new server gets plays (18,000 by default) while a viewer watches. A third of the way
through, the fault happens. The columns:

- silence s: the longest time without a frame after the fault.
- answered 202: accepted plays; late: how many of these were late; lost: how many of the others are in
  no frame.
- rows lost: connections that the viewer saw but the history does not have; of: all that the viewer saw. If the history
  is deleted or damaged, only later connections count.

Exits with 1 if a fault costs more than its limit. Run it as root: it mounts the disk that gets full.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.breaking import FAULTS, Fault, Scene, faked, set_ahead
from bench.browser import machine
from bench.outage import Pictures, Sending, Watching

from tests.serving import Server
from webapp.core.gazetteer import Gazetteer
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import FILE_NAME

MATCHED_S = 2.5
"""Time after which all sent plays are matched and shown."""
DISK = "32m"
SHOWN_PER_S = "40"


@contextmanager
def scene(fault: Fault) -> Iterator[Scene]:
    """A server, as the target of a fault."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        clock = Path(folder) / "clock"
        set_ahead(clock, 0)
        env = {"UNISON_SHOWN_PER_S": SHOWN_PER_S, "UNISON_OPEN_INGEST": "1"}
        if fault.clock:
            env |= faked(clock)
        data = Path(folder) / "data"
        data.mkdir()
        if fault.disk:
            stack.enter_context(small_disk(data))
        server = Server(data, env)
        stack.callback(server.kill)
        yield Scene(server, clock)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a separate disk in a folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a fault; see the module."""

    silence_s: float
    answered: int
    late: int
    lost: int
    rows_lost: int
    rows: int
    note: str

    def allowed(self, lost_s: float, per_s: int) -> tuple[float, float]:
        """Return the numbers of plays and rows in that many seconds of traffic."""
        return lost_s * per_s, lost_s * per_s * self.rows / max(1, self.answered)


def measured(fault: Fault, gazetteer: Gazetteer, seconds: float, per_s: int) -> Cost:
    """Cause a fault, and measure its cost."""
    with scene(fault) as at, Watching(at.server) as watching, ExitStack() as stack:
        sending = Sending(at.server, gazetteer, per_s, fault.each_s, timed=not fault.clock)
        pictures = stack.enter_context(Pictures(at.server, watching).asked()) if fault.pictures else None
        stack.enter_context(happening(fault, at, watching, seconds / 3))
        sending.run(seconds)
        time.sleep(MATCHED_S)
        silence_s = max(watching.silence_s, time.monotonic() - watching.newest)
        stack.close()
        at.server.stop()
        kept = rows(at.server)
    lost = max(0, sending.accepted - sending.late - watching.plays)
    notes = [f"{sending.unanswered:,} unanswered"] if sending.unanswered else []
    notes += [f"{sending.rejected:,} rejected as too old"] if sending.rejected else []
    notes += [f"{watching.lost:,} counted as lost"] if watching.lost else []
    notes += [f"{watching.missed} frames missed"] if watching.missed else []
    notes += [f"{pictures.served} pictures, {pictures.refused} refused"] if pictures else []
    missing = len(watching.ids - kept)
    return Cost(silence_s, sending.accepted, sending.late, lost, missing, len(watching.ids), ", ".join(notes))


@contextmanager
def happening(fault: Fault, at: Scene, watching: Watching, after_s: float) -> Iterator[None]:
    """Cause the fault after a while, during the block."""

    def happen() -> None:
        time.sleep(after_s)
        watching.forget_silence()
        fault.happen(at)

    thread = threading.Thread(target=happen, daemon=True)
    thread.start()
    yield
    thread.join()


def rows(server: Server) -> set[str]:
    """Return the ids of the history's connections."""
    with closing(sqlite3.connect(server.data_dir / FILE_NAME)) as history:
        return {id for (id,) in history.execute("SELECT id FROM connections")}


def missed(fault: Fault, cost: Cost, per_s: int) -> Iterator[str]:
    """Yield a few words for each exceeded limit."""
    if fault.silence_s is not None and cost.silence_s > fault.silence_s:
        yield f"{fault.name}: {cost.silence_s:.1f} s of silence, goal {fault.silence_s:g} s"
    if fault.costs_s is None:
        return
    plays, rows = cost.allowed(fault.costs_s, per_s)
    for lost, goal, what in ((cost.lost, plays, "plays"), (cost.rows_lost, rows, "rows")):
        if lost > goal:
            yield f"{fault.name}: {lost:,} {what} lost, goal {goal:,.0f}"


def main() -> int:
    """Measure and print; return 1 if a fault costs more than its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long plays are sent for each fault (30)")
    parser.add_argument("--rate", type=int, default=600, help="plays a second (600)")
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in FAULTS], help="the faults (all)")
    options = parser.parse_args()
    print(f"{machine()}; {options.rate:,} plays/s for {options.seconds:g} s each\n")
    print(f"{'':22}{'silence s':>10}{'answered 202':>14}{'late':>7}{'lost':>7}{'rows lost':>11}{'of':>8}")
    gazetteer, failed = load_gazetteer(), list[str]()
    for fault in FAULTS:
        if options.only and fault.name not in options.only:
            continue
        cost = measured(fault, gazetteer, options.seconds, options.rate)
        failed += missed(fault, cost, options.rate)
        print(
            f"{fault.name:22}{cost.silence_s:10.2f}{cost.answered:14,}{cost.late:7,}{cost.lost:7,}"
            f"{cost.rows_lost:11,}{cost.rows:8,}   {cost.note}",
            flush=True,
        )
    print(f"\n{machine()}\nmissed: {'; '.join(failed) or 'nothing'}")
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
