from collections.abc import Iterator

import pytest

from tests.integration.hub_serving import COMMANDS, HubServer, Start


@pytest.fixture(params=COMMANDS)
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Give a function that serves the hub alone, under gunicorn's gevent worker and under werkzeug's threads."""
    servers: list[HubServer] = []

    def start(**options: float) -> HubServer:
        servers.append(HubServer(request.param, **options))
        return servers[-1]

    yield start
    for server in servers:
        print(server.kill())
