"""Metrics and status are the operator's: on a port of their own, with a token, or from the server's own machine."""

from __future__ import annotations

import re
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fronting import fronted
from tests.integration.reloads import reload
from tests.integration.unix_serving import UnixServer
from tests.integration.unix_serving import ask as ask_unix
from tests.serving import Server, ask, clean_environment, console_script, get_json, post_plays
from tests.waiting import until
from webapp.config import Settings
from webapp.web.adminauth import is_their_listener

OWN = ("/metrics", "/status", "/status.json")
TOKEN = "for-operators"


@dataclass(frozen=True)
class At:
    """An address to ask."""

    url: str


def operators_port(server: Server) -> At:
    """Return the operators' address, once the server has said it."""
    said = until(lambda: re.findall(r"Metrics and status are .*on (http://\S+) only", server.log))
    return At(said[-1])


def basic(password: str) -> str:
    return "Basic " + b64encode(f"prometheus:{password}".encode()).decode()


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operators have a port of their own."""
    server = Server(tmp_path_factory.mktemp("apart") / "data", {"UNISON_ADMIN_PORT": "0"})
    yield server
    server.kill()
    print(server.log)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operators have a token."""
    env = {"UNISON_ADMIN_TOKEN": TOKEN, "UNISON_TOKENS": "of-a-sender"}
    server = Server(tmp_path_factory.mktemp("closed") / "data", env)
    yield server
    server.kill()
    print(server.log)


@pytest.mark.parametrize("path", OWN)
def test_with_a_port_of_their_own_they_are_there_and_nowhere_else(apart: Server, path: str) -> None:
    port = operators_port(apart)
    assert port.url.startswith("http://127.0.0.1:")
    assert ask(port, path).status == 200
    for host in ({}, {"Host": port.url.removeprefix("http://")}):
        answer = ask(apart, path, **host)
        assert (answer.status, "UNISON_ADMIN_PORT" in answer.error) == (404, True)


def test_the_operators_port_has_nothing_else_but_probes_and_what_the_page_is_made_of(apart: Server) -> None:
    port = operators_port(apart)
    script = re.findall(r'src="(/assets/[^"]*pages/status\.js)"', ask(port, "/status").text)
    assert [ask(port, path).status for path in ("/healthz", "/readyz", *script)] == [200, 200, 200]
    for path in ("/", "/api/stats", "/stream", "/play/token"):
        answer = ask(port, path)
        assert (answer.status, "this port is for operators" in answer.error) == (404, True)
    assert ask(port, "/api/plays", "POST", Authorization=f"Bearer {apart.token}").status == 404
    assert ask(apart, "/healthz").status == 200
    assert post_plays(apart, [])["accepted"] == 0


def test_the_operators_port_is_there_again_after_a_restart_and_after_a_reload(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_ADMIN_PORT="0")
    port = operators_port(server)
    server.restart(UNISON_ADMIN_PORT=port.url.rsplit(":", 1)[1])
    assert operators_port(server) == port
    assert "unison_viewers 0.0" in ask(port, "/metrics").text
    reload(server)
    until(lambda: ask(port, "/metrics").status == 200)
    assert ask(server, "/metrics").status == 404


def test_a_server_on_a_unix_socket_has_an_operators_port_too(tmp_path: Path) -> None:
    server = UnixServer(tmp_path / "data", {"UNISON_ADMIN_PORT": "0"})
    try:
        port = operators_port(server)
        assert ask(port, "/metrics").status == 200
        spoofed = {"Host": port.url.removeprefix("http://")}
        assert ask_unix(server.path, "/metrics", headers=spoofed)[0] == 404
        assert ask_unix(server.path, "/healthz", headers=spoofed)[0] == 200
    finally:
        server.kill()


