"""The servers that `fanout.py` compares, each a process that gets a listening socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bench.memory import family
from bench.npm import CACHE, package
from bench.viewers import Generator, Viewers

from tests.serving import ROOT, clean_environment

WS = "8.23.0"
SERVERS = Path(__file__).parent / "fanout_servers"
SERVER_CORE, VIEWERS_CORE = 0, 1
PAYLOAD, PER_S = 300, 4
"""Bytes of text in a frame, and frames a second."""
WARM = 10
STOP_S = 10.0
OURS, FLOOR = "unison", "floor (C)"


def floor(compiler: str) -> Path:
    """Compile the program that only calls send(), and return its path."""
    CACHE.mkdir(parents=True, exist_ok=True)
    program = CACHE / "fanout-floor"
    subprocess.run([compiler, "-O2", "-o", program, SERVERS / "floor.c"], check=True)
    return program


def commands(bound: int) -> dict[str, list[str]]:
    """Return how each server is started; the descriptor of its socket and the size of its payload come as {}.

    Args:
        bound: bytes of a viewer's backlog, which only ours bounds.
    """
    found = {
        OURS: [sys.executable, str(SERVERS / "hub_server.py"), "{fd}", "{size}", str(bound)],
        "websockets": [sys.executable, str(SERVERS / "broadcast_server.py"), "{fd}", "{size}"],
    }
    if (node := shutil.which("node")) and shutil.which("npm"):
        found["ws"] = [node, str(SERVERS / "ws_server.js"), str(package("ws", WS)), "{fd}", "{size}"]
    if compiler := shutil.which("cc"):
        found[FLOOR] = [str(floor(compiler)), "{fd}", "{size}"]
    return found


class Running:
    """A server that has a core to itself and answers; `with` ends it."""

    def __init__(self, command: Sequence[str], payload_bytes: int) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
            self.port = listener.getsockname()[1]
            words = {"fd": listener.fileno(), "size": payload_bytes}
            os.sched_setaffinity(0, {SERVER_CORE})  # child processes inherit it
            self._process = subprocess.Popen(
                [word.format(**words) for word in command],
                env=clean_environment(PYTHONPATH=os.pathsep.join((str(ROOT), str(ROOT / "scripts")))),
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            os.sched_setaffinity(0, {VIEWERS_CORE})
        self._warm_up(payload_bytes)

    def _warm_up(self, payload_bytes: int) -> None:
        """Let a few viewers join and leave, so that one-time costs are not measured."""
        with Generator(self.port, payload_bytes) as generator:
            generator.call(Viewers.join, WARM)
            generator.call(Viewers.watch, self.pids, 1.0)
            generator.call(Viewers.leave)

    @property
    def pids(self) -> list[int]:
        """Pids of its processes; gunicorn has a master and a worker."""
        return family(self._process.pid)

    @property
    def rss(self) -> int:
        """Memory of all its processes, bytes."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids)
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_S)
