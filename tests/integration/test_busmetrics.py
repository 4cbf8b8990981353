"""What a server of several tells Prometheus of the bus, while brokers die."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.js.api import ClusterInfo, PeerInfo, StreamConfig, StreamInfo, StreamState

from tests.brokers import Brokers, brokers
from tests.serving import Server, clean_environment, console_script, get_text
from tests.waiting import until
from webapp.bus.natsstreams import copies_of

STATE = StreamState(messages=0, bytes=0, first_seq=0, last_seq=0, consumer_count=0)
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path, 3) as running:
        yield running


@pytest.fixture
def server(running: Brokers, tmp_path: Path) -> Iterator[Server]:
    env = {"UNISON_BUS": running.urls, "UNISON_SECRET": "a secret of several servers", "UNISON_NODE": "one"}
    command = [console_script(), "bus", "init", "--plays-gb", "0.5"]
    subprocess.run(command, env=clean_environment(**env), check=True, timeout=30)
    server = Server(tmp_path / "data", env)
    yield server
    server.kill()
    print(server.log)


def told(server: Server, name: str) -> float:
    (value,) = re.findall(rf"^unison_bus_{name} (\S+)$", get_text(server, "/metrics"), re.MULTILINE)
    return float(value)


def test_a_bus_without_most_of_its_brokers_shows(running: Brokers, server: Server) -> None:
    until(lambda: told(server, "copies") == told(server, "copies_wanted") == 3)
    until(lambda: 0 < told(server, "plays_bytes") < told(server, "plays_max_bytes") == 1 << 29)
    assert told(server, "silent_nodes") == 0
    assert abs(told(server, "clock_off_seconds")) < 0.1
    assert told(server, "quiet_seconds") < 3
    newest = told(server, "record")
    until(lambda: told(server, "record") > newest)
    for broker in running[:2]:
        broker.kill()
    until(lambda: told(server, "quiet_seconds") > 3)
    until(lambda: told(server, "retries_total") > 0)


def test_a_copy_that_is_behind_does_not_count_and_without_a_leader_none_does() -> None:
    peers = [PeerInfo(name="b", current=True, active=1), PeerInfo(name="c", current=False, active=1)]

    def copies(cluster: ClusterInfo | None, wanted: int) -> tuple[int, int]:
        return copies_of(StreamInfo(config=StreamConfig(num_replicas=wanted), state=STATE, cluster=cluster))

    assert copies(ClusterInfo(leader="a", name="x", replicas=peers), 3) == (2, 3)
    assert copies(ClusterInfo(leader=None, name="x", replicas=peers), 3) == (0, 3)
    assert copies(ClusterInfo(leader="a", name="x"), 1) == (1, 1)
    assert copies(None, 1) == (1, 1)
