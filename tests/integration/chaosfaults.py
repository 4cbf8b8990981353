"""Faults that happen to a cluster, in an order drawn by a seed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from tests.brokers import Broker
from tests.integration.chaos import ROLES, Cluster
from tests.integration.children import children_of
from webapp.engine.busnode import MATCHING, NODE

SHORT_S, CUT_S = 2.0, 6.0
LOOK_S = 1.0


class Faults:
    """Faults, one at a time.

    Args:
        cluster: what they happen to.
        seed: of the random numbers.
        long_s: how long what is frozen or cut off is so at most.

    Attributes:
        cluster: what they happen to.
        chance: draws them.
        done: what happened.
    """

    def __init__(self, cluster: Cluster, seed: int, long_s: float = 12.0) -> None:
        self._long_s = long_s
        self.cluster, self._network, self.chance = cluster, cluster.network, random.Random(seed)
        self._next: list[Callable[[], str]] = []
        self.done: list[str] = []

    def kinds(self) -> list[Callable[[], str]]:
        """Return all kinds of faults."""
        return [
            self._kill_broker,
            self._restart_broker,
            self._freeze_broker,
            self._cut_broker,
            self._wipe_broker,
            self._kill_leader,
            lambda: self._kill_server("ingest"),
            lambda: self._kill_server("web"),
            self._freeze_server,
            self._cut_server,
            self._kill_process,
            self._freeze_process,
        ]

    def happen(self) -> None:
        """Have one fault, and wait until what it hit is back. No kind comes again before all others."""
        if not self._next:
            self._next = self.chance.sample(kinds := self.kinds(), len(kinds))
        self.done.append(self._next.pop()())
        self.cluster.wait()

    # Of the NATS servers.

    def _kill_broker(self) -> str:
        broker = self.broker()
        broker.kill()
        self.pause(1)
        return self._start("killed", broker)

    def _restart_broker(self) -> str:
        broker = self.broker()
        broker.stop()
        return self._start("restarted", broker)

    def _wipe_broker(self) -> str:
        """Both others have all: the fault before ended once all had."""
        broker = self.broker()
        broker.kill()
        broker.wipe()
        return self._start("killed and wiped", broker)

    def _start(self, what: str, broker: Broker) -> str:
        broker.start()
        self.cluster.wait_for_brokers()
        return f"{what} {broker.name}"

    def _freeze_broker(self) -> str:
        broker, seconds = self.broker(), self.some()
        broker.freeze()
        self.pause(seconds)
        broker.thaw()
        self.cluster.wait_for_brokers()
        return f"froze {broker.name} for {seconds:g} s"

    def _cut_broker(self) -> str:
        broker, seconds = self.broker(), self.some()
        self._cut(broker.name, seconds)
        self.cluster.wait_for_brokers()
        return f"cut {broker.name} off for {seconds:g} s"

    # Of the servers of Unison.

    def _kill_leader(self) -> str:
        return self._kill(self._leader())

    def _kill_server(self, role: str) -> str:
        return self._kill(self.server(role))

    def _kill(self, name: str) -> str:
        with self.cluster.without(name) as server:
            port = server.port
            server.kill()
            server.start(port)
        return f"killed {name}"

    def _freeze_server(self) -> str:
        name, seconds = self.server(), self.some()
        with self.cluster.without(name) as server:
            server.signal(signal.SIGSTOP)
            self.pause(seconds)
            server.signal(signal.SIGCONT)
        return f"froze {name} for {seconds:g} s"

    def _cut_server(self) -> str:
        name, seconds = self.server(), self.chance.choice([SHORT_S, min(CUT_S, self._long_s)])
        self._cut(name, seconds)
        return f"cut {name} off for {seconds:g} s"

    def _kill_process(self) -> str:
        name, module = self._process()
        for pid in children_of(self.cluster.servers[name], module):
            os.kill(pid, signal.SIGKILL)
        return f"killed {module} of {name}"

    def _freeze_process(self) -> str:
        (name, module), seconds = self._process(), self.some()
        pids = children_of(self.cluster.servers[name], module)
        with self.cluster.without(name):
            for number in (signal.SIGSTOP, signal.SIGCONT):
                for pid in pids:
                    os.kill(pid, number)
                if number == signal.SIGSTOP:
                    self.pause(seconds)
        return f"froze {module} of {name} for {seconds:g} s"

    # All at once.

    def no_matchers(self, seconds: float) -> None:
        """Have no server match for a time."""
        names = self.cluster.named("match")
        ports = {name: self.cluster.servers[name].port for name in names}
        for name in names:
            self.cluster.servers[name].kill()
        self.pause(seconds)
        for name, port in ports.items():
            self.cluster.servers[name].start(port)
        self.cluster.wait()

    def restart(self, names: Iterable[str]) -> tuple[float, float]:
        """Restart one server after the other, in order; return from when to when."""
        since_s = time.monotonic()
        for name in names:
            with self.cluster.without(name) as server:
                server.restart()
        self.pause(LOOK_S)
        return since_s, time.monotonic()

    # What is hit, and for how long.

    def broker(self) -> Broker:
        """Draw a NATS server."""
        return self.chance.choice(self.cluster.brokers)

    def server(self, role: str = "") -> str:
        """Draw a server, of a role or of any."""
        return self.chance.choice([name for name, its in ROLES.items() if role in ("", its)])

    def _process(self) -> tuple[str, str]:
        module = self.chance.choice([MATCHING, NODE])
        return self.server("match" if module == MATCHING else ""), module

    def _leader(self) -> str:
        """Return which server appends the records: it sends the most of those that match."""
        before = self._sent()
        self.pause(LOOK_S)
        after = self._sent()
        return max(self.cluster.named("match"), key=lambda name: after[name] - before[name])

    def _sent(self) -> Counter[str]:
        """Return how many bytes each server has sent, by its name."""
        sent = Counter[str]()
        for broker in self.cluster.brokers:
            for each in broker.ask("connz")["connections"]:
                sent[each.get("name", "")] += each["in_bytes"]
        return sent

    def some(self) -> float:
        """Draw how many seconds something does not run."""
        return self.chance.choice([SHORT_S, self._long_s])

    def _cut(self, name: str, seconds: float) -> None:
        self._network.cut(name)
        self.pause(seconds)
        self._network.heal(name)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        threading.Event().wait(seconds)
