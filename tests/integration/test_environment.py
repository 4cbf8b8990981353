"""A server among variables that look like settings and are none."""

from __future__ import annotations

from collections.abc import Callable

from tests.serving import Server, ask, get_json

OF_KUBERNETES = {
    "UNISON_SERVICE_HOST": "10.0.0.11",
    "UNISON_SERVICE_PORT": "8000",
    "UNISON_PORT": "tcp://10.0.0.11:8000",
    "UNISON_PORT_8000_TCP": "tcp://10.0.0.11:8000",
    "UNISON_PORT_8000_TCP_ADDR": "10.0.0.11",
    "UNISON_ADMIN_PORT": "tcp://10.0.0.12:9100",
}


def test_a_server_starts_among_the_variables_of_kubernetes_and_says_once_which_it_ignores(
    serve: Callable[..., Server],
) -> None:
    server = serve(**OF_KUBERNETES, UNISON_WINDOWS="not-to-be-logged", UNISON_WINDOW_S="2")
    assert get_json(server, "/api/stats")["window_s"] == 2
    assert [server.log.count(name) for name in ("UNISON_PORT,", "UNISON_ADMIN_PORT,", "UNISON_SERVICE_HOST,")] == [
        1
    ] * 3
    assert server.log.count("UNISON_WINDOWS is not a setting; did you mean UNISON_WINDOW_S?") == 1
    assert "not-to-be-logged" not in server.log
    assert ask(server, "/metrics").status == 200, "for a service named unison-admin, no port was opened"
