import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.hub_serving import COMMANDS, HubServer, Start
from tests.serving import FlaskServer


@pytest.fixture(scope="session")
def flask_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskServer]:
    """The application under Flask's development server, shared by all tests; each sends different songs."""
    server = FlaskServer(tmp_path_factory.mktemp("flask") / "data")
    yield server
    server.kill()


@pytest.fixture(params=COMMANDS)
def start(request: pytest.FixtureRequest, shared_hub_servers: dict[str, HubServer]) -> Iterator[Start]:
    """Return a function that serves only the hub, under gunicorn's gevent worker and under werkzeug's threads.

    Without options it returns a server that tests share, one after the other; with options a new one.
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
    """Shared servers by kind, started at their first use."""
    servers: dict[str, HubServer] = {}
    yield servers
    for server in servers.values():
        server.kill()


@pytest.fixture(scope="session")
def library() -> str:
    """Where libfaketime is; `scripts/test` installs it where it can."""
    found = [os.environ.get("LIBFAKETIME", ""), *map(str, Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))]
    there = [path for path in found if path and Path(path).exists()]
    assert there, "these tests need libfaketime: apt install libfaketime, or name the library with LIBFAKETIME"
    return there[0]
