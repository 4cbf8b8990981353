"""Accounts in NATS: each role works with its own, and none can do more. A real NATS server, real servers."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.children import children_of
from tests.serving import Server, ask, clean_environment, console_script, post, post_plays, stream
from tests.waiting import until
from webapp.bus.accounts import ALL, WITH_PRESSES
from webapp.bus.credentials import ADMIN, Access
from webapp.bus.log import UnavailableError
from webapp.bus.natsclient import NatsClient, closed, connected
from webapp.bus.natsstreams import PLAYS, RECORDS, NatsCheckpoints, log_of
from webapp.engine.busnode import NODE

pytestmark = pytest.mark.timeout(180)
SETTINGS = {"UNISON_SECRET": "a secret of several servers", "UNISON_OPEN_INGEST": "1", "UNISON_ADMIN_TOKEN": "admin"}
ADMIN_TOKEN = {"Authorization": "Bearer admin"}
SONG = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
T = TypeVar("T")


class Guarded(NamedTuple):
    """NATS with accounts, and the folder of their keys."""

    brokers: Brokers
    keys: Path

    def key(self, account: str) -> Path:
        return self.keys / f"{account}.nk"

    def env(self, account: str, **more: str) -> dict[str, str]:
        return SETTINGS | {"UNISON_BUS": self.brokers.urls, "UNISON_BUS_CREDENTIALS": str(self.key(account))} | more

    def run(self, account: str, act: Callable[[NatsClient], Awaitable[T]]) -> T:
        """Do something with an account."""
        urls, inbox = [each.url for each in self.brokers], f"_INBOX.{account.partition('-')[0]}"
        access = Access(urls, inbox=inbox, credentials=str(self.key(account)))

        async def acting() -> T:
            client = await connected(access, "test")
            try:
                return await act(client)
            finally:
                await closed(client)

        return asyncio.run(acting())

    def last(self, stream: str) -> int:
        """Return the number of a stream's newest message."""
        return self.run(ADMIN, lambda client: log_of(client, stream).last())


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    command = [console_script(), "bus", "accounts", str(folder / "keys")]
    printed = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    again = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    assert again.stdout == printed.stdout
    with brokers(folder, 3, printed.stdout) as running:
        made = Guarded(running, folder / "keys")
        env = clean_environment(**made.env(ADMIN))
        subprocess.run([console_script(), "bus", "init"], env=env, check=True, timeout=30)
        yield made


def check_sharing(guarded: Guarded, servers: dict[str, Server]) -> None:
    """Check that an operator's token works where players send plays, and that servers change and see what is shared."""
    env = clean_environment(**guarded.env(ADMIN))
    command = [console_script(), "token", "create"]
    made = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=30).stdout.split()
    until(lambda: ask(servers["ingest"], f"/1/validate-token?token={made[1]}").json["valid"])
    body, headers = json.dumps({"rule": "word: bad"}).encode(), {"Content-Type": "application/json"}
    post(servers["web"], "/api/admin/moderation", body, headers | ADMIN_TOKEN)
    assert ask(servers["web"], f"/c/{'0' * 23}").status in (404, 410)  # it was asked for on the bus
    seen = servers[WITH_PRESSES].data_dir / "moderation-audit.jsonl"
    until(lambda: seen.exists() and "admin token, at web" in seen.read_text())


def are_denied_nothing(servers: dict[str, Server]) -> None:
    for server in servers.values():
        until(lambda server=server: ask(server, "/readyz").status == 200)  # type: ignore[misc]
        until(lambda server=server: "unison_bus_copies 3.0" in ask(server, "/metrics", **ADMIN_TOKEN).text)  # type: ignore[misc]
        assert "violation" not in server.log


