"""nginx, Caddy and HAProxy before a server, each with the configuration that docs/operations.md has."""

from __future__ import annotations

import datetime
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.conftest import lasting
from tests.integration.unix_serving import UnixServer
from tests.serving import ROOT, Server
from tests.waiting import until
from webapp.sockets import urls_elsewhere

NAME, PREFIX, TOKEN = "example.org", "/music/globe", "a-token-for-tests"
ENV = {
    "UNISON_PUBLIC_URL": f"https://{NAME}{PREFIX}",
    "UNISON_TOKENS": TOKEN,
    "UNISON_VIEWERS_PER_ADDRESS": "1",
    "UNISON_SHOWN_PER_S": "0",
}
START_S = 30.0
NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{text}
}}
"""
COMMANDS = {
    "nginx": ["-c", "{file}", "-p", "{folder}"],
    "caddy": ["run", "--adapter", "caddyfile", "--config", "{file}"],
    "haproxy": ["-f", "{file}", "-db"],
}


def program(name: str) -> str:
    """Return the program; `scripts/test` looks for it, and installs it where it is not there."""
    found = os.environ.get(name.upper()) or shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"the tests need {name}: on Debian and Ubuntu, apt install {name}"
    return found


def configuration(name: str, *, unix: bool) -> str:
    """Return the configuration that the documentation has, with the lines for a Unix socket if they are wanted."""
    (text,) = re.findall(rf"```{name}\n(.*?)```", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.DOTALL)
    return re.sub(r"^.*\n( *)# or: (.*)$", r"\1\2", text, flags=re.MULTILINE) if unix else text


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that this test made, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    path = tmp_path_factory.mktemp("tls") / "unison.pem"
    path.write_bytes(made + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


@pytest.fixture(scope="module")
def on_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with lasting(tmp_path_factory.mktemp("port"), **ENV, UNISON_TRUSTED_PROXIES="127.0.0.1") as server:
        yield server


@pytest.fixture(scope="module")
def on_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnixServer]:
    server = UnixServer(tmp_path_factory.mktemp("socket") / "data", ENV)
    yield server
    server.kill()


class Viewer:
    """A viewer in one thread: before Python 3.13, a TLS socket cannot be read in one and written in another."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock, self._frames = sock, list[bytes]()
        self._protocol = ClientProtocol(parse_uri(f"wss://{NAME}{PREFIX}/stream"))
        self._protocol.send_request(self._protocol.connect())
        while self._protocol.state is State.CONNECTING and self._protocol.handshake_exc is None:
            self._exchange()
        if self._protocol.handshake_exc:
            raise self._protocol.handshake_exc

    def receive(self) -> Any:
        """Return the next message."""
        while not self._frames:
            self._exchange()
        return json.loads(self._frames.pop(0))

    def _exchange(self) -> None:
        for data in self._protocol.data_to_send():
            self._sock.sendall(data)
        received = self._sock.recv(65_536)
        if received:
            self._protocol.receive_data(received)
        else:
            self._protocol.receive_eof()
        events = self._protocol.events_received()
        self._frames += [bytes(each.data) for each in events if isinstance(each, Frame) and each.opcode is Opcode.TEXT]


class Proxy:
    """A proxy that runs, as a visitor who trusts its certificate reaches it: at an address that is not loopback."""

    def __init__(self, host: str, port: int, pem: Path) -> None:
        self.host, self.port, self.tls = host, port, ssl.create_default_context(cafile=str(pem))

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, str]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with socket.create_connection((self.host, self.port), timeout=30) as plain:
            connection = http.client.HTTPConnection(NAME, timeout=30)
            connection.sock = self.tls.wrap_socket(plain, server_hostname=NAME)
            with closing(connection):
                sent = None if body is None else json.dumps(body)
                connection.request(method, path, sent, {"Content-Type": "application/json", **names})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

    @contextmanager
    def watch(self) -> Iterator[Viewer]:
        with (
            socket.create_connection((self.host, self.port), timeout=30) as plain,
            self.tls.wrap_socket(plain, server_hostname=NAME) as sock,
        ):
            yield Viewer(sock)


@contextmanager
def running(name: str, text: str, port: int, folder: Path) -> Iterator[None]:
    file = folder / f"{name}.conf"
    file.write_text(NGINX.format(folder=folder, text=text) if name == "nginx" else text)
    command = [program(name), *(part.format(file=file, folder=folder) for part in COMMANDS[name])]
    env = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(lambda: listens(port) or process.poll() is not None, START_S, (folder / "log").read_text)
        assert process.poll() is None, (folder / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(30)
        print((folder / "log").read_text())  # shown where the test failed


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def own_address() -> str:
    """Return an address of this machine that is not loopback's: a visitor's at loopback would not be limited."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        urls = urls_elsewhere(listener)
    assert urls, "the tests of limits by address need a network interface beside loopback"
    return urls[0].split("/")[2].split(":")[0]


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
    proxy = Proxy(own_address(), port, pem)
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
    assert proxy.ask(f"{PREFIX}/api/plays", "POST", plays)[0] == 401
    status, answer = proxy.ask(f"{PREFIX}/api/plays", "POST", plays, Authorization=f"Bearer {TOKEN}")
    assert (status, json.loads(answer)["accepted"]) == (202, 2)
    while track["title"] not in [each["track"]["title"] for each in viewer.receive().get("connections", ())]:
        pass
