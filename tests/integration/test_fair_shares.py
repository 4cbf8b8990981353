"""Viewers and filters are shared by address: a real server, and clients whose addresses a trusted proxy tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.serving import Server, get_text
from tests.waiting import until
from webapp.gazetteerdata import load_gazetteer

MANY, OTHER, STRANGER = "198.51.100.1", "198.51.100.2", "203.0.113.3"
FILTERS = [f"city={load_gazetteer()[number].geoname_id}" for number in range(30)]


def come(stack: ExitStack, server: Server, address: str, query: str = "", **headers: str) -> ClientConnection:
    """Open the stream from an address, and wait for hello."""
    given = {"X-Forwarded-For": address, **headers}
    url = f"{server.ws_url}/stream?{query}"
    viewer = stack.enter_context(connect(url, additional_headers=given, compression=None, open_timeout=30))
    assert json.loads(viewer.recv(timeout=30))["type"] == "hello"
    return viewer


def come_in(
    stack: ExitStack, server: Server, address: str, queries: list[str], **headers: str
) -> list[ClientConnection]:
    """Open one stream for each query until one is refused with 503 and a time to come back."""
    viewers: list[ClientConnection] = []
    for query in queries:
        try:
            viewers.append(come(stack, server, address, query, **headers))
        except InvalidStatus as refused:
            answer = refused.response
            told = answer.status_code, int(answer.headers["Retry-After"]) > 0
            return viewers if told == (503, True) else []
    return viewers


def last_words(viewer: ClientConnection) -> tuple[str, int | None]:
    """Return the type of the last message that a viewer gets, and the code that it is closed with."""
    kind = ""
    with suppress(ConnectionClosed):
        while True:
            kind = json.loads(viewer.recv(timeout=30))["type"]
    return kind, viewer.close_code


@pytest.fixture
def server(serve_shared: Callable[..., Server]) -> Server:
    """A server with few places, all of them free."""
    server = serve_shared(UNISON_FILTERS_MAX="4", UNISON_VIEWERS_MAX="10", UNISON_TRUSTED_PROXIES="127.0.0.1")
    until(lambda: "unison_viewers 0.0" in get_text(server, "/metrics"))
    return server


def test_one_address_takes_half_of_the_filters_and_a_stranger_finds_one(server: Server) -> None:
    with ExitStack() as stack:
        assert len(come_in(stack, server, MANY, FILTERS)) == 2
        come(stack, server, STRANGER, FILTERS[-1])


def test_where_all_filters_are_taken_the_newest_of_the_address_with_most_goes_with_a_bye(server: Server) -> None:
    with ExitStack() as stack:
        many = come_in(stack, server, MANY, FILTERS[:2])
        for number, address in enumerate((OTHER, "2001:db8:1:2::3")):
            come(stack, server, address, FILTERS[10 + number])
        come(stack, server, STRANGER, FILTERS[20])
        assert last_words(many[-1]) == ("bye", 1001)
        assert come_in(stack, server, "2001:db8:1:2:ffff::4", [FILTERS[21]]) == [], "a /64 of IPv6 is one address"


@pytest.mark.parametrize("origin", [{}, {"Origin": "null"}])
def test_one_address_takes_half_of_the_places_and_a_stranger_finds_one(server: Server, origin: dict[str, str]) -> None:
    with ExitStack() as stack:
        assert len(come_in(stack, server, MANY, [""] * 20, **origin)) == 5
        come(stack, server, STRANGER)


def test_an_untrusted_peer_is_one_address_whatever_it_forwards_and_loopback_is_free(
    serve: Callable[..., Server],
) -> None:
    server = serve(UNISON_VIEWERS_MAX="10", UNISON_TRUSTED_PROXIES="192.0.2.1")
    with ExitStack() as stack:
        assert len(come_in(stack, server, "203.0.113.1", [""] * 20)) == 10
