"""Who may send plays: strangers through real proxies, and senders with the token of the data folder."""

from __future__ import annotations

import http.client
import json
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fronting import Front, fronted
from tests.integration.ingest_client import JSON, play, send
from tests.serving import Server, clean_environment, console_script, get_json
from tests.waiting import until
from webapp.storage.datadir import token_file

PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("senders") / "data")
    yield server
    server.kill()
    print(server.log)


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def front(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A proxy on the server's machine that only passes on."""
    with fronted(request.param, server.port, tmp_path_factory.mktemp(request.param)) as found:
        yield found


def status(port: int, **headers: str) -> int:
    """Send a play, and return what is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/api/plays", json.dumps(play()), {"Content-Type": JSON, **named})
        return connection.getresponse().status
    finally:
        connection.close()


def token_command(server: Server, *arguments: str) -> str:
    """Return what `unison token` prints."""
    command = [console_script(), "token", *arguments, "--data-dir", str(server.data_dir)]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True).stdout.strip()


def until_refused(server: Server, token: str) -> None:
    until(lambda: send(server, [play()], Authorization=f"Bearer {token}").status == 401)


def test_the_server_says_where_the_token_is_and_never_which(server: Server) -> None:
    server.until_logged(f"Accepting plays with the token in {token_file(server.data_dir)}")
    assert server.token not in server.log
    assert stat.S_IMODE(token_file(server.data_dir).stat().st_mode) == 0o600


@pytest.mark.parametrize("host", [None, "localhost"])
def test_a_stranger_behind_a_proxy_that_only_passes_on_is_refused(
    server: Server, front: Front, host: str | None
) -> None:
    named = {"Host": host} if host else {}
    assert status(front.port, **named) == 401
    assert status(front.port, Authorization=f"Bearer {server.token}", **named) == 202


def test_a_stranger_is_refused_where_the_public_url_is_set(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(UNISON_PUBLIC_URL="https://unison.example")
    with fronted("nginx", server.port, tmp_path / "nginx", "proxy_set_header Host $host;") as front:
        for host in ("unison.example", "localhost"):
            assert status(front.port, Host=host) == 401
    assert status(server.port) == 401, "from this machine, too"


def test_a_demonstration_takes_nothing_through_a_proxy_that_names_itself(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve("--open-on-loopback")
    assert status(server.port) == 202
    with fronted("haproxy", server.port, tmp_path / "haproxy", "option forwardfor") as front:
        assert status(front.port) == 401


def test_a_rotated_token_acts_on_a_running_server(server: Server) -> None:
    old = server.token
    assert token_command(server) == old
    new = token_command(server, "rotate")
    until_refused(server, old)
    assert send(server, [play()], Authorization=f"Bearer {new}").status == 202


def test_a_changed_file_of_tokens_acts_on_a_running_server(serve: Callable[..., Server], tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("one\n")
    server = serve(UNISON_TOKENS_FILE=str(file))
    assert send(server, [play()], Authorization="Bearer one").status == 202
    file.write_text("two\n")
    until_refused(server, "one")
    assert send(server, [play()], Authorization="Bearer two").status == 202


def test_a_server_says_in_a_sentence_that_the_file_of_tokens_is_not_there(tmp_path: Path) -> None:
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    env = clean_environment(UNISON_TOKENS_FILE=str(tmp_path / "tokens"))
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode != 0
    said = f"Error: UNISON_TOKENS_FILE: {tmp_path}/tokens cannot be read (No such file or directory)"
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_key_in_a_file_gives_the_ids_that_the_same_key_in_the_setting_gives(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("of many machines\n")
    settings = ({"UNISON_SECRET": "of many machines"}, {"UNISON_SECRET_FILE": str(file)})
    servers = [serve(UNISON_LATENESS_S="3", **setting) for setting in settings]
    at = time.time()
    pair = [play(listener=name, place={"city": name, "country": "BR"}, pressed_at=at) for name in ("Recife", "Manaus")]
    assert [send(server, pair).json["accepted"] for server in servers] == [2, 2]
    one, other = [first_id(server) for server in servers]
    assert one == other


def first_id(server: Server) -> str:
    found = until(lambda: get_json(server, "/api/connections")["connections"])
    return str(found[0]["id"])
