"""nginx, Caddy and HAProxy with a configuration that is shipped, as a visitor at another machine reaches them."""

from __future__ import annotations

import datetime
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.waiting import until
from webapp.sockets import urls_elsewhere

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


def write_pem(path: Path, host: str) -> Path:
    """Write a new certificate for a host, with its key, and return the path."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(made + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


class Viewer:
    """A viewer in one thread: before Python 3.13, a TLS socket cannot be read in one and written in another."""

    def __init__(self, sock: ssl.SSLSocket, url: str) -> None:
        self._sock, self._frames = sock, list[bytes]()
        self._protocol = ClientProtocol(parse_uri(url))
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
    """A proxy that runs, as a visitor who trusts its certificate reaches it: at an address that is not loopback.

    Args:
        site: what it serves, such as example.org/globe.
        port: where it listens.
        pem: its certificate.
    """

    def __init__(self, site: str, port: int, pem: Path) -> None:
        self.host, self.port, self.tls = own_address(), port, ssl.create_default_context(cafile=str(pem))
        self._site, self._name = site, site.partition("/")[0]

    def ask(
        self, path: str, method: str = "GET", body: Iterable[bytes] | bytes | None = None, **headers: str
    ) -> tuple[int, str]:
        """Send a request and return the status and the text of the answer; `X_Name="..."` becomes a header."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with socket.create_connection((self.host, self.port), timeout=30) as plain:
            connection = http.client.HTTPConnection(self._name, timeout=30)
            connection.sock = self.tls.wrap_socket(plain, server_hostname=self._name)
            with closing(connection):
                connection.request(method, path, body, {"Content-Type": "application/json", **names})
                answer = connection.getresponse()
                return answer.status, answer.read().decode("utf-8", "replace")

    @contextmanager
    def watch(self) -> Iterator[Viewer]:
        """Open the stream during the block."""
        with (
            socket.create_connection((self.host, self.port), timeout=30) as plain,
            self.tls.wrap_socket(plain, server_hostname=self._name) as sock,
        ):
            yield Viewer(sock, f"wss://{self._site}/stream")


@contextmanager
def running(name: str, text: str, port: int, folder: Path, **more: str) -> Iterator[None]:
    """Run nginx, caddy or haproxy with this configuration, and more variables, until it listens on the port."""
    file = folder / f"{name}.conf"
    file.write_text(NGINX.format(folder=folder, text=text) if name == "nginx" else text)
    command = [program(name), *(part.format(file=file, folder=folder) for part in COMMANDS[name])]
    env = {**os.environ, **more, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
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
    """Tell whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def own_address() -> str:
    """Return an address of this machine that is not loopback's: a visitor's at loopback would not be limited."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        urls = urls_elsewhere(listener)
    assert urls, "the tests of limits by address need a network interface beside loopback"
    return urls[0].split("/")[2].split(":")[0]
