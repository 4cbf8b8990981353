"""The child processes of a server."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tests.serving import Server
from tests.waiting import until

GONE_S = 10.0


def child_of(server: Server, module: str) -> int:
    """Return the pid of the server's one process that runs a module."""
    mine = children_of(server, module)
    assert len(mine) == 1, mine
    return mine[0]


def children_of(server: Server, module: str) -> list[int]:
    """Return the pids of the server's processes that run a module."""
    return [pid for pid in running(module) if server.process.pid in ancestors(pid)]


def family(server: Server) -> list[int]:
    """Return the pids of all processes of a server."""
    mine = server.process.pid
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if pid == mine or mine in ancestors(pid)]


def until_gone(pid: int) -> None:
    """Wait until a process has ended."""
    until(lambda: not (Path("/proc") / str(pid) / "exe").exists(), GONE_S, lambda: f"{pid} lives on")


def running(module: str) -> list[int]:
    """Return the pids of all processes on this machine that run a module."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if module in (folder / "cmdline").read_text().split("\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def parent(pid: int) -> int | None:
    """Return the parent of a process; None if the process is gone."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0])
    return None


def ancestors(pid: int) -> set[int]:
    """Return the ancestors of a process; none if it is gone, because other tests run servers, too."""
    found: set[int] = set()
    while (above := parent(pid)) is not None and above > 1:
        found.add(pid := above)
    return found
