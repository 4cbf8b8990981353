"""nginx, Caddy and HAProxy before a server, each with the configuration that docs/operations.md has."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import lasting
from tests.integration.unix_serving import UnixServer
from tests.publicproxies import Proxy, Viewer, running, write_pem
from tests.serving import ROOT, Server

NAME, PREFIX, TOKEN = "example.org", "/music/globe", "a-token-for-tests"
ENV = {
    "UNISON_PUBLIC_URL": f"https://{NAME}{PREFIX}",
    "UNISON_TOKENS": TOKEN,
    "UNISON_VIEWERS_PER_ADDRESS": "1",
    "UNISON_SHOWN_PER_S": "0",
}


def configuration(name: str, *, unix: bool) -> str:
    """Return the configuration that the documentation has, with the lines for a Unix socket if they are wanted."""
    (text,) = re.findall(rf"```{name}\n(.*?)```", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.DOTALL)
    return re.sub(r"^.*\n( *)# or: (.*)$", r"\1\2", text, flags=re.MULTILINE) if unix else text


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pem(tmp_path_factory.mktemp("tls") / "unison.pem", NAME)


@pytest.fixture(scope="module")
def on_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with lasting(tmp_path_factory.mktemp("port"), **ENV, UNISON_TRUSTED_PROXIES="127.0.0.1") as server:
        yield server


@pytest.fixture(scope="module")
def on_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnixServer]:
    server = UnixServer(tmp_path_factory.mktemp("socket") / "data", ENV)
    yield server
    server.kill()


@pytest.fixture(params=["nginx", "caddy", "haproxy"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("unix", [False, True], ids=["port", "socket"])
def test_page_plays_stream_and_limits_work_behind_a_proxy_as_documented(
    name: str, unix: bool, on_port: Server, on_socket: UnixServer, pem: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    text = configuration(name, unix=unix).replace("/etc/ssl/unison.pem", str(pem))
    text = re.sub(r"(listen |example\.org:|bind :)443", rf"\g<1>{port}", text)
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{on_port.port}")
    text = text.replace("/run/unison/unison.sock", str(on_socket.path))
    if name == "caddy":  # which would also listen on port 80, and take commands on port 2019
        text = "{\n    auto_https off\n    admin off\n}\n" + text
    proxy = Proxy(f"{NAME}{PREFIX}", port, pem)
    with running(name, text, port, tmp_path):
        check_pages(proxy)
        with proxy.watch() as viewer:
            assert viewer.receive()["type"] == "hello"
            with pytest.raises(InvalidStatus) as refused, proxy.watch():
                pass
            assert refused.value.response.status_code == 429
            check_plays(proxy, viewer)


def check_pages(proxy: Proxy) -> None:
    status, page = proxy.ask(f"{PREFIX}/")
    (module,) = re.findall(r'<script type="module" src="([^"]+/pages/index\.js)"', page)
    assert (status, module.startswith(f"{PREFIX}/assets/")) == (200, True)
    assert proxy.ask(module)[0] == 200
    assert f'href="https://{NAME}{PREFIX}/oembed?' in page
    assert proxy.ask(f"{PREFIX}/embed/builder", X_Forwarded_Host="rebound.example")[0] == 200
    assert proxy.ask("/")[0] != 200 or "Unison" not in proxy.ask("/")[1]


def check_plays(proxy: Proxy, viewer: Viewer) -> None:
    track = {"title": f"Slow Lighthouse {time.time()}", "artist": "Marisol Vey"}
    plays = [{"track": track, "listener": "a", "place": {"geoname_id": 1853909}}]
    plays += [{"track": track, "listener": "b", "place": {"geoname_id": 3390760}}]
    body = json.dumps(plays).encode()
    assert proxy.ask(f"{PREFIX}/api/plays", "POST", body)[0] == 401
    status, answer = proxy.ask(f"{PREFIX}/api/plays", "POST", body, Authorization=f"Bearer {TOKEN}")
    assert (status, json.loads(answer)["accepted"]) == (202, 2)
    while track["title"] not in [each["track"]["title"] for each in viewer.receive().get("connections", ())]:
        pass
