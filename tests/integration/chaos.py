"""Chaos on a real bus: three NATS servers, some servers of Unison, senders and viewers, and faults drawn by a seed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from nats.aio.client import Client
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.brokers import Brokers, brokers
from tests.integration.children import children_of
from tests.serving import Server, ask, post_plays
from tests.waiting import STEP_S, until
from webapp.bus.log import Entry
from webapp.bus.natsclient import connected
from webapp.bus.natsstreams import PLAYS, RECORDS, Sizes, create, log_of
from webapp.core.fold import Fold, FoldRules
from webapp.core.listenerhashes import ListenerHashes
from webapp.core.playlog import LogMessage
from webapp.core.plays import PlayBatch
from webapp.core.recordlog import RecordMessage
from webapp.engine.busnode import MATCHING, NODE
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.datadir import read_secret

SETTING = "a secret of several servers"
SECRET = read_secret(Path(), SETTING)
RULES = FoldRules(window_ms=1_000, lateness_ms=500)
CITIES = (1853909, 3390760, 2988507, 2332459, 360630, 2267057)
"""Osaka, Recife, Paris, Lagos, Cairo, Lisbon."""
EACH_S = 0.05
AWAY = (OSError, HTTPException, ValueError)
"""What clients get while a server restarts; it has no address then."""


@dataclass
class Seen:
    """What the viewers of one server got.

    Attributes:
        frames: by their numbers, as they came.
        gaps: how many frames the server said were missed.
        silences: the seconds between frames of one connection.
        unannounced: numbers that were skipped without a word.
        changed: numbers whose frames came again, and were other ones.
    """

    frames: dict[int, str] = field(default_factory=dict)
    gaps: list[int] = field(default_factory=list)
    silences: list[float] = field(default_factory=list)
    unannounced: list[tuple[int, int]] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)


class Cluster:
    """Servers on one bus.

    Attributes:
        brokers: the NATS servers.
        servers: those of Unison, by name.
        accepted: the listeners whose plays were answered with 202.
        tried: how many plays were sent.
        late: how many of the accepted ones came too late, by the answers.
        seen: what viewers got, by server.
    """

    def __init__(self, running: Brokers, folder: Path, names: tuple[str, ...]) -> None:
        self.brokers, self._folder = running, folder
        self.servers = {name: self._start(name) for name in names}
        self.accepted: set[str] = set()
        self.tried = self.late = 0
        self.seen: defaultdict[str, Seen] = defaultdict(Seen)
        self._is_over = threading.Event()

    def _start(self, name: str) -> Server:
        env = {
            "UNISON_BUS": self.brokers.urls,
            "UNISON_SECRET": SETTING,
            "UNISON_OPEN_INGEST": "1",
            "UNISON_NODE": name,
        }
        return Server(self._folder / name, env)

    def kill(self, name: str) -> None:
        """Kill a server, and start another one in its place."""
        self.servers[name].kill()
        self.servers[name].start(self.servers[name].port)

    def wait(self) -> None:
        """Wait until all servers are ready."""
        until(lambda: all(ask(each, "/readyz").status == 200 for each in self.servers.values()), said=self.report)

    def report(self) -> str:
        """Return what servers say of themselves."""
        said = [f"{name}: {ask(each, '/readyz').text}\n{each.log}" for name, each in self.servers.items()]
        logs = asyncio.run(read(self.brokers))
        for entry in logs.plays[-12:]:
            message = LogMessage.decode(entry.data)
            said.append(f"{entry.seq} at {entry.log_ms} {message.node} {message.mark_ms - entry.log_ms} ms")
        said += [f"record {entry.seq} at {entry.log_ms}" for entry in logs.records[-3:]]
        return "\n".join(said)

    def close(self) -> None:
        for server in self.servers.values():
            server.kill()

    def problems(self, logs: Logs) -> list[str]:
        """Return what must not be, in the end: lost or doubled plays, and records or frames that differ."""
        written, (one, two) = logs.written(), (self.seen[name] for name in self.servers)
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

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Send plays to all servers, and watch all of them."""
        works: list[Callable[[str], None]] = [self._send, self._watch]
        threads = [threading.Thread(target=work, args=(name,)) for name in self.servers for work in works]
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

    def _watch(self, name: str) -> None:
        seen, since = self.seen[name], ""
        while not self._is_over.is_set():
            with suppress(*AWAY, WebSocketException, EOFError):
                since = self._watch_once(name, seen, since)
            self._is_over.wait(STEP_S)

    def _watch_once(self, name: str, seen: Seen, since: str) -> str:
        """Watch until the connection ends; return how to resume."""
        address = self.servers[name].ws_url + "/stream" + (f"?since={since}" if since else "")
        with connect(address, open_timeout=2, max_size=1 << 24, compression=None) as socket:
            hello = json.loads(socket.recv(10))
            if since and hello["gap"]:
                seen.gaps.append(hello["gap"])
            stream, seq, heard_s = hello["stream"], hello["seq"], time.monotonic()
            while not self._is_over.is_set():
                try:
                    text = socket.recv(0.5)
                except TimeoutError:
                    continue
                except WebSocketException:
                    break
                message = json.loads(text)
                if message["type"] == "connections":
                    seen.silences.append(time.monotonic() - heard_s)
                    heard_s = time.monotonic()
                    if message["seq"] != seq + 1:
                        seen.unannounced.append((seq, message["seq"]))
                    seq = message["seq"]
                    if seen.frames.setdefault(seq, str(text)) != str(text):
                        seen.changed.append(seq)
            return f"{stream}:{seq}"


