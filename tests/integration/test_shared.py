"""What servers of one bus share, as people see it: real processes, a real NATS server, real sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.children import child_of
from tests.plays import OSAKA
from tests.serving import (
    FlaskServer,
    Server,
    ask,
    clean_environment,
    console_script,
    get_json,
    post,
    post_plays,
    stream,
)
from tests.unit.accounts_world import SECRET as SECRET_BYTES
from tests.unit.accounts_world import SqliteStore, press
from tests.unit.history_world import connection, existing_data_dir, new_history
from tests.waiting import until
from webapp.storage.datadir import read_secret
from webapp.storage.moderationfile import LIST_NAME

pytestmark = pytest.mark.timeout(180)
SECRET = "a secret of several servers"
ADMIN = {"Authorization": "Bearer an-admin-token"}
LIST = "/api/admin/moderation"
JSON = {"Content-Type": "application/json"}
SOON_S = 5.0
"""It takes half a second, but on a busy machine."""
SONG = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
OLD, OLDER = connection(track=1, start=2, end=3), connection(-5_000, track=2)


class Bus:
    """A bus, and commands on it."""

    def __init__(self, running: Brokers, folder: Path) -> None:
        self.brokers, self.folder = running, folder
        self.env = {"UNISON_BUS": running.urls, "UNISON_SECRET": SECRET, "UNISON_OPEN_INGEST": "1"}
        self.env |= {
            "UNISON_DATA_DIR": str(folder / "any"),
            "UNISON_CONNECT": "1",
            "UNISON_ADMIN_TOKEN": "an-admin-token",
            "UNISON_PRIVACY_K": "0",
        }

    def server(self, name: str, kind: type[Server] = Server) -> Server:
        more = {"UNISON_NODE": name, "UNISON_HISTORY_DAYS": "100000"}
        return kind(self.folder / name, self.env | more)

    def unison(self, *words: str | Path, **env: str) -> str:
        return self.run(*words, check=True, **env).stdout

    def run(self, *words: str | Path, check: bool = False, **env: str) -> subprocess.CompletedProcess[str]:
        command = [console_script(), *map(str, words)]
        return subprocess.run(
            command, env=clean_environment(**self.env | env), capture_output=True, text=True, check=check, timeout=60
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def bus(folder: Path) -> Iterator[Bus]:
    with brokers(folder) as running:
        made = Bus(running, folder)
        made.unison("bus", "init")
        yield made


@pytest.fixture(scope="module")
def servers(bus: Bus) -> Iterator[list[Server]]:
    """Two servers of one bus; the first one has an old connection."""
    existing_data_dir(bus.folder / "one", [OLD])
    started = [bus.server(name) for name in ("one", "other")]
    yield started
    for server in started:
        server.kill()
        print(server.log)


@pytest.fixture
def join(bus: Bus) -> Iterator[Callable[..., Server]]:
    """Start another server of the bus, by its name."""
    started: list[Server] = []

    def start(name: str, kind: type[Server] = Server) -> Server:
        started.append(bus.server(name, kind))
        return started[-1]

    yield start
    for server in started:
        server.kill()
        print(server.log)


def connect(server: Server) -> Any:
    signed = get_json(server, "/connect/csrf")["token"]
    return post(server, "/connect", json.dumps({"city": OSAKA}).encode(), JSON | {"X-CSRF-Token": signed})


def status(server: Server, token: str) -> Any:
    answer = ask(server, "/connect/status", Authorization=f"Bearer {token}")
    return answer.json if answer.status == 200 else {"status": answer.status}


def is_known(server: Server, token: str) -> bool:
    return "state" in status(server, token)


def send(server: Server, token: str, kind: str = "playing_now") -> None:
    listen: dict[str, Any] = {"track_metadata": {"track_name": SONG["title"], "artist_name": SONG["artist"]}}
    listen |= {"listened_at": 1_700_000_000} if kind == "single" else {}
    body = json.dumps({"listen_type": kind, "payload": [listen]}).encode()
    post(server, "/1/submit-listens", body, JSON | {"Authorization": f"Token {token}"})


def hide(server: Server, rule: str) -> Any:
    with urlopen(Request(server.url + LIST, json.dumps({"rule": rule}).encode(), ADMIN | JSON), timeout=30) as answer:
        return json.load(answer)


def rules(server: Server) -> list[str]:
    return [each["rule"] for each in ask(server, LIST, **ADMIN).json["rules"]]


def soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds, and see that it did not take long."""
    began_s = time.monotonic()
    until(holds)
    assert time.monotonic() - began_s < SOON_S


