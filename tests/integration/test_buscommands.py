"""The commands that look after a bus, beside real servers: `unison bus upgrade` and `unison bus reset`."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from nats.aio.client import Client

from tests.brokers import Brokers, brokers
from tests.serving import Server, ask, clean_environment, console_script, get_json, post_plays, stream
from tests.waiting import until
from webapp.bus import beginning
from webapp.bus.log import UnavailableError
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import CHECKPOINTS, PLAYS, RECORDS, first_and_last, log_of
from webapp.bus.shared import agreed, begun

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


def bus(running: Brokers, *command: str, secret: str = SECRET, **more: str) -> subprocess.CompletedProcess[str]:
    env = clean_environment(UNISON_BUS=running.urls, UNISON_SECRET=secret, **more)
    return subprocess.run([console_script(), "bus", *command], env=env, capture_output=True, text=True, timeout=60)


def faked(library: str, ahead: str) -> dict[str, str]:
    """Return the environment of a process whose clock is so many seconds ahead."""
    return {"LD_PRELOAD": library, "FAKETIME": ahead, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


def on_bus(running: Brokers, act: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        client = await connected(running.access, "test")
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


def test_matching_begins_anew_behind_a_message_that_cannot_be_read(broker: Brokers, server: Server) -> None:
    meet(server, "before")
    on_bus(broker, lambda client: log_of(client, PLAYS).append(b"junk"))
    until(lambda: "cannot match" in server.log and "`unison bus reset`" in server.log)
    done = bus(broker, "reset", "--yes")
    assert done.returncode == 0, done.stderr
    assert "1 message of these cannot be read" in done.stdout
    meet(server, "after")


def test_a_matcher_without_the_record_that_begins_anew_says_so(broker: Brokers, server: Server) -> None:
    meet(server, "before")
    assert bus(broker, "reset", "--yes").returncode == 0
    meet(server, "after")
    server.stop()

    async def lose(client: Client) -> None:
        await client.jetstream().delete_object_store(CHECKPOINTS)
        await log_of(client, RECORDS).purge(await begun(client))

    on_bus(broker, lose)
    assert bus(broker, "init").returncode == 0
    for file in server.data_dir.glob("history*"):
        file.unlink()
    server.start(0)
    until(lambda: "cannot match" in server.log and "`unison bus reset`" in server.log)
    assert "Traceback" not in server.log
    assert bus(broker, "reset", "--yes").returncode == 0
    meet(server, "later")


def test_nothing_changes_where_a_server_writes_meanwhile(broker: Brokers, server: Server) -> None:
    meet(server, "before")
    server.stop()

    async def begin_late(client: Client) -> bool:
        before, found = await agreed(client), await beginning.look(client)
        with pytest.raises(UnavailableError, match="nothing changed; run this again"):
            await beginning.begin(client, found._replace(record=found.record - 1), replace(before, secret="another"))
        return await agreed(client) == before

    assert on_bus(broker, begin_late)


def test_matching_begins_anew_at_the_time_of_the_bus(broker: Brokers, server: Server, library: str) -> None:
    meet(server, "before")
    done = bus(broker, "reset", "--yes", **faked(library, "+3600"))
    assert done.returncode == 0, done.stderr
    meet(server, "after")


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


def doctor(running: Brokers, folder: Path, **env: str) -> list[str]:
    """Return what `unison doctor` says of the bus."""
    given = clean_environment(UNISON_BUS=running.urls, UNISON_SECRET=SECRET, **env)
    command = [console_script(), "doctor", "--data-dir", str(folder)]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)
    assert (done.returncode != 0) == ("NOT OK" in done.stdout), done.stderr
    return [line for line in done.stdout.splitlines() if "bus:" in line]


def test_two_servers_whose_clocks_are_300_ms_apart_are_told_of(
    broker: Brokers, server: Server, tmp_path: Path, library: str
) -> None:
    told = doctor(broker, tmp_path)
    assert all(line.startswith("OK") for line in told), told
    env = {"UNISON_BUS": broker.urls, "UNISON_SECRET": SECRET, "UNISON_NODE": "slow"}
    slow = Server(tmp_path / "two", env | faked(library, "-0.3"))
    try:
        until(lambda: "behind that of the bus" in ask(slow, "/readyz").text)
        (told_by_itself,) = json.loads(ask(slow, "/readyz").text)["warnings"]
        assert re.fullmatch(r"this machine's clock is 0\.(2[89]|3\d) s behind that of the bus; .*", told_by_itself)
        assert json.loads(ask(server, "/readyz").text)["status"] == "ok"
        told = doctor(broker, tmp_path)
        assert any(
            re.match(r"NOT OK  bus: the clock of slow is 0\.(2[89]|3\d) s behind that of ", line) for line in told
        )
    finally:
        slow.kill()


def test_the_doctor_says_what_is_wrong_with_a_bus(broker: Brokers, server: Server, tmp_path: Path) -> None:
    assert ask(server, "/readyz").status == 200
    (told,) = doctor(broker, tmp_path, UNISON_WINDOW_S="2")
    assert told == "NOT OK  bus: UNISON_WINDOW_S is 2 here and 1 on the bus; all nodes need the same"
    server.stop()
    assert f"NOT OK  bus: no server wrote to {PLAYS} in 2.5 s" in doctor(broker, tmp_path)
    broker[0].kill()
    assert doctor(broker, tmp_path) == ["NOT OK  bus: none of 1 NATS servers answers"]


def test_another_secret_is_taken_by_a_reset_with_settings_and_the_history_stays(
    broker: Brokers, server: Server
) -> None:
    meet(server, "before")
    server.stop()
    assert bus(broker, "reset", "--yes", "--settings", secret="a new secret of several").returncode == 0
    server.restart(UNISON_SECRET="a new secret of several")
    meet(server, "after")
    told = get_json(server, "/api/connections?limit=10")["connections"]
    assert len(told) == 2
    done = bus(broker, "reset", "--yes", "--settings", secret="")
    assert "UNISON_BUS needs UNISON_SECRET" in done.stderr
