"""Real NATS servers for tests: one, or three as a cluster, on loopback, with their files in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.waiting import until
from webapp.bus.credentials import Access

SERVER = Path(sys.executable).parent / "nats-server"
READY_S = 30.0


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Broker:
    """One server.

    Attributes:
        name: its name.
        url: where clients connect.
    """

    def __init__(
        self, name: str, folder: Path, port: int, monitor: int, route: int, routes: list[int], more: str = ""
    ) -> None:
        self.name, self.url = name, f"nats://127.0.0.1:{port}"
        self._store, self._config, self._log = folder / name, folder / f"{name}.conf", folder / f"{name}.log"
        self._monitor = monitor
        self._process: subprocess.Popen[bytes] | None = None
        others = ", ".join(f'"nats://127.0.0.1:{each}"' for each in routes)
        cluster = f'cluster {{ name: unison, listen: "127.0.0.1:{route}", routes: [{others}] }}'
        self._config.write_text(
            f"""server_name: {name}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
jetstream {{ store_dir: "{self._store}", sync_interval: always }}
{cluster if len(routes) > 1 else ""}
{more}
"""
        )

    def start(self) -> None:
        """Start it; it may take seconds until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(SERVER), "-c", str(self._config)], stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in order."""
        if self._process:
            self._process.terminate()
            self._process.wait(READY_S)
            self._process = None

    def reconfigure(self, old: str, new: str) -> None:
        """Change a part of its configuration while it runs."""
        self._config.write_text(self._config.read_text().replace(old, new))
        os.kill(self._pid, signal.SIGHUP)

    def freeze(self) -> None:
        """Stop it where it is."""
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Lose all that it stored; call it while it does not run."""
        shutil.rmtree(self._store)

    @property
    def _pid(self) -> int:
        assert self._process
        return self._process.pid

    def is_ready(self) -> bool:
        """Return whether it says that it is in order, its streams included."""
        try:
            with urlopen(f"http://127.0.0.1:{self._monitor}/healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace")


class Brokers(list[Broker]):
    """Servers of one cluster, or a single one."""

    @property
    def urls(self) -> str:
        """Where they are, as UNISON_BUS has it."""
        return ",".join(broker.url for broker in self)

    @property
    def access(self) -> Access:
        """Where they are, and how to get in."""
        return Access([broker.url for broker in self])

    def wait(self, seconds: float = READY_S) -> None:
        """Wait until all are in order."""
        until(
            lambda: all(broker.is_ready() for broker in self),
            seconds,
            lambda: [broker.log()[-2_000:] for broker in self],
        )


@contextmanager
def brokers(folder: Path, count: int = 1, more: str = "") -> Iterator[Brokers]:
    """Run that many servers; `more` is what else their configuration says."""
    ports = free_ports(3 * count)
    routes = ports[2 * count :]
    made = Brokers(
        Broker(f"n{i}", folder, ports[i], ports[count + i], route, routes, more) for i, route in enumerate(routes)
    )
    try:
        for broker in made:
            broker.start()
        made.wait()
        yield made
    finally:
        for broker in made:
            broker.kill()
