"""The commands that look after a bus, beside real servers: `unison bus upgrade` and `unison bus reset`."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client

from tests.brokers import Brokers, brokers
from tests.serving import Server, ask, clean_environment, console_script, get_json, post_plays, stream
from tests.waiting import until
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import CHECKPOINTS, PLAYS, RECORDS, first_and_last, log_of

pytestmark = pytest.mark.timeout(180)
SECRET = "a secret of several servers"
SONG = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path) as running:
        assert bus(running, "init").returncode == 0
        yield running


@pytest.fixture
def server(broker: Brokers, tmp_path: Path) -> Iterator[Server]:
    env = {"UNISON_BUS": broker.urls, "UNISON_SECRET": SECRET, "UNISON_OPEN_INGEST": "1"}
    started = Server(tmp_path / "one", env)
    yield started
    started.kill()
    print(started.log)


def bus(running: Brokers, *command: str) -> subprocess.CompletedProcess[str]:
    env = clean_environment(UNISON_BUS=running.urls, UNISON_SECRET=SECRET)
    return subprocess.run([console_script(), "bus", *command], env=env, capture_output=True, text=True, timeout=60)


def on_bus(running: Brokers, act: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        client = await connected(running.urls.split(","), "test")
        try:
            return await act(client)
        finally:
            await closed(client)

    return asyncio.run(run())


def meet(server: Server, name: str) -> None:
    """Have two strangers meet, and see it."""
    with stream(server, 40) as viewer:
        for listener, city, country in (("a", "Osaka", "JP"), ("b", "Recife", "BR")):
            place = {"city": city, "country": country}
            post_plays(server, [{"track": SONG, "listener": f"{name} {listener}", "place": place}])
        viewer.until(lambda frame: bool(frame.get("connections")))


def test_matching_begins_anew_where_the_log_of_plays_lacks_what_it_needs(broker: Brokers, server: Server) -> None:
    meet(server, "before")
    before = get_json(server, "/api/stats")
    server.stop()

    async def lose(client: Client) -> None:
        """Lose the checkpoints and the oldest plays, and have one in the log that is in no record."""
        await client.jetstream().delete_object_store(CHECKPOINTS)
        _, last = await first_and_last(client, PLAYS)
        await log_of(client, PLAYS).purge(last - 1)

    on_bus(broker, lose)
    assert bus(broker, "init").returncode == 0
    server.start(0)
    until(lambda: "cannot match" in server.log and "`unison bus reset`" in server.log)
    post_plays(server, [{"track": SONG, "listener": "lost", "place": {"city": "Cairo", "country": "EG"}}])
    done = bus(broker, "reset", "--yes")
    assert done.returncode == 0, done.stderr
    assert "1 play of" in done.stdout
    meet(server, "after")
    after = get_json(server, "/api/stats")
    assert after["stream"] == before["stream"]
    assert after["seq"] > before["seq"]
    assert after["total"]["lost"] == 1
    until(lambda: json.loads(ask(server, "/readyz").text)["status"] == "ok")
    assert len(get_json(server, "/api/connections")["connections"]) == 2


def test_a_matcher_that_is_well_begins_anew_as_well(broker: Brokers, server: Server) -> None:
    meet(server, "before")
    assert bus(broker, "reset", "--yes").returncode == 0
    meet(server, "after")
    server.stop()
    server.start(0)
    meet(server, "later")
    _, newest = on_bus(broker, lambda client: first_and_last(client, RECORDS))
    assert get_json(server, "/api/stats")["seq"] <= newest


def test_it_asks_before_it_begins_anew(broker: Brokers, server: Server) -> None:
    assert ask(server, "/readyz").status == 200
    done = bus(broker, "reset")
    assert done.returncode == 1
    assert "Begin anew? [y/N]" in done.stdout


def test_a_bus_that_has_the_newest_rules_needs_no_upgrade(broker: Brokers, server: Server) -> None:
    assert ask(server, "/healthz").status == 200
    assert bus(broker, "upgrade").stdout == "The bus matches by the rules 1, which are the newest of this version.\n"


def test_a_bus_that_no_server_has_used_has_nothing_to_upgrade_or_reset(broker: Brokers) -> None:
    for command in (["upgrade"], ["reset", "--yes"]):
        done = bus(broker, *command)
        assert (done.returncode, done.stderr) == (1, "Error: no server has used this bus yet; start one first\n")
