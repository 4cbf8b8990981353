"""Chaos on a real bus: three NATS servers, two servers of Unison for each role, senders and viewers."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

from tests.brokers import Brokers, brokers
from tests.integration.chaoslogs import SETTING, Logs, hashed, kept, newest, read
from tests.integration.chaosviewers import AWAY, Seen, Viewer
from tests.integration.children import family
from tests.network import Network
from tests.serving import Server, ask, post_plays
from tests.waiting import STEP_S, persist, until
from webapp.bus.log import UnavailableError
from webapp.bus.natsclient import connected
from webapp.bus.natsstreams import Sizes, create
from webapp.core.playlog import LogMessage

CITIES = (1853909, 3390760, 2988507, 2332459, 360630, 2267057)
"""Osaka, Recife, Paris, Lagos, Cairo, Lisbon."""
ROLES = {
    "match-1": "match",
    "match-2": "match",
    "ingest-1": "ingest",
    "ingest-2": "ingest",
    "web-1": "web",
    "web-2": "web",
}
EACH_S = 0.05


class Machine(Server):
    """A server of Unison on a machine of a network."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str], network: Network) -> None:
        self.name, self.host, self._prefix = name, network.host(name), network.command(name)
        super().__init__(folder / name, env, options=["--roles", ROLES[name]])

    def command(self, port: int) -> list[str]:
        """Return what is run to serve on a port; 0 is any."""
        return [*self._prefix, *super().command(port)]

    def signal(self, number: int) -> None:
        """Send a signal to all its processes, those beside it included."""
        for pid in family(self):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End all its processes, those beside it included, as a power cut does."""
        self.signal(signal.SIGKILL)
        super().kill()


class Cluster:
    """Servers on one bus.

    Attributes:
        brokers: the NATS servers.
        servers: those of Unison, by name.
        network: that connects them.
        accepted: the listeners whose plays were answered with 202.
        tried: how many plays were sent.
        late: how many of the accepted ones came too late, by the answers.
        seen: what viewers got, by server.
        down: servers that did not run, from when to when.
        returns: how much later than asked, or than the end of their connection, viewers had frames elsewhere: the time
            and seconds.
    """

    def __init__(self, running: Brokers, folder: Path, network: Network) -> None:
        self.brokers, self.network, self._folder = running, network, folder
        with ThreadPoolExecutor() as starting:
            self.servers = dict(zip(ROLES, starting.map(self._start, ROLES), strict=True))
        self.accepted: set[str] = set()
        self.tried = self.late = 0
        self.seen = {name: Seen() for name in self.named("web")}
        self.down: list[tuple[str, float, float]] = []
        self.returns: list[tuple[float, float]] = []
        self._is_over = threading.Event()

    def _start(self, name: str) -> Machine:
        reached = [self.network.reach(name, broker.name, broker.port) for broker in self.brokers]
        env = {
            "UNISON_BUS": ",".join(f"nats://{each}" for each in reached),
            "UNISON_SECRET": SETTING,
            "UNISON_OPEN_INGEST": "1",
            "UNISON_NODE": name,
        }
        return Machine(name, self._folder, env, self.network)

    def named(self, role: str) -> list[str]:
        """Return the names of the servers of a role."""
        return [name for name, its in ROLES.items() if its == role]

    @contextmanager
    def without(self, name: str) -> Iterator[Machine]:
        """Note that a server does not run during the block, and until it is ready again."""
        since_s = time.monotonic()
        yield self.servers[name]
        until(lambda: self.is_ready(name), said=self.report)
        self.down.append((name, since_s, time.monotonic()))

    def is_ready(self, name: str) -> bool:
        """Return whether a server says that it is."""
        try:
            return ask(self.servers[name], "/readyz").status == 200
        except AWAY:
            return False

    def wait(self) -> None:
        """Wait until all servers are ready."""
        until(lambda: all(map(self.is_ready, self.servers)), said=self.report)

    def wait_for_brokers(self) -> None:
        """Wait until all NATS servers are in order and have all that they must have."""
        self.brokers.wait()
        until(self.brokers.has_all_copies)

    def report(self) -> str:
        """Return what servers say of themselves."""
        said = [f"{name}: {self.is_ready(name)}\n{each.log}" for name, each in self.servers.items()]
        logs = asyncio.run(read(self.brokers))
        for entry in logs.plays[-12:]:
            message = LogMessage.decode(entry.data)
            said.append(f"{entry.seq} at {entry.log_ms} {message.node} {message.mark_ms - entry.log_ms} ms")
        said += [f"record {entry.seq} at {entry.log_ms}" for entry in logs.records[-3:]]
        return "\n".join(said)

    def close(self) -> None:
        for server in self.servers.values():
            server.kill()

    def silence_s(self, from_s: float, to_s: float) -> float:
        """Return the longest time without a frame of a viewer whose server ran, among those that ended in a time."""
        return max(
            silent_s
            for name, seen in self.seen.items()
            for at_s, silent_s in seen.silences
            if from_s <= at_s <= to_s and not self._was_down(name, at_s - silent_s, at_s)
        )

    def late_return_s(self, from_s: float) -> float:
        """Return how much too late a viewer was back at most, after a time."""
        return max((late_s for at_s, late_s in self.returns if at_s >= from_s), default=0.0)

    def _was_down(self, name: str, from_s: float, to_s: float) -> bool:
        return any(name == down and since_s <= to_s and from_s <= until_s for down, since_s, until_s in self.down)

    def problems(self, logs: Logs) -> list[str]:
        """Return what must not be, in the end: lost or doubled plays, and records or frames that differ."""
        written, (one, two) = logs.written(), self.seen.values()
        both = one.frames.keys() & two.frames.keys()
        found = {
            "plays lost": sum(not written[listener] for listener in hashed(self.accepted)),
            "plays doubled": sum(count > 1 for count in written.values()),
            "records that are not what their cuts give": int(logs.folded() != logs.stored()),
            "frames that differ": sum(one.frames[seq] != two.frames[seq] for seq in both),
            "frames left out without a word": len(one.unannounced) + len(two.unannounced),
            "frames that came again as other ones": len(one.changed) + len(two.changed),
            "frames in common missing": int(len(both) < len(logs.records) // 4),
        }
        return [f"{count} {what}" for what, count in found.items() if count]

    def differences(self) -> list[str]:
        """Have a server build its history anew; return what is then other than at another server, and what was before.

        Call it without traffic.
        """
        one, two = (self.servers[name] for name in self.named("web"))
        port, upto = one.port, min(newest(each.data_dir) for each in (one, two))
        one.stop()
        old = self._folder / "old"
        one.data_dir.rename(old)
        one.start(port)
        until(lambda: newest(one.data_dir) >= upto, said=self.report)
        rows = kept(one.data_dir, upto)
        told = {"at another server": two.data_dir, "before it was built anew": old}
        return [f"the history is not that {where}" for where, other in told.items() if rows != kept(other, upto)]

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Send plays to all servers that take them, and watch all that show: some viewers stay with one, some go on."""
        works: list[tuple[Callable[[str], None], str]] = [(self._send, name) for name in self.named("ingest")]
        works += [(watch, name) for name in self.named("web") for watch in (self._stay, self._roam)]
        threads = [threading.Thread(target=work, args=(name,)) for work, name in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()

    def _send(self, name: str) -> None:
        chance, number = random.Random(name), 0
        while not self._is_over.wait(EACH_S):
            number += 1
            listener = f"{name} {number}"
            song = {"title": f"Song {chance.randrange(6)}", "artist": "The Harbour Lamps"}
            play = {"track": song, "listener": listener, "place": {"geoname_id": chance.choice(CITIES)}}
            self.tried += 1
            with suppress(*AWAY):
                answer = post_plays(self.servers[name], [play])
                self.accepted.add(listener)
                self.late += answer["late"]

    def _stay(self, name: str) -> None:
        """Watch one server."""
        viewer = Viewer(self._is_over)
        while not self._is_over.is_set():
            viewer.watch(self.servers[name], self.seen[name])
            self._is_over.wait(STEP_S)

    def _roam(self, first: str) -> None:
        """Watch a server; each time that a connection ends, go on with the next one when the server said."""
        viewer, names = Viewer(self._is_over), self.named("web")
        for name in cycle(sorted(names, key=lambda name: name != first)):
            if self._is_over.is_set():
                return
            due_s = viewer.due_s
            if viewer.watch(self.servers[name], self.seen[name]) and due_s:
                self.returns.append((viewer.first_s, viewer.first_s - due_s))
            self._is_over.wait(max(STEP_S, viewer.due_s - time.monotonic()))


async def _create(running: Brokers) -> None:
    client = await connected(running.access, "test")
    sizes = Sizes(replicas=len(running))
    await persist(lambda: create(client, sizes), UnavailableError)  # once they know each other
    await client.close()


@contextmanager
def cluster(folder: Path, network: Network) -> Iterator[Cluster]:
    """Run NATS servers and servers of Unison on them."""
    with brokers(folder, 3, network=network) as running:
        asyncio.run(_create(running))
        made = Cluster(running, folder, network)
        try:
            yield made
        finally:
            made.close()
