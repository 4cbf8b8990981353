from __future__ import annotations

import os
import socket
import stat
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from webapp import sockets


def test_a_socket_of_this_machine_alone_has_no_address_elsewhere() -> None:
    with sockets.listen_on("127.0.0.1", 0) as listener:
        assert sockets.url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert sockets.urls_elsewhere(listener) == []


@pytest.mark.parametrize(("host", "here"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("[::]", "[::1]")])
def test_a_socket_on_all_addresses_is_named_by_one_that_others_reach(
    host: str, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sockets.listen_on(host, 0) as listener:
        port = listener.getsockname()[1]
        assert sockets.url(listener) == f"http://{here}:{port}"
        for url in sockets.urls_elsewhere(listener):  # none where the machine has no network
            assert urlsplit(url).port == port
            assert not ip_address(urlsplit(url).hostname or "").is_loopback

        def no_network(*_: object) -> None:
            raise OSError("no route")

        monkeypatch.setattr(socket.socket, "connect", no_network)
        assert sockets.urls_elsewhere(listener) == []


def test_all_addresses_of_ipv6_are_those_of_ipv4_too() -> None:
    with sockets.listen_on("::", 0) as listener:
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, listener.getsockname()[1]), timeout=10).close()


def test_a_name_of_both_families_is_bound_to_its_ipv4_address() -> None:
    with sockets.listen_on("localhost", 0) as listener:
        assert sockets.url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_an_address_of_ipv6_is_printed_in_brackets() -> None:
    with sockets.listen_on("::1", 0) as listener:
        assert sockets.url(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_an_address_that_cannot_be_had_is_told_in_a_sentence() -> None:
    with (
        sockets.listen_on("127.0.0.1", 0) as taken,
        pytest.raises(OSError, match=r"^cannot listen on 127\.0\.0\.1, port \d+: Address .* in use; set another"),
    ):
        sockets.listen_on("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(OSError, match=r"^cannot listen on no\.such\.invalid, port 0: "):
        sockets.listen_on("no.such.invalid", 0)


@pytest.mark.parametrize("mode", [0o660, 0o600, 0o666])
def test_a_unix_socket_has_the_permissions_that_are_asked_for(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "unison.sock"
    mask = os.umask(0o022)
    with sockets.listen_at(path, mode) as listener:
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert sockets.url(listener) == f"unix:{path}"
        assert sockets.urls_elsewhere(listener) == []
        assert os.umask(mask) == 0o022
        sockets.close_and_remove(listener)
    assert not path.exists()


def test_a_unix_socket_that_a_server_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "unison.sock"
    sockets.listen_at(path, 0o660).close()
    assert path.is_socket()
    with sockets.listen_at(path, 0o660), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_unix_socket_on_which_somebody_listens_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "unison.sock"
    with sockets.listen_at(path, 0o660), socket.socket(socket.AF_UNIX) as client:
        with pytest.raises(OSError, match=r"another server is listening there; set another with --uds"):
            sockets.listen_at(path, 0o660)
        client.connect(str(path))


@pytest.mark.parametrize(
    ("name", "says"),
    [("notes.txt", "not a socket"), ("no-folder/unison.sock", "No such file"), ("x" * 200, "path too long")],
)
def test_a_path_that_cannot_be_a_socket_is_told_and_left_alone(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OSError, match=f"^cannot listen on .*{says}"):
        sockets.listen_at(tmp_path / name, 0o660)
    assert (tmp_path / "notes.txt").read_text() == "mine"