@dataclass(frozen=True)
class Logs:
    """What is in the logs at the end."""

    plays: list[Entry]
    records: list[Entry]

    def written(self) -> Counter[int]:
        """Return how often each listener's play is in the log; each listener presses play once."""
        messages = (LogMessage.decode(entry.data) for entry in self.plays)
        batches = (PlayBatch.decode(batch.data) for message in messages for batch in message.batches)
        return Counter(int(listener) for batch in batches for listener in batch.listener)

    def folded(self) -> list[RecordMessage]:
        """Fold the log of plays once more, by the stored cuts."""
        fold, made = Fold(load_gazetteer(), SECRET, RULES), list[RecordMessage]()
        for entry in self.plays:
            fold.take(*entry)
        for entry, message in zip(self.records, self.stored(), strict=True):
            again = fold.make(message.cuts, message.rules)
            assert again is not None
            made.append(again)
            fold.apply(entry.seq, again)
        return made

    def stored(self) -> list[RecordMessage]:
        """Return the records as they are in the log."""
        return [RecordMessage.decode(entry.data) for entry in self.records]


async def read(running: Brokers) -> Logs:
    """Read both logs."""
    client = await connected(running.access, "reader")
    try:
        records = await _all_of(client, RECORDS)
        return Logs(await _all_of(client, PLAYS), records)  # all that these records need
    finally:
        await client.close()


async def _all_of(client: Client, stream: str) -> list[Entry]:
    log = log_of(client, stream)
    last, found = await log.last(), list[Entry]()
    while len(found) < last:
        found += await log.read(len(found))
    return found[:last]


async def _create(running: Brokers) -> None:
    client = await connected(running.access, "test")
    await create(client, Sizes(replicas=3 if len(running) > 1 else 1))
    await client.close()


@contextmanager
def cluster(folder: Path, names: tuple[str, ...] = ("one", "two"), count: int = 3) -> Iterator[Cluster]:
    """Run NATS servers and servers of Unison on them."""
    with brokers(folder, count) as running:
        asyncio.run(_create(running))
        made = Cluster(running, folder, names)
        try:
            yield made
        finally:
            made.close()


class Faults:
    """Faults, drawn by a seed; one at a time.

    Args:
        cluster: what they happen to.
        seed: of the random numbers.
    """

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._cluster, self._chance = cluster, random.Random(seed)
        self.done: list[str] = []

    def happen(self) -> None:
        """Have one fault, and wait until what it hit is back."""
        fault = self._chance.choice(
            [self._kill_broker, self._stop_broker, self._freeze_broker, self._kill_server, self._kill_process]
        )
        self.done.append(fault())

    def _kill_broker(self) -> str:
        broker = self._chance.choice(self._cluster.brokers)
        broker.kill()
        self._pause(1)
        broker.start()
        self._cluster.brokers.wait()
        return f"killed {broker.name}"

    def _stop_broker(self) -> str:
        broker = self._chance.choice(self._cluster.brokers)
        broker.stop()
        broker.start()
        self._cluster.brokers.wait()
        return f"restarted {broker.name}"

    def _freeze_broker(self) -> str:
        broker = self._chance.choice(self._cluster.brokers)
        broker.freeze()
        self._pause(self._chance.choice([2, 12]))
        broker.thaw()
        self._cluster.brokers.wait()
        return f"froze {broker.name}"

    def _kill_server(self) -> str:
        name = self._chance.choice(sorted(self._cluster.servers))
        self._cluster.kill(name)
        return f"killed server {name}"

    def _kill_process(self) -> str:
        name = self._chance.choice(sorted(self._cluster.servers))
        module = self._chance.choice([MATCHING, NODE])
        pids = children_of(self._cluster.servers[name], module)
        how = self._chance.choice([signal.SIGKILL, signal.SIGSTOP])
        for pid in pids:
            os.kill(pid, how)
        if how == signal.SIGSTOP:
            self._pause(self._chance.choice([2, 12]))
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        return f"{how.name} to {module} of {name}"

    def _pause(self, seconds: float) -> None:
        threading.Event().wait(seconds)


def hashed(listeners: Iterable[str]) -> set[int]:
    """Return the hashes of listeners, as the log has them."""
    key = hashlib.blake2b(SECRET, digest_size=32, person=b"unison listener").digest()
    return {int(each) for each in ListenerHashes(key).of(sorted(listeners))}
