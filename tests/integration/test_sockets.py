"""What a server listens on: a Unix socket, and the addresses of IPv6."""

from __future__ import annotations

import json
import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.unix_serving import UnixServer, ask, watch
from tests.serving import Server, clean_environment, console_script, get_json, post_plays, stream

PLAYS = [
    {"track": {"title": "Slow Lighthouse", "artist": "Marisol Vey"}, "listener": who, "place": {"geoname_id": place}}
    for who, place in [("a", 1853909), ("b", 3390760)]
]


@pytest.fixture(scope="module")
def unix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnixServer]:
    env = {"UNISON_TOKENS": "secret", "UNISON_VIEWERS_PER_ADDRESS": "1"}
    server = UnixServer(tmp_path_factory.mktemp("unix") / "data", env)
    yield server
    server.kill()


def test_the_stream_works_over_a_unix_socket(unix: UnixServer) -> None:
    with watch(unix.path) as viewer:
        assert json.loads(viewer.recv(10))["type"] == "hello"
        status, answer = ask(unix.path, "/api/plays", "POST", PLAYS, {"Authorization": "Bearer secret"})
        assert (status, json.loads(answer)["accepted"]) == (202, 2)
        while not (found := json.loads(viewer.recv(10)).get("connections")):
            pass
    assert found[0]["track"]["title"] == "Slow Lighthouse"
    assert ask(unix.path, "/")[0] == 200


def test_over_a_unix_socket_limits_are_by_the_forwarded_address(unix: UnixServer) -> None:
    def seen(address: str) -> dict[str, str]:
        return {"X_Forwarded_For": f"192.0.2.66, {address}"}

    with watch(unix.path, **seen("2001:db8:1:2::3")) as viewer:
        viewer.recv(10)
        with pytest.raises(InvalidStatus) as refused:
            watch(unix.path, **seen("2001:db8:1:2:ffff::4"))
        assert refused.value.response.status_code == 429
        for other in (seen("198.51.100.2"), {}, {}):  # of a program of this machine without a bound
            with watch(unix.path, **other) as another:
                another.recv(10)


def test_a_unix_socket_answers_to_our_names_only(unix: UnixServer) -> None:
    status, answer = ask(unix.path, "/api/stats", headers={"Host": "rebound.example"})
    assert (status, "UNISON_HOSTS" in answer) == (421, True)
    assert ask(unix.path, "/healthz", headers={"Host": "rebound.example"})[0] == 200


def test_a_unix_socket_is_for_user_and_group_and_goes_with_the_server(tmp_path: Path) -> None:
    server = UnixServer(tmp_path / "data")
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o660
    assert server.url == str(server.path)
    server.kill()
    assert server.path.is_socket()  # nobody was left to remove it
    server.start(0)
    assert ask(server.path, "/healthz")[0] == 200
    assert server.stop() == 0
    assert not server.path.exists()


def refused(*arguments: str) -> str:
    """Return what `unison serve` says when it does not start."""
    command = [console_script(), "serve", *arguments]
    ended = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    return ended.stderr


def test_a_second_server_on_a_unix_socket_is_told_so_and_the_first_goes_on(unix: UnixServer, tmp_path: Path) -> None:
    said = refused("--uds", str(unix.path), "--data-dir", str(tmp_path))
    assert f"cannot listen on {unix.path}: another server is listening there" in said
    other = tmp_path / "other.sock"
    assert "is in use by another Unison server" in refused("--uds", str(other), "--data-dir", str(unix.data_dir))
    assert not other.exists()
    assert ask(unix.path, "/healthz")[0] == 200


def test_a_unix_socket_stands_in_place_of_host_and_port(tmp_path: Path) -> None:
    assert "--uds cannot be combined with --host or --port" in refused("--uds", str(tmp_path / "a.sock"), "--port", "0")
    assert "expected permissions such as 660" in refused("--uds", str(tmp_path / "a.sock"), "--uds-mode", "rw")


class BothFamilies(Server):
    """A server on all addresses of IPv6 and IPv4."""

    host = "::"


def test_all_addresses_are_of_both_families_and_printed_in_brackets(tmp_path: Path) -> None:
    server = BothFamilies(tmp_path / "data", {"UNISON_OPEN_INGEST": "1"})
    try:
        assert re.fullmatch(r"http://\[::1\]:\d+", server.url)
        with stream(server) as viewer:
            post_plays(server, PLAYS)
            assert viewer.connections(1)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(b"GET /api/stats HTTP/1.0\r\n\r\n")
            assert b" 200 " in connection.recv(100)
        assert "http://[::1]" in server.log
    finally:
        server.kill()


def test_links_to_ipv6_loopback_have_its_brackets(tmp_path: Path) -> None:
    class Loopback(Server):
        host = "::1"

    server = Loopback(tmp_path / "data")
    try:
        described = get_json(server, f"/oembed?url={server.url}/embed")
        assert described["provider_url"] == f"{server.url}/"
        assert f'src="{server.url}/embed"' in described["html"]
    finally:
        server.kill()


def test_a_proxy_that_forwards_browsers_over_a_unix_socket_without_their_address_is_said(tmp_path: Path) -> None:
    server = UnixServer(tmp_path / "data")

    def warnings() -> list[str]:
        found: list[str] = json.loads(ask(server.path, "/readyz")[1])["warnings"]
        return found

    try:
        ask(server.path, "/api/stats")  # as a program of this machine may
        ask(server.path, "/api/stats", headers={"Sec-Fetch-Site": "none", "X-Forwarded-For": "198.51.100.2"})
        assert warnings() == []
        ask(server.path, "/api/stats", headers={"Sec-Fetch-Site": "none"})
        assert ["have the proxy send X-Forwarded-For" in sentence for sentence in warnings()] == [True]
    finally:
        server.kill()
