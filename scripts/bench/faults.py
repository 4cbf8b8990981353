#!/usr/bin/env python3
"""Break one thing after another under a running server, and print what it costs.

    python scripts/bench/faults.py [--seconds 30] [--rate 600] [--only "matching STOP"]

For each fault a server of its own gets plays (18,000 unless told otherwise) while a viewer watches. A third of the way
through, the fault happens. The columns:

- silence s: the longest time without a frame, from the fault on.
- answered 202: plays that were taken; late: how many of these were said to be late; lost: how many of the others are in
  no frame.
- rows lost: connections that the viewer saw and the history does not have; of: all that the viewer saw. A history that
  is deleted or damaged takes with it what was written before; what is shown from then on must be there.

Exits with 1 where a fault costs more than it may. Run it as root: a full disk is one that it mounts.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine
from bench.outage import Pictures, Sending, Watching

import tests.faults
from tests.serving import Server
from webapp.core.gazetteer import Gazetteer, load_gazetteer
from webapp.storage.history import FILE_NAME

MATCHED_S = 2.5
"""After so long what was sent is matched and shown."""
LASTS_S = 5.0
"""How long what passes lasts: a full disk, a lock, no files, a process that stands still."""
CHILD_SILENCE_S, STUCK_SILENCE_S = 3.0, 6.0
DISK = "6m"
SHOWN_PER_S = "40"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is broken.

    Attributes:
        name: what the table calls it.
        happen: breaks it; it may take a while.
        costs_s: how many seconds of plays and of rows it may cost at most; None where nothing is promised.
        silence_s: how long viewers may be without a frame; None where nothing is promised.
        each_s: how often plays are sent: seldom means large bodies.
        pictures: whether pictures are drawn meanwhile.
        disk: whether the data folder is a small disk of its own.
        clock: whether the server's clock can be set.
    """

    name: str
    happen: Callable[[Scene], None]
    costs_s: float | None = 0.0
    silence_s: float | None = None
    each_s: float = 0.1
    pictures: bool = False
    disk: bool = False
    clock: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault happens to."""

    server: Server
    clock: Path

    def worker(self) -> int:
        """Return the process that serves."""
        return _children(self.server.process.pid)[0]

    def child(self, module: str) -> int:
        """Return the process of the worker that runs a module; wait until there is one."""
        while True:
            for pid in _children(self.worker()):
                if module in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                    return pid
            time.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def nothing(_: Scene) -> None:
    """Break nothing."""


def child(module: str, signum: signal.Signals) -> Callable[[Scene], None]:
    """Send a signal to a child of the worker's."""
    return lambda scene: os.kill(scene.child(module), signum)


def worker_killed(scene: Scene) -> None:
    """Kill the worker; its master starts another."""
    os.kill(scene.worker(), signal.SIGKILL)


def worker_stands_still(scene: Scene) -> None:
    """Stop the worker, and let it go on."""
    pid = scene.worker()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(LASTS_S)
    os.kill(pid, signal.SIGCONT)


def master_killed(scene: Scene) -> None:
    """Kill the master, and start the server again as a service manager would, until it starts."""
    port = scene.server.port
    os.kill(scene.server.process.pid, signal.SIGKILL)
    scene.server.process.wait()
    while True:
        try:
            return scene.server.start(port)
        except RuntimeError:  # the worker of the master that was killed still has the port
            time.sleep(0.1)


def reload(scene: Scene) -> None:
    """Tell the master to reload."""
    os.kill(scene.server.process.pid, signal.SIGHUP)


def clock_set(ahead_s: int, then_s: int | None = None) -> Callable[[Scene], None]:
    """Set the clock so far ahead of the true one, and after 10 s once more."""

    def happen(scene: Scene) -> None:
        set_ahead(scene.clock, ahead_s)
        if then_s is not None:
            time.sleep(2 * LASTS_S)
            set_ahead(scene.clock, then_s)

    return happen


def set_ahead(clock: Path, seconds: int) -> None:
    """Write what libfaketime reads, all at once."""
    part = clock.with_suffix(".part")
    part.write_text(f"{seconds:+d}\n")
    part.rename(clock)