def meet(server: Server) -> str:
    """Have two strangers meet, and return their connection's id."""
    with stream(server, 30) as viewer:
        for listener, city, country in (("a", "Osaka", "JP"), ("b", "Recife", "BR")):
            place = {"city": city, "country": country}
            post_plays(server, [{"track": SONG, "listener": f"{time.time()} {listener}", "place": place}])
        return str(viewer.connection_of(SONG["title"])["id"])


def test_a_token_works_at_all_servers_and_is_refused_by_all_once_it_is_revoked(
    servers: list[Server], join: Callable[..., Server], bus: Bus
) -> None:
    one, other = servers
    threaded = join("threaded", FlaskServer)
    everywhere = (one, other, threaded)
    token = connect(one)["token"]
    soon(lambda: all(is_known(server, token) for server in everywhere))
    send(one, token)
    soon(lambda: status(other, token)["presses"] == 1)
    assert (status(other, token)["state"], status(one, token)["state"]) == ("playing", "playing")
    for server in everywhere:
        send(server, token, "single")
    until(lambda: all(status(server, token)["scrobbles"] == 3 for server in everywhere))
    assert ask(threaded, "/connect", "DELETE", Authorization=f"Bearer {token}").status == 200
    soon(lambda: not any(is_known(server, token) for server in everywhere))
    there = connect(threaded)["token"]
    soon(lambda: is_known(one, there))
    for _ in range(3):
        send(one, there, "single")
    one.restart()
    assert status(one, there)["scrobbles"] == 3
    assert not (one.data_dir / "accounts.sqlite3").exists()
    assert token not in one.log + other.log + threaded.log


def test_commands_make_list_and_revoke_tokens_of_all_servers(servers: list[Server], bus: Bus) -> None:
    id, text = bus.unison("token", "create", "--city", "Recife").split()
    soon(lambda: all(is_known(server, text) for server in servers))
    assert f"{id}\tlistener" in bus.unison("token", "list")
    assert bus.unison("token", "revoke", id) == f"Deleted {id}\n"
    soon(lambda: not any(is_known(server, text) for server in servers))
    wrong = bus.run("token", "revoke", "aaaaaaaaaa")
    assert wrong.stderr == "Error: there is no token 'aaaaaaaaaa'; `unison token list` shows the ids\n"


def test_what_is_hidden_at_one_server_is_hidden_at_others_and_audited(
    servers: list[Server], join: Callable[..., Server]
) -> None:
    one, other = servers
    id = meet(one)
    until(lambda: ask(other, f"/c/{id}").status == 200)
    hide(one, "artist: Marisol Vey")
    soon(lambda: ask(other, f"/c/{id}").status == 410)
    assert SONG["artist"] not in json.dumps(get_json(other, "/api/connections"))
    lines = [json.loads(line) for line in (other.data_dir / "moderation-audit.jsonl").read_text().splitlines()]
    assert [(line["who"], line["did"], line["rule"]) for line in lines] == [
        ("admin token, at one", "added", "artist: Marisol Vey")
    ]
    third = join("third")
    assert rules(third) == ["artist: Marisol Vey"]
    with stream(third) as viewer:
        assert SONG["artist"] not in json.dumps(viewer.hello)
    assert ask(other, f"{LIST}?{urlencode({'rule': 'artist: Marisol Vey'})}", "DELETE", **ADMIN).status == 200
    soon(lambda: ask(one, f"/c/{id}").status == 200)


def test_a_moment_that_is_shared_at_one_server_opens_at_another_that_never_had_it(servers: list[Server]) -> None:
    one, other = servers
    assert ask(other, f"/c/{OLD.id}").status in (404, 410)
    shared = Request(f"{one.url}/c/{OLD.id}/share", b"", {"Origin": one.url, "Sec-Fetch-Site": "same-origin"})
    with urlopen(shared, timeout=10) as answer:
        assert answer.status == 204
    until(lambda: ask(other, f"/c/{OLD.id}").status == 200)
    assert ask(other, f"/c/{OLD.id}/card.png").status == 200


def test_what_changed_while_the_process_beside_a_server_was_away_is_seen(servers: list[Server], bus: Bus) -> None:
    one, other = servers
    kept, gone = connect(one), connect(one)
    until(lambda: is_known(other, gone["token"]))
    process = child_of(other, "webapp.bus.node")
    os.kill(process, signal.SIGSTOP)
    bus.unison("token", "revoke", gone["user"])
    made = connect(one)["token"]
    os.kill(process, signal.SIGKILL)
    until(lambda: is_known(other, made))
    assert (is_known(other, kept["token"]), is_known(other, gone["token"])) == (True, False)
    until(lambda: bool(try_connect(other)))


