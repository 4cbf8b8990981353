"""Servers with one role each on one bus: real processes, a real NATS server, real sockets."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Brokers, brokers
from tests.serving import Server, ask, clean_environment, console_script, post_plays, stream
from tests.waiting import until
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import PLAYS, log_of
from webapp.core.playlog import LogMessage

pytestmark = pytest.mark.timeout(180)
SETTINGS = {"UNISON_SECRET": "a secret of several servers", "UNISON_OPEN_INGEST": "1"}
SONG = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
ROLES = ("ingest", "match", "web")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def servers(broker: Brokers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """One server for each role."""
    folder = tmp_path_factory.mktemp("roles")
    env = SETTINGS | {"UNISON_BUS": broker.urls}
    subprocess.run([console_script(), "bus", "init"], env=clean_environment(**env), check=True, timeout=30)
    started = {role: Server(folder / role, env | {"UNISON_NODE": role}, options=["--roles", role]) for role in ROLES}
    yield started
    for server in started.values():
        server.kill()
        print(server.log)


async def nodes(broker: Brokers) -> set[str]:
    """Return who wrote the first messages of the log of plays."""
    client = await connected(broker.access, "test")
    try:
        entries = await log_of(client, PLAYS).read(0)
    finally:
        await closed(client)
    return {LogMessage.decode(entry.data).node for entry in entries}


def test_only_who_takes_plays_says_that_it_does(servers: dict[str, Server]) -> None:
    assert [role for role in ROLES if "Accepting plays" in servers[role].log] == ["ingest"]


def test_what_one_takes_another_matches_and_a_third_shows(servers: dict[str, Server]) -> None:
    with stream(servers["web"], 30) as viewer:
        for listener, city, country in (("a", "Osaka", "JP"), ("b", "Recife", "BR")):
            place = {"city": city, "country": country}
            answer = post_plays(servers["ingest"], [{"track": SONG, "listener": listener, "place": place}])
            assert (answer["accepted"], answer["late"]) == (1, 0)
        assert viewer.until(lambda frame: bool(frame.get("connections")))


@pytest.mark.parametrize("role", ROLES)
def test_each_is_ready_and_has_its_operators_pages(servers: dict[str, Server], role: str) -> None:
    until(lambda: json.loads(ask(servers[role], "/readyz").text)["status"] == "ok")
    for path in ("/healthz", "/status", "/status.json", "/metrics", "/api/admin/moderation"):
        assert ask(servers[role], path).status == 200, path


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("ingest", "GET", "/"),
        ("ingest", "GET", "/stream"),
        ("ingest", "GET", "/api/stats"),
        ("match", "POST", "/api/plays"),
        ("match", "GET", "/playlist"),
        ("web", "POST", "/api/plays"),
        ("web", "POST", "/1/submit-listens"),
        ("web", "GET", "/api/auth"),
    ],
)
def test_what_is_for_another_role_is_refused_in_a_sentence(
    servers: dict[str, Server], role: str, method: str, path: str
) -> None:
    answer = ask(servers[role], path, method)
    assert ask(servers[role], path, method, Accept="text/html").status == 404
    assert answer.status == 404
    assert json.loads(answer.text)["error"] == (
        f"there is no {path} here: of ingest, match, web, this server does {role}"
    )


def test_the_page_on_privacy_says_that_plays_are_in_a_log(servers: dict[str, Server]) -> None:
    assert "several servers share a log" in ask(servers["web"], "/privacy").text


@pytest.mark.usefixtures("servers")
def test_only_who_takes_plays_in_has_a_mark(broker: Brokers) -> None:
    """Else the clock of a server that has no plays would decide when slices are due."""
    assert asyncio.run(nodes(broker)) == {"ingest"}


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"UNISON_ROLES": "web"}, "UNISON_ROLES needs UNISON_BUS: without other servers, this one has all roles"),
        ({"UNISON_ROLES": "www"}, "UNISON_ROLES='www': expected some of ingest, match and web, separated by commas"),
    ],
)
def test_roles_that_cannot_be_are_told_at_the_start(tmp_path: Path, env: dict[str, str], sentence: str) -> None:
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path)]
    ended = subprocess.run(command, env=clean_environment(**env), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert sentence in ended.stderr