def test_each_role_works_with_its_account_and_is_denied_nothing(guarded: Guarded, tmp_path: Path) -> None:
    servers = dict[str, Server]()
    try:
        for account in ("match", "ingest", "web", WITH_PRESSES):
            presses = {"UNISON_VISITOR_PLAYS": "1"} if account == WITH_PRESSES else {}
            env = guarded.env(account, UNISON_NODE=account, **presses)
            servers[account] = Server(tmp_path / account, env, options=["--roles", account.partition("-")[0]])
        with stream(servers["web"], 30) as viewer:
            for listener, city, country in (("a", "Osaka", "JP"), ("b", "Recife", "BR")):
                play = {"track": SONG, "listener": listener, "place": {"city": city, "country": country}}
                assert post_plays(servers["ingest"], [play])["accepted"] == 1
            assert viewer.until(lambda frame: bool(frame.get("connections")))
        check_sharing(guarded, servers)
        until(lambda: guarded.run(ADMIN, lambda client: NatsCheckpoints(client).newest()), 25)
        servers["match"].kill()
        servers["match"].start(servers["match"].port)  # it reads the checkpoint
        with stream(servers[WITH_PRESSES], 30) as viewer:
            viewer.until(lambda frame: frame["type"] == "connections")
        are_denied_nothing(servers)
        seed = guarded.key("ingest").read_text().strip()
        for pid in (servers["ingest"].process.pid, *children_of(servers["ingest"], NODE)):
            assert seed not in Path(f"/proc/{pid}/cmdline").read_text()
        assert seed not in servers["ingest"].log
    finally:
        for server in servers.values():
            server.kill()


def test_a_server_with_all_roles_has_an_account_too(guarded: Guarded, tmp_path: Path) -> None:
    server = Server(tmp_path, guarded.env(ALL, UNISON_NODE="all"))
    try:
        play = {"track": SONG, "listener": "c", "place": {"city": "Osaka", "country": "JP"}}
        assert post_plays(server, [play])["accepted"] == 1
        are_denied_nothing({"all": server})
    finally:
        server.kill()


def test_the_role_that_matches_may_purge_the_log_of_plays(guarded: Guarded) -> None:
    guarded.run("match", lambda client: log_of(client, PLAYS).purge(0))


@pytest.mark.parametrize(
    ("account", "stream", "does"),
    [
        ("web", RECORDS, "append"),
        ("web", PLAYS, "append"),
        ("web", PLAYS, "purge"),
        ("web", RECORDS, "purge"),
        (WITH_PRESSES, RECORDS, "append"),
        ("ingest", RECORDS, "append"),
        ("ingest", PLAYS, "purge"),
        ("match", PLAYS, "append"),
        ("match", RECORDS, "purge"),
    ],
)
def test_what_is_for_another_role_is_denied(guarded: Guarded, account: str, stream: str, does: str) -> None:
    async def act(client: NatsClient) -> None:
        log = log_of(client, stream)
        with pytest.raises(UnavailableError):
            await (log.append(b"x") if does == "append" else log.purge(1))

    before = guarded.last(stream)
    guarded.run(account, act)
    assert guarded.last(stream) == before


@pytest.mark.parametrize(("account", "subject"), [("web", "unison.records"), ("ingest", "unison.records")])
def test_no_answer_of_nats_can_be_sent_to_a_log(guarded: Guarded, account: str, subject: str) -> None:
    """Permissions do not hold for the subject of an answer, so these accounts have none of the streams."""

    async def act(client: NatsClient) -> None:
        await client.publish(f"$JS.API.STREAM.INFO.{RECORDS}", reply=subject)
        await client.publish(f"$JS.API.DIRECT.GET.{RECORDS}", b'{"seq": 1}', reply=subject)
        assert await log_of(client, RECORDS).last() == before  # so these were answered

    before = guarded.last(RECORDS)
    guarded.run(account, act)
    assert guarded.last(RECORDS) == before


def test_nobody_hears_the_answers_to_another_role(guarded: Guarded) -> None:
    heard = list[str]()

    async def listen(account: str, subject: str) -> str:
        access = Access([guarded.brokers[0].url], inbox=f"_INBOX.{account}", credentials=str(guarded.key(account)))
        client = await connected(access, "test")

        async def hear(message: object) -> None:
            heard.append(str(message))

        try:
            await client.subscribe(subject, cb=hear)
            await client.flush()
            await asyncio.to_thread(guarded.last, RECORDS)
            await client.flush()
            return str(client.last_error).lower()
        finally:
            await closed(client)

    asyncio.run(listen("web", ">"))
    assert "permissions violation" in asyncio.run(listen("match", "_INBOX.admin.>"))
    assert heard == []


def test_a_key_that_nats_does_not_know_is_told_in_one_sentence(guarded: Guarded, tmp_path: Path) -> None:
    subprocess.run([console_script(), "bus", "accounts", str(tmp_path)], env=clean_environment(), check=True)
    env = clean_environment(**guarded.env("web") | {"UNISON_BUS_CREDENTIALS": str(tmp_path / "web.nk")})
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[0] == "Error: the NATS servers refuse these credentials"
