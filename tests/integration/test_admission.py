"""Who may come in, and what those who only half come in cost the others: a real server, raw sockets."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.serving import Server, get_text, stream
from tests.waiting import until

HALF_OPEN = 200
HEADERS_S = 15.0
"""How long the server waits for the rest of a request's head."""


def visit(server: Server, **headers: str) -> ClientConnection:
    """Open the stream as a page or behind a proxy would."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return connect(f"{server.ws_url}/stream", additional_headers=names, compression=None)


def refusal(server: Server, **headers: str) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as refused, visit(server, **headers):
        pass
    return refused.value


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    """A server of a site, with few places."""
    return serve_shared(
        UNISON_HOSTS="radio.example",
        UNISON_FRAME_ANCESTORS="https://radio.example",
        UNISON_VIEWERS_MAX="8",
        UNISON_VIEWERS_PER_ADDRESS="2",
        UNISON_TRUSTED_PROXIES="127.0.0.1",
    )


def test_a_page_of_another_site_may_not_watch_and_is_told_what_would_allow_it(server: Server) -> None:
    for origin in (server.url, "https://radio.example"):
        with visit(server, Origin=origin):
            pass
    answer = refusal(server, Origin="https://elsewhere.example").response
    assert answer.status_code == 403
    assert "UNISON_HOSTS" in (answer.body or b"").decode()


def test_a_frame_without_an_origin_may_watch_where_anybody_may_frame_an_embed(server: Server, common: Server) -> None:
    assert refusal(server, Origin="null").response.status_code == 403
    with visit(common, Origin="null") as viewer:
        assert "hello" in str(viewer.recv(timeout=10))


def test_a_crowd_that_comes_at_once_finds_no_more_places_than_there_are(server: Server) -> None:
    until(lambda: "unison_viewers 0.0" in get_text(server, "/metrics"))

    async def come() -> int:
        async with AsyncExitStack() as stack:
            coming = (async_connect(f"{server.ws_url}/stream?country=BR", compression=None) for _ in range(40))
            came = await asyncio.gather(*map(stack.enter_async_context, coming), return_exceptions=True)
            viewers = [viewer for viewer in came if not isinstance(viewer, BaseException)]
            said = await asyncio.gather(*(viewer.recv() for viewer in viewers), return_exceptions=True)
            return sum(isinstance(message, str) for message in said)

    assert asyncio.run(come()) == 8


def test_an_address_has_so_many_viewers_and_its_places_are_free_again(server: Server) -> None:
    until(lambda: "unison_viewers 0.0" in get_text(server, "/metrics"))
    with visit(server, X_Forwarded_For="198.51.100.1"):
        with visit(server, X_Forwarded_For="192.0.2.1, 198.51.100.1"):
            answer = refusal(server, X_Forwarded_For="198.51.100.1").response
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)
            with visit(server, X_Forwarded_For="198.51.100.2"), stream(server), stream(server), stream(server):
                pass  # another address, and this machine
        until(lambda: comes_in(server, "198.51.100.1"), 5)  # to the place of the one who left


def comes_in(server: Server, address: str) -> bool:
    try:
        with visit(server, X_Forwarded_For=address):
            return True
    except InvalidStatus:
        return False


@pytest.fixture
def half_open(server: Server) -> Iterator[list[socket.socket]]:
    """Connections of clients that never finish their handshakes."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(HALF_OPEN)]
        for sock in sockets[: HALF_OPEN // 2]:
            sock.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n")
        yield sockets


def test_handshakes_that_never_end_cost_the_viewers_nothing_and_are_cut(
    server: Server, half_open: list[socket.socket]
) -> None:
    began = time.monotonic()
    with stream(server) as viewer:
        while time.monotonic() - began < HEADERS_S + 2:
            assert viewer.next()["type"] == "connections"
            for sock in half_open[: HALF_OPEN // 4]:
                try:
                    sock.sendall(b"X-Another: one\r\n")
                except OSError:
                    continue  # it was cut
    for sock in half_open:
        sock.settimeout(5)
        try:
            assert sock.recv(1) == b""
        except ConnectionError:
            continue
