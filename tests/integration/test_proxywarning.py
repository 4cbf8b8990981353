"""A proxy on the server's machine that its operator did not name in UNISON_TRUSTED_PROXIES."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.serving import Server, ask

SAYS = "set UNISON_TRUSTED_PROXIES to its address (127.0.0.1)"


@pytest.mark.parametrize("header", [{"X_Forwarded_For": "198.51.100.1"}, {"Forwarded": "for=198.51.100.1"}])
def test_a_proxy_that_is_not_trusted_is_said_once_and_in_readyz_and_status(
    serve: Callable[..., Server], header: dict[str, str]
) -> None:
    server = serve()
    ask(server, "/api/stats", Via="1.1 proxy")
    assert ask(server, "/readyz").json == {"status": "ok", "problems": [], "warnings": []}
    for path in ("/api/stats", "/stream", "/healthz"):
        ask(server, path, **header)
    ready = ask(server, "/readyz")
    assert (ready.status, ready.json["status"], ready.json["problems"]) == (200, "degraded", [])
    assert [SAYS in sentence for sentence in ready.json["warnings"]] == [True]
    assert SAYS in ask(server, "/status").text
    server.until_logged(SAYS)
    server.stop()
    assert server.log.count(SAYS) == 1
    assert "198.51.100" not in server.log


def test_a_trusted_proxy_is_nothing_to_speak_of(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_TRUSTED_PROXIES="127.0.0.0/8")
    ask(server, "/api/stats", X_Forwarded_For="198.51.100.1")
    assert ask(server, "/readyz").json["status"] == "ok"