def test_without_nats_known_tokens_work_and_changes_are_refused_in_a_sentence(servers: list[Server], bus: Bus) -> None:
    one, other = servers
    token = connect(one)["token"]
    until(lambda: is_known(other, token))
    hide(one, "word: bad")
    bus.brokers[0].kill()
    refused = ask_with(wish(one))
    assert (refused[0], refused[1].startswith("no token can be made now: ")) == (503, True)
    refused = ask_with(wanted(one, "word: worse"))
    assert (refused[0], "the moderation list on the bus cannot be written" in refused[1]) == (503, True)
    assert all(is_known(server, token) for server in servers)
    assert status(one, "8f14e45f-ceea-467f-a0e6-000000000000") == {"status": 503}
    assert any("the bus cannot be reached" in each for each in ask(one, "/readyz").json["warnings"])
    away = bus.run("token", "create")
    assert (away.returncode, away.stderr) == (1, "Error: none of 1 NATS servers answers\n")
    bus.brokers[0].start()
    until(lambda: ask_with(wanted(one, "word: worse"))[0] == 201)
    until(lambda: rules(other) == ["word: bad", "word: worse"])
    later = until(lambda: try_connect(one))
    until(lambda: is_known(other, later))
    until(lambda: ask(one, "/readyz").json["warnings"] == [])


def wish(server: Server) -> Request:
    """Return what asks for a token."""
    signed = get_json(server, "/connect/csrf")["token"]
    return Request(server.url + "/connect", json.dumps({"city": OSAKA}).encode(), JSON | {"X-CSRF-Token": signed})


def wanted(server: Server, rule: str) -> Request:
    """Return what asks to hide something."""
    return Request(server.url + LIST, json.dumps({"rule": rule}).encode(), ADMIN | JSON)


def ask_with(request: Request) -> tuple[int, str]:
    """Send a request; return the status and the error's sentence."""
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, ""
    except OSError as error:
        return getattr(error, "code", 0), json.load(error)["error"] if hasattr(error, "read") else str(error)


def try_connect(server: Server) -> str:
    try:
        with urlopen(wish(server), timeout=30) as answer:
            return str(json.load(answer)["token"])
    except OSError:
        return ""


def test_a_server_that_worked_alone_takes_what_it_has_to_the_bus(
    servers: list[Server], join: Callable[..., Server], bus: Bus
) -> None:
    _, other = servers
    folder = bus.folder / "alone"
    existing_data_dir(folder, [OLDER])
    history = new_history(folder)
    history.share(OLDER)
    history.close()
    accounts = SqliteStore(folder).open(read_secret(folder, SECRET))
    token = accounts.create(city=OSAKA)
    accounts.note_announced(token.principal.id, press(1))
    accounts.close()
    (folder / LIST_NAME).write_text("# ours\nword: ugly\n")
    before = rules(other)

    refused = bus.run("serve", "--port", "0", "--data-dir", folder)
    assert f"{folder}/accounts.sqlite3 has tokens, and with UNISON_BUS all servers use those" in refused.stderr
    took = "Took 1 token, 1 shared moment and 2 lines of the moderation list to the bus.\n"
    assert bus.unison("bus", "import", "--data-dir", folder) == took
    until(lambda: is_known(other, token.text))
    assert status(other, token.text)["presses"] == 1
    until(lambda: rules(other) == [*before, "word: ugly"])
    assert ask(other, f"/c/{OLDER.id}").status == 200
    alone = join("alone")
    assert is_known(alone, token.text)
    assert {path.name for path in folder.glob("*.imported")} == {"accounts.sqlite3.imported", f"{LIST_NAME}.imported"}


def test_a_file_of_what_is_hidden_cannot_be_used_with_a_bus(bus: Bus, tmp_path: Path) -> None:
    refused = bus.run("serve", UNISON_MODERATION_FILE=str(tmp_path / "list"))
    assert "UNISON_MODERATION_FILE cannot be used with UNISON_BUS: there, the list is on the bus" in refused.stderr


def test_the_servers_of_one_machine_have_the_tokens_and_the_list_of_the_one_before(tmp_path: Path) -> None:
    folder, admin = tmp_path / "data", {"UNISON_CONNECT": "1", "UNISON_ADMIN_TOKEN": "an-admin-token"}
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET_BYTES)
    accounts = SqliteStore(folder).open(SECRET_BYTES)
    before = accounts.create(city=OSAKA).text
    accounts.close()
    (folder / LIST_NAME).write_text("word: bad\n")
    server = Server(folder, admin, options=["--workers", "2"])
    try:
        env = clean_environment(UNISON_DATA_DIR=str(folder))
        made = subprocess.run(
            [console_script(), "token", "create"], env=env, capture_output=True, text=True, check=True
        )
        for _ in range(6):  # whichever server answers
            soon(lambda: is_known(server, before) and is_known(server, made.stdout.split()[1]))
            assert rules(server) == ["word: bad"]
    finally:
        server.stop()
    assert not (folder / "bus" / "address").exists()
