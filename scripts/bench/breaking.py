"""The faults of `faults.py`."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import tests.faults
from tests.serving import Server
from webapp.storage.history import FILE_NAME

LASTS_S = 5.0
"""Duration of a temporary fault: a full disk, a lock, no file descriptors, a stopped process."""
CHILD_SILENCE_S, STUCK_SILENCE_S = 3.0, 6.0


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
    """The target of a fault."""

    server: Server
    clock: Path

    def worker(self) -> int:
        """Return the pid of the worker."""
        return _children(self.server.process.pid)[0]

    def child(self, module: str) -> int:
        """Return the pid of the worker's child that runs a module; wait for it."""
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
    """Send a signal to a child of the worker."""
    return lambda scene: os.kill(scene.child(module), signum)


def worker_killed(scene: Scene) -> None:
    """Kill the worker; its master starts another."""
    os.kill(scene.worker(), signal.SIGKILL)


def worker_stands_still(scene: Scene) -> None:
    """Stop the worker, then continue it."""
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
        except RuntimeError:  # the killed master's worker still has the port
            time.sleep(0.1)


def reload(scene: Scene) -> None:
    """Tell the master to reload."""
    os.kill(scene.server.process.pid, signal.SIGHUP)


def clock_set(ahead_s: int, then_s: int | None = None) -> Callable[[Scene], None]:
    """Set the clock ahead by that much, and again after 10 s."""

    def happen(scene: Scene) -> None:
        set_ahead(scene.clock, ahead_s)
        if then_s is not None:
            time.sleep(2 * LASTS_S)
            set_ahead(scene.clock, then_s)

    return happen


def set_ahead(clock: Path, seconds: int) -> None:
    """Write libfaketime's file atomically."""
    part = clock.with_suffix(".part")
    part.write_text(f"{seconds:+d}\n")
    part.rename(clock)


def faked(clock: Path) -> dict[str, str]:
    """Return the environment that makes a process read its clock's offset from a file."""
    found = [os.environ.get("LIBFAKETIME", ""), *map(str, Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))]
    library = next((path for path in found if path), None)
    if library is None:
        raise SystemExit("the faults of the clock need libfaketime: apt install libfaketime, or set LIBFAKETIME")
    kept_true = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    return {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1", **kept_true}


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
    """Lock the history from another process, as a bad backup program does."""
    with closing(sqlite3.connect(scene.server.data_dir / FILE_NAME, timeout=10, isolation_level=None)) as history:
        history.execute("BEGIN EXCLUSIVE")
        time.sleep(LASTS_S)
        history.execute("ROLLBACK")


def history_deleted(scene: Scene) -> None:
    """Delete the history."""
    with tests.faults.history_deleted(scene.server):
        pass


def history_damaged(scene: Scene) -> None:
    """Damage the history's file."""
    with tests.faults.history_damaged(scene.server):
        pass


def no_files(scene: Scene) -> None:
    """Use up all file descriptors of the worker with idle connections."""
    pid = scene.worker()
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, before[1]))
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection(("127.0.0.1", scene.server.port)))
        time.sleep(LASTS_S)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


MATCHING, READERS, DRAWING = "webapp.engine.matching", "webapp.engine.parseworkers", "webapp.graphics.renderer"
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
"""The faults; the first is for comparison."""
