"""The websocket's upgrade over a socket pair, as gunicorn and as werkzeug's server ask for it.

What it relies on of other libraries is held here: see `webapp/web/websocket.py`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request

from webapp.web import websocket

HEADERS = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Extensions": "permessage-deflate",
    "Sec-WebSocket-Protocol": "chat, ü",
}
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The answer to that key, as RFC 6455, 1.3, has it."""


class Joined:
    """What `admit` returned was called with: one viewer's socket, and what to call once it is closed."""

    sock: Any = None
    on_close: Callable[[], None]

    def __init__(self) -> None:
        self.happened = threading.Event()

    def __call__(self, sock: Any, on_close: Callable[[], None]) -> None:
        self.sock, self.on_close = sock, on_close
        self.happened.set()

    def close(self) -> None:
        """Close as the hub does."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.on_close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end of a connection, and the client's."""
    server, client = socket.socketpair()
    with server, client:
        client.settimeout(10)
        yield server, client


@pytest.fixture(params=["gunicorn", "werkzeug"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which server has the connection."""
    return str(request.param)


def asked(admit: websocket.Admit, kind: str, sock: socket.socket, headers: dict[str, str]) -> tuple[int, bytes] | None:
    """Ask an application for the websocket; return the status and body of its answer, None if it gives none."""
    app = Flask("test")
    websocket.route(app, "/stream", admit)
    environ = EnvironBuilder("/stream", headers=Headers(headers)).get_environ()
    environ |= {f"{kind}.socket": sock, "SERVER_PROTOCOL": "HTTP/1.1"}
    try:
        body, status, _ = run_wsgi_app(app.wsgi_app, environ)
    except StopIteration:
        return None
    return int(status[:3]), b"".join(body)


def head(client: socket.socket) -> list[bytes]:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += client.recv(1)
    return data.lower().splitlines()


def test_a_websocket_is_accepted_without_extensions_and_only_the_hub_reads_and_writes_it(
    kind: str, ends: tuple[socket.socket, socket.socket]
) -> None:
    joined, (server, client) = Joined(), ends
    threads = threading.active_count()
    asking = threading.Thread(target=asked, args=(lambda _: joined, kind, server, HEADERS))
    asking.start()
    status, *lines = head(client)
    assert status.startswith(b"http/1.1 101 ")
    assert b"sec-websocket-accept: " + ACCEPT.lower() in lines
    assert not [line for line in lines if line.startswith((b"sec-websocket-extensions", b"sec-websocket-protocol"))]
    assert joined.happened.wait(10)
    assert threading.active_count() <= threads + 1
    client.sendall(b"for the hub")
    joined.sock.setblocking(True)
    assert joined.sock.recv(100) == b"for the hub"
    joined.sock.sendall(b"from the hub")
    joined.close()
    asking.join(10)
    assert not asking.is_alive()
    with client.makefile("rb") as rest:
        assert rest.read() == b"from the hub", "the handler waits, and nobody else says goodbye"


def test_a_refusal_is_an_ordinary_answer(kind: str, ends: tuple[socket.socket, socket.socket]) -> None:
    def full(_: Request) -> websocket.Join:
        raise ServiceUnavailable("too many viewers")

    assert asked(full, kind, ends[0], HEADERS) == (503, b'{"error":"too many viewers"}\n')


def test_what_cannot_become_a_websocket_is_refused_before_it_is_admitted(
    kind: str, ends: tuple[socket.socket, socket.socket]
) -> None:
    def never(_: Request) -> websocket.Join:
        raise AssertionError

    answer = asked(never, kind, ends[0], HEADERS | {"Sec-WebSocket-Key": "short"})
    assert answer == (400, b"Sec-WebSocket-Key must be 16 bytes in base64\n")
