from __future__ import annotations

import socket
import subprocess
import sys
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest

from webapp.cli import _url, _url_elsewhere


def test_a_socket_of_this_machine_alone_has_no_address_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert _url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert _url_elsewhere(listener) is None


def test_a_socket_on_all_addresses_is_named_by_one_that_others_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        assert _url(listener) == f"http://127.0.0.1:{port}"
        if url := _url_elsewhere(listener):  # none where the machine has no network
            assert urlsplit(url).port == port
            assert not ip_address(urlsplit(url).hostname or "").is_loopback

        def no_network(*_: object) -> None:
            raise OSError("no route")

        monkeypatch.setattr(socket.socket, "connect", no_network)
        assert _url_elsewhere(listener) is None


def test_the_package_is_run_as_the_command_is() -> None:
    asked = subprocess.run([sys.executable, "-m", "webapp", "--version"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("unison, version ")
