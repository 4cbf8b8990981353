"""Matching, in a process of its own: what becomes of the others when it is lost, and of it when its server ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.integration.children import child_of, until_gone
from tests.integration.ingest_client import play, send
from tests.serving import Server, stream

MODULE = "webapp.matching"
SOON_S = 20.0


def met(server: Server, title: str) -> bool:
    """Send two plays of a song, and tell whether a viewer is shown that they met."""
    with stream(server) as viewer:
        viewer.next(SOON_S)
        track = {"artist": "The Harbour Lamps", "title": title}
        for listener, city, country in (("ann", "Osaka", "JP"), ("bob", "Recife", "BR")):
            sent = play(track=track, listener=f"{listener} {title}", place={"city": city, "country": country})
            assert send(server, [sent]).json["accepted"] == 1
        while True:
            found = viewer.next(SOON_S).get("connections", [])
            if any(connection["track"]["title"] == title for connection in found):
                return True


def test_a_server_whose_matching_is_lost_goes_on_with_another(serve: Callable[..., Server]) -> None:
    server = serve()
    assert met(server, "Before")
    first = child_of(server, MODULE)
    os.kill(first, signal.SIGTERM)
    assert met(server, "Nonetheless"), "what ends a service's processes together is the server's business"
    assert child_of(server, MODULE) == first
    assert os.getpgid(first) != os.getpgid(server.process.pid), "nor has Ctrl-C to do with it"
    os.kill(first, signal.SIGKILL)
    until_gone(first)
    assert met(server, "After")
    assert child_of(server, MODULE) != first
    assert "matching was lost" in server.log
    assert "Traceback" not in server.log
    assert server.stop() == 0


def test_matching_goes_with_its_server_however_that_ends(serve: Callable[..., Server]) -> None:
    for end in (Server.stop, Server.kill):
        server = serve()
        assert met(server, "Once")
        matching = child_of(server, MODULE)
        end(server)
        until_gone(matching)
