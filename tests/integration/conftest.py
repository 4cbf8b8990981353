from collections.abc import Iterator

import pytest

from tests.integration.hub_serving import COMMANDS, HubServer, Start
from tests.serving import FlaskServer


@pytest.fixture(scope="session")
def flask_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskServer]:
    """The application under Flask's own server, for all tests; each sends songs of its own."""
    server = FlaskServer(tmp_path_factory.mktemp("flask") / "data")
    yield server
    server.kill()


@pytest.fixture(params=COMMANDS)
def start(request: pytest.FixtureRequest, shared_hub_servers: dict[str, HubServer]) -> Iterator[Start]:
    """Give a function that serves the hub alone, under gunicorn's gevent worker and under werkzeug's threads.

    Without options it gives a server that tests share, one after the other; with options a new one.
    """
    servers: list[HubServer] = []

    def start(**options: float) -> HubServer:
        if not options:
            if request.param not in shared_hub_servers:
                shared_hub_servers[request.param] = HubServer(request.param)
            server = shared_hub_servers[request.param]
            server.until(lambda stats: stats["gone"] == stats["joined"])
            server.post("/reset")
            return server
        servers.append(HubServer(request.param, **options))
        return servers[-1]

    yield start
    for server in servers:
        print(server.kill())


@pytest.fixture(scope="session")
def shared_hub_servers() -> Iterator[dict[str, HubServer]]:
    """Servers by kind, filled as they are first asked for."""
    servers: dict[str, HubServer] = {}
    yield servers
    for server in servers.values():
        server.kill()
