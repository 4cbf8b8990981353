"""Real NATS servers for tests: one, or three as a cluster, on loopback, with their files in a temporary folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from tests.network import Loopback, Network
from tests.waiting import until
from webapp.bus.credentials import Access

SERVER = Path(sys.executable).parent / "nats-server"
READY_S = 30.0
NOWHERE = "127.0.0.1:1"


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Ports(NamedTuple):
    """Where a server listens."""

    clients: int
    monitor: int
    routes: int


class Broker:
    """One server.

    Args:
        name: its name.
        folder: where it keeps its files.
        network: where it runs.
        ports: where it listens.
        others: those to which it connects, and their ports for routes.
        more: what else its configuration says.

    Attributes:
        name: its name.
        port: where clients connect.
        url: where clients connect.
    """

    def __init__(self, name: str, folder: Path, network: Network, ports: Ports, others: dict[str, int], more: str = ""):
        self.name, self.port, host = name, ports.clients, network.host(name)
        self.url = f"nats://{host}:{self.port}"
        self._store, self._config, self._log = folder / name, folder / f"{name}.conf", folder / f"{name}.log"
        self._monitor, self._command = f"http://{host}:{ports.monitor}", network.command(name)
        self._process: subprocess.Popen[bytes] | None = None
        routes = ", ".join(f'"nats://{network.reach(name, other, port)}"' for other, port in others.items())
        # Nobody is told addresses that go round the network.
        told = f'no_advertise: true, advertise: "{NOWHERE}"'
        cluster = f'cluster {{ name: unison, listen: "{host}:{ports.routes}", {told}, routes: [{routes}] }}'
        self._config.write_text(
            f"""server_name: {name}
listen: "{host}:{self.port}"
http: "{host}:{ports.monitor}"
jetstream {{ store_dir: "{self._store}", sync_interval: always }}
{cluster if others else ""}
{more}
"""
        )

    def start(self) -> None:
        """Start it; it may take seconds until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, str(SERVER), "-c", str(self._config)], stdout=log, stderr=subprocess.STDOUT
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
            return bool(self.ask("healthz")["status"] == "ok")
        except (URLError, OSError):
            return False

    def ask(self, path: str) -> Any:
        """Return what it says of itself at one of its addresses for operators.

        Raises:
            OSError: it does not answer, or is not in order.
        """
        with urlopen(f"{self._monitor}/{path}", timeout=1) as answer:
            return json.load(answer)

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

    def has_all_copies(self) -> bool:
        """Return whether all copies of all streams are up to date, as the streams' leaders say."""
        told = {(stream["name"], broker.name): stream["cluster"] for broker in self for stream in _streams(broker)}
        led = {name: cluster for (name, broker), cluster in told.items() if cluster.get("leader") == broker}
        return len(told) == len(led) * len(self) and all(
            replica["current"] for cluster in led.values() for replica in cluster["replicas"]
        )


def _streams(broker: Broker) -> Iterator[dict[str, Any]]:
    for account in broker.ask("jsz?accounts=true&streams=true").get("account_details", ()):
        yield from account.get("stream_detail", ())


@contextmanager
def brokers(folder: Path, count: int = 1, more: str = "", network: Network | None = None) -> Iterator[Brokers]:
    """Run that many servers, n0 and so on; `more` is what else their configuration says."""
    free = iter(free_ports(3 * count))
    ports = {f"n{place}": Ports(next(free), next(free), next(free)) for place in range(count)}
    made = Brokers(
        Broker(
            name,
            folder,
            network or Loopback(),
            mine,
            {other: its.routes for other, its in ports.items() if other != name},
            more,
        )
        for name, mine in ports.items()
    )
    try:
        for broker in made:
            broker.start()
        made.wait()
        yield made
    finally:
        for broker in made:
            broker.kill()