def faked(clock: Path) -> dict[str, str]:
    """Return what has a process read its clock's offset from a file."""
    found = [os.environ.get("LIBFAKETIME", ""), *map(str, Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))]
    library = next((path for path in found if path), None)
    if library is None:
        raise SystemExit("the faults of the clock need libfaketime: apt install libfaketime, or set LIBFAKETIME")
    kept_true = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    return {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", **kept_true}


def disk_full(scene: Scene) -> None:
    """Fill the disk of the data folder, and clear it."""
    ballast = scene.server.data_dir / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            time.sleep(LASTS_S)
    ballast.unlink()


def history_locked(scene: Scene) -> None:
    """Lock the history from another process, as a backup that goes about it badly does."""
    with closing(sqlite3.connect(scene.server.data_dir / FILE_NAME, timeout=10, isolation_level=None)) as history:
        history.execute("BEGIN EXCLUSIVE")
        time.sleep(LASTS_S)
        history.execute("ROLLBACK")


def history_deleted(scene: Scene) -> None:
    """Delete the history."""
    with tests.faults.history_deleted(scene.server):
        pass


def history_damaged(scene: Scene) -> None:
    """Spoil the history, with what was written so far."""
    with tests.faults.history_damaged(scene.server):
        pass


def no_files(scene: Scene) -> None:
    """Take all file descriptors that the worker may have, by connections that say nothing."""
    pid = scene.worker()
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, before[1]))
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection(("127.0.0.1", scene.server.port)))
        time.sleep(LASTS_S)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


MATCHING, READERS, DRAWING = "webapp.engine.matching", "webapp.engine.readers", "webapp.graphics.drawing"
KILL, STOP = signal.SIGKILL, signal.SIGSTOP
FAULTS = (
    Fault("none", nothing, silence_s=2.0),
    Fault("matching kill -9", child(MATCHING, KILL), silence_s=CHILD_SILENCE_S),
    Fault("matching STOP", child(MATCHING, STOP), silence_s=STUCK_SILENCE_S),
    Fault("reader kill -9", child(READERS, KILL), silence_s=CHILD_SILENCE_S, each_s=1.0),
    Fault("reader STOP", child(READERS, STOP), silence_s=CHILD_SILENCE_S, each_s=1.0),
    Fault("drawing kill -9", child(DRAWING, KILL), silence_s=CHILD_SILENCE_S, pictures=True),
    Fault("drawing STOP", child(DRAWING, STOP), silence_s=CHILD_SILENCE_S, pictures=True),
    Fault("worker kill -9", worker_killed, costs_s=1.0),
    Fault("worker STOP, CONT", worker_stands_still),
    Fault("master kill -9", master_killed, costs_s=1.0),
    Fault("master HUP", reload),
    Fault("clock -60 s", clock_set(-60), silence_s=CHILD_SILENCE_S, clock=True),
    Fault("clock +40 days, back", clock_set(40 * 86_400, 0), silence_s=CHILD_SILENCE_S, clock=True),
    Fault("disk full", disk_full, silence_s=CHILD_SILENCE_S, disk=True),
    Fault("history locked", history_locked, silence_s=CHILD_SILENCE_S),
    Fault("history deleted", history_deleted, costs_s=None, silence_s=CHILD_SILENCE_S),
    Fault("history damaged", history_damaged, costs_s=None, silence_s=CHILD_SILENCE_S),
    Fault("no files left", no_files, silence_s=CHILD_SILENCE_S),
)
"""All but the first are what the table is about."""


@contextmanager
def scene(fault: Fault) -> Iterator[Scene]:
    """A server that a fault can happen to."""
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
    """A disk of its own in a folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fault cost; see the module."""

    silence_s: float
    answered: int
    late: int
    lost: int
    rows_lost: int
    rows: int
    note: str

    def allowed(self, lost_s: float, per_s: int) -> tuple[float, float]:
        """Return how many plays and rows so many seconds of the traffic have."""
        return lost_s * per_s, lost_s * per_s * self.rows / max(1, self.answered)


def measured(fault: Fault, gazetteer: Gazetteer, seconds: float, per_s: int) -> Cost:
    """Have a fault happen, and see what it costs."""
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
    """Have the fault happen after a while, beside what is in the block."""

    def happen() -> None:
        time.sleep(after_s)
        watching.forget_silence()
        fault.happen(at)

    thread = threading.Thread(target=happen, daemon=True)
    thread.start()
    yield
    thread.join()


def rows(server: Server) -> set[str]:
    """Return the ids of the connections that the history has."""
    with closing(sqlite3.connect(server.data_dir / FILE_NAME)) as history:
        return {id for (id,) in history.execute("SELECT id FROM connections")}


def missed(fault: Fault, cost: Cost, per_s: int) -> Iterator[str]:
    """Yield what cost more than it may, a few words each."""
    if fault.silence_s is not None and cost.silence_s > fault.silence_s:
        yield f"{fault.name}: {cost.silence_s:.1f} s of silence, goal {fault.silence_s:g} s"
    if fault.costs_s is None:
        return
    plays, rows = cost.allowed(fault.costs_s, per_s)
    for lost, goal, what in ((cost.lost, plays, "plays"), (cost.rows_lost, rows, "rows")):
        if lost > goal:
            yield f"{fault.name}: {lost:,} {what} lost, goal {goal:,.0f}"


def main() -> int:
    """Measure and print; 1 where a fault costs more than it may."""
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
