"""`unison serve --workers`: several servers behind one port, with a NATS server of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.brokers import free_ports
from tests.serving import Server, clean_environment, console_script, get_json, post_plays, stream
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
SONG = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "data", options=["--workers", "3"])
    yield started
    started.stop()
    print(started.log)


def backup(folder: Path, data_dir: Path) -> str:
    """Take a backup of a data folder, and return what the command says."""
    command = [console_script(), "backup", str(folder / "all.backup"), "--data-dir", str(data_dir)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def children_of(server: Server) -> dict[int, str]:
    """Return the processes that the command itself started, with their command lines."""
    pid = server.process.pid
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(each): Path(f"/proc/{each}/cmdline").read_text().replace("\0", " ") for each in found}


def meet(server: Server, name: str) -> list[str]:
    """Have two strangers meet, whichever server takes their plays, and return the frame as each viewer got it."""
    with stream(server, 30) as one, stream(server, 30) as two, stream(server, 30) as three, stream(server, 30) as four:
        for listener, city, country in (("a", "Osaka", "JP"), ("b", "Recife", "BR")):
            place = {"city": city, "country": country}
            post_plays(server, [{"track": SONG, "listener": f"{name} {listener}", "place": place}])
        viewers = (one, two, three, four)
        return [json.dumps(each.until(lambda frame: bool(frame.get("connections")))) for each in viewers]


def test_all_servers_show_the_same_and_take_the_same_token(server: Server) -> None:
    assert len(set(meet(server, "first"))) == 1
    folders = sorted(each.name for each in (server.data_dir / "workers").iterdir())
    assert folders == ["1", "2", "3"]
    assert "3 servers share this address." in server.log
    assert server.log.count("Unison is on") == 1


def gauges(port: int, name: str) -> list[int]:
    """Return a metric of both servers."""
    texts = [urlopen(f"http://127.0.0.1:{each}/metrics", timeout=5).read().decode() for each in (port, port + 1)]
    return [int(float(re.findall(rf"(?m)^unison_{name} (.*)$", text)[0])) for text in texts]


def test_all_viewers_of_a_filter_come_to_one_server(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = Server(tmp_path, {"UNISON_ADMIN_PORT": str(port)}, options=["--workers", "2"])
    try:
        with ExitStack() as stack:
            watching = [
                stack.enter_context(stream(server, 30, country=country))
                for country in ("BR", "JP", "NG", "FR")
                for _ in range(4)
            ]
            until(lambda: sum(gauges(port, "viewers")) == 16)
            assert sum(gauges(port, "filters")) == 4
            assert all(each % 4 == 0 for each in gauges(port, "viewers"))
            meet(server, "seen")
            for viewer in watching[:8]:
                viewer.until(lambda frame: bool(frame.get("connections")))
            died = next(pid for pid, command in children_of(server).items() if "--place 2 2" in command)
            os.kill(died, signal.SIGKILL)
            with stream(server, 30, country="BR") as one, stream(server, 30, country="JP") as other:
                assert one.hello["stream"] == other.hello["stream"]
    finally:
        server.stop()
        print(server.log)


def test_it_goes_on_when_a_server_or_the_nats_server_dies(server: Server) -> None:
    meet(server, "before")
    for name in ("serve", "nats-server"):
        died = next(pid for pid, command in children_of(server).items() if name in command)
        os.kill(died, signal.SIGKILL)
        until(lambda: died not in children_of(server) and len(children_of(server)) == 4)  # noqa: B023
        meet(server, f"after {name}")


def test_a_reload_takes_one_server_after_the_other(server: Server) -> None:
    before = meet(server, "before")
    os.kill(server.process.pid, signal.SIGHUP)
    until(lambda: server.log.count("reloading: starting a new worker") == 3)
    assert len(set(meet(server, "after"))) == 1
    until(lambda: len(get_json(server, "/api/connections")["connections"]) == 2)
    assert before


def test_ctrl_c_ends_all_of_it(server: Server) -> None:
    meet(server, "before")
    children = children_of(server)
    assert len(children) == 4
    os.kill(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


@pytest.mark.parametrize(
    ("env", "options", "sentence"),
    [
        ({"UNISON_BUS": "nats://a", "UNISON_SECRET": "b"}, [], "--workers starts a bus of its own, and UNISON_BUS is"),
        ({}, ["--uds", "socket"], "--workers needs a port, and UNISON_UDS is set"),
        ({}, ["--workers", "1"], "1 is not in the range 2<=x<=64"),
        ({}, ["--host", "192.0.2.1", "--port", "8000"], "cannot listen on 192.0.2.1, port 8000"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_the_start(
    tmp_path: Path, env: dict[str, str], options: list[str], sentence: str
) -> None:
    command = [console_script(), "serve", "--workers", "2", "--data-dir", str(tmp_path), *options]
    ended = subprocess.run(command, env=clean_environment(**env), capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert sentence in ended.stderr


def test_a_folder_that_a_server_used_alone_keeps_its_secret_and_its_history(tmp_path: Path) -> None:
    alone = Server(tmp_path)
    meet(alone, "before")
    alone.stop()
    server = Server(tmp_path, options=["--workers", "2"])
    try:
        secret = (tmp_path / "secret").read_bytes()
        assert [(tmp_path / "workers" / n / "secret").read_bytes() for n in "12"] == [secret, secret]
        meet(server, "after")
        for _ in range(4):  # whichever server answers
            until(lambda: len(get_json(server, "/api/connections")["connections"]) == 2)
        told = [backup(tmp_path, folder) for folder in (tmp_path, tmp_path / "workers" / "1")]
        assert f"`unison serve --workers` has its history in {tmp_path}/workers/1" in told[0]
        assert "2 connections" in told[1]
    finally:
        server.stop()