def test_a_port_for_operators_and_everybody_alike_is_refused_even_on_another_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.3", 0)) as found:
        port = str(found.getsockname()[1])
    command = [console_script(), "serve", "--port", port, "--data-dir", str(tmp_path / "data")]
    env = clean_environment(UNISON_ADMIN_PORT=port, UNISON_ADMIN_HOST="127.0.0.2")
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "UNISON_ADMIN_PORT is the same as the server's own port" in ended.stderr


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN)])
def test_the_operators_token_opens_from_anywhere(closed: Server, given: str) -> None:
    for path in OWN:
        assert ask(closed, path, Authorization=given, X_Forwarded_For="203.0.113.9").status == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer of-a-sender", basic("of-a-sender"), "Bearer for-operator", basic(""), "Basic %", TOKEN]
)
def test_neither_a_senders_token_nor_another_nor_this_machine_opens_where_a_token_is_set(
    closed: Server, given: str
) -> None:
    for path in OWN:
        answer = ask(closed, path, Authorization=given)
        assert answer.status == 401
        assert "UNISON_ADMIN_TOKEN" in answer.error
        assert [each.partition(" ")[0] for each in answer.headers.get_all("WWW-Authenticate", [])] == [
            "Basic",
            "Bearer",
        ]


def test_the_operators_token_sends_no_plays(closed: Server) -> None:
    assert ask(closed, "/api/plays", "POST", Authorization=f"Bearer {TOKEN}").status == 401
    assert TOKEN not in closed.log


def test_a_token_for_senders_and_operators_alike_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="UNISON_ADMIN_TOKEN is also one of UNISON_TOKENS; set a different"):
        Server(tmp_path / "data", {"UNISON_ADMIN_TOKEN": "same", "UNISON_TOKENS": "other,same"})


def test_with_both_the_port_wants_the_token_too(serve: Callable[..., Server], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}, all of it\n")
    server = serve(UNISON_ADMIN_PORT="0", UNISON_ADMIN_TOKEN_FILE=str(file))
    port = operators_port(server)
    assert ask(port, "/metrics").status == 401
    assert ask(port, "/metrics", Authorization=basic(f"{TOKEN}, all of it")).status == 200
    assert ask(port, "/metrics", Authorization=basic(TOKEN)).status == 401
    assert ask(server, "/metrics", Authorization=basic(f"{TOKEN}, all of it")).status == 404


def test_without_a_token_they_are_for_this_machine_alone(idle: Server, tmp_path: Path) -> None:
    for path in OWN:
        assert ask(idle, path).status == 200
        for header in ("X_Forwarded_For", "X_Forwarded_Proto", "Forwarded", "Via", "X_Real_IP", "CF_Connecting_IP"):
            answer = ask(idle, path, **{header: "203.0.113.9"})
            assert (answer.status, "UNISON_ADMIN_TOKEN, or UNISON_ADMIN_PORT" in answer.error) == (403, True)
    with fronted("haproxy", idle.port, tmp_path / "haproxy", "option forwardfor") as front:
        assert ask(front, "/metrics").status == 403
        assert ask(front, "/healthz").status == 200


def test_behind_a_proxy_that_hides_itself_the_public_name_tells(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(UNISON_PUBLIC_URL="https://unison.example")
    with fronted("nginx", server.port, tmp_path / "nginx", "proxy_set_header Host $host;") as front:
        assert ask(front, "/metrics", Host="unison.example").status == 403
    assert ask(server, "/metrics").status == 200
    server.until_logged("A proxy on this machine may let others in: set UNISON_ADMIN_PORT")


def test_what_the_public_is_told_has_none_of_the_operators_numbers(idle: Server) -> None:
    told, all_of_it = get_json(idle, "/api/stats"), get_json(idle, "/status.json")
    assert set(all_of_it) - set(told) == {"filters", "backlog_bytes", "plays_waiting", "lag_s", "recent", "problems"}


def test_over_a_unix_socket_a_host_header_does_not_make_an_operator() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    environ = {"gunicorn.socket": ours, "HTTP_HOST": "localhost:9000", "SERVER_PORT": "9000"}
    with ours, theirs:
        assert not is_their_listener(environ, Settings(admin_port=9000))
    assert not is_their_listener({"SERVER_PORT": "9000"}, Settings(admin_port=9000)), "of another server than gunicorn"
    tcp = SimpleNamespace(family=socket.AF_INET, getsockname=lambda: ("127.0.0.1", 9000))
    assert is_their_listener({"gunicorn.socket": tcp}, Settings(admin_port=9000))


def test_a_port_that_is_in_use_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1, port {port}: .*with UNISON_ADMIN_PORT"):
            Server(tmp_path / "data", {"UNISON_ADMIN_PORT": str(port)})
