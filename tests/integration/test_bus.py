"""Several servers on one bus: real processes, a real NATS server, real sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Brokers, brokers, free_ports
from tests.serving import Server, ask, clean_environment, console_script, get_json, post_plays, stream
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
SECRET = "a secret of several servers"
SONG = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}


def init(running: Brokers) -> str:
    """Set the streams up with the command, and return what it said."""
    env = clean_environment(UNISON_BUS=running.urls, UNISON_SECRET=SECRET)
    done = subprocess.run([console_script(), "bus", "init"], env=env, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path) as running:
        assert init(running).startswith("The streams are ready, with 1 copy of each message.\n")
        yield running


Serve = Callable[..., Server]


@pytest.fixture
def join(broker: Brokers, tmp_path: Path) -> Iterator[Serve]:
    """Start servers of one bus, by their names."""
    started: list[Server] = []

    def start(name: str, **env: str) -> Server:
        shared = {"UNISON_BUS": broker.urls, "UNISON_SECRET": SECRET, "UNISON_OPEN_INGEST": "1", "UNISON_NODE": name}
        server = Server(tmp_path / name, shared | env)
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()
        print(server.log)


def play(server: Server, listener: str, city: str, country: str) -> None:
    given = {"track": SONG, "listener": listener, "place": {"city": city, "country": country}}
    assert post_plays(server, [given])["accepted"] == 1


def met(frame: dict[str, Any]) -> list[str]:
    return [connection["from"]["city"] + "-" + connection["to"]["city"] for connection in frame.get("connections", [])]


def test_two_strangers_meet_who_press_play_at_two_servers_and_both_servers_show_it(join: Serve) -> None:
    one, other = join("one"), join("other")
    with stream(one, 30) as here, stream(other, 30) as there:
        play(one, "a", "Osaka", "JP")
        play(other, "b", "Recife", "BR")
        frames = [viewer.until(lambda frame: bool(met(frame))) for viewer in (here, there)]
    assert frames[0] == frames[1]
    assert met(frames[0]) == ["Osaka-Recife"]
    streams = [get_json(server, "/api/stats")["stream"] for server in (one, other)]
    assert streams[0] == streams[1]
    assert json.loads(ask(one, "/readyz").text)["status"] == "ok"


def test_a_server_that_is_killed_is_missed_by_nobody_else_and_comes_back_with_the_same_history(join: Serve) -> None:
    one, other = join("one"), join("other")
    with stream(other, 40) as viewer:
        os.kill(one.process.pid, signal.SIGKILL)
        one.kill()
        seen = viewer.hello["seq"]
        for name in ("a", "b", "c"):
            play(other, f"{name} 1", "Osaka", "JP")
            play(other, f"{name} 2", "Recife", "BR")
            frame = viewer.until(lambda frame: bool(met(frame)))
            assert frame["seq"] > seen
            seen = frame["seq"]
    again = join("one")
    with stream(again) as viewer:
        assert viewer.hello["seq"] >= seen
    stories = [get_json(server, "/api/connections?limit=10") for server in (again, other)]
    until(lambda: get_json(again, "/api/connections?limit=10") == get_json(other, "/api/connections?limit=10"))
    assert len(stories[1]["connections"]) == 3


def test_the_bus_is_away_for_a_while_and_nothing_that_was_accepted_is_lost(join: Serve, broker: Brokers) -> None:
    server = join("one")
    play(server, "before", "Osaka", "JP")
    with stream(server, 30) as viewer:
        broker[0].kill()
        delayed = viewer.until(lambda frame: frame["type"] == "delayed")
        assert delayed.keys() == {"type", "now", "seq"}
        broker[0].start()
        assert viewer.until(lambda frame: frame["type"] == "connections")["seq"] == delayed["seq"] + 1
    play(server, "a", "Osaka", "JP")  # it is answered once it is in the log
    play(server, "b", "Recife", "BR")
    until(lambda: get_json(server, "/api/stats")["total"]["plays"] == 3)


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"UNISON_WINDOW_S": "2"}, "UNISON_WINDOW_S is 2 here and 1 on the bus; all nodes need the same"),
        ({"UNISON_SECRET": "another"}, "UNISON_SECRET is another one on the bus; all nodes need the same"),
    ],
)
def test_a_server_with_other_settings_says_so_and_ends(
    join: Serve, env: dict[str, str], sentence: str, tmp_path: Path, broker: Brokers
) -> None:
    join("one")
    settings = {"UNISON_BUS": broker.urls, "UNISON_SECRET": SECRET, "UNISON_NODE": "two"} | env
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "two")]
    ended = subprocess.run(command, env=clean_environment(**settings), capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert sentence in ended.stderr + ended.stdout


def test_a_bus_without_a_secret_or_without_streams_is_told_in_one_sentence(tmp_path: Path) -> None:
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    env = clean_environment(UNISON_BUS="nats://127.0.0.1:4222")
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert "UNISON_BUS needs UNISON_SECRET" in ended.stderr
    with brokers(tmp_path) as running:
        env = clean_environment(UNISON_BUS=running.urls, UNISON_SECRET=SECRET)
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert "the bus has no streams yet; run `unison bus init`" in ended.stderr + ended.stdout


def test_a_server_that_waits_for_the_bus_ends_when_it_is_told_to(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    env = clean_environment(UNISON_BUS=f"nats://127.0.0.1:{port}", UNISON_SECRET=SECRET)
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr
        assert any("waiting for the bus" in line for line in waiting.stderr)
        waiting.terminate()
        assert waiting.wait(10) == 0
