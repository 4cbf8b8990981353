"""What all tests share: real servers, whose logs are shown when a test fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.serving import Server

# How long an example takes on a busy machine says nothing about the code; and what chance finds one day is for whoever
# works here, not for the continuous integration of something else.
settings.register_profile(
    "unison",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None if "CI" in os.environ else settings().database,
)
settings.load_profile("unison")

SERVERS = pytest.StashKey[list["Server"]]()
"""Those that a test started with `serve`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the tests ask for the long ones."""
    parser.addoption("--long", action="store_true", help="run the long tests, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests unless they are asked for."""
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Give a function that starts a server: `serve(UNISON_WINDOW_S="2")`; each has a data dir of its own.

    It may have options of `unison serve`, such as `serve("--open-on-loopback")`.
    """
    from tests.serving import Server

    servers: list[Server] = []
    request.node.stash[SERVERS] = servers

    def start(*options: str, data_dir: Path | None = None, **env: str) -> Server:
        folder = data_dir or tmp_path / f"server-{len(servers)}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        server = Server(folder, env, options=options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server with the default settings, an empty history and no viewers."""
    return serve()


@contextmanager
def lasting(folder: Path, *options: str, **env: str) -> Iterator[Server]:
    """Have a server for more than one test."""
    from tests.serving import Server

    server = Server(folder / "data", env, options=options)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def untold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """See `idle`."""
    with lasting(tmp_path_factory.mktemp("untold")) as server:
        yield server


@pytest.fixture
def idle(untold: Server) -> Server:
    """A server that tests share which only ask or look: nobody ever sent it anything."""
    from tests.serving import get_json

    assert get_json(untold, "/api/stats")["total"]["plays"] == 0, "to this server nothing is sent"
    return untold


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the default settings that tests share, one after the other; each sends songs of its own."""
    with lasting(tmp_path_factory.mktemp("common")) as server:
        yield server


@pytest.fixture
def title(request: pytest.FixtureRequest) -> str:
    """The title of a song of this test alone."""
    return f"Song of {request.node.name}"


@pytest.fixture(scope="module")
def serve_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Give a function as `serve` is, whose servers the tests of a module share: one for the same settings."""
    with ExitStack() as stack:

        @cache
        def start(*options: str, **env: str) -> Server:
            return stack.enter_context(lasting(tmp_path_factory.mktemp("shared"), *options, **env))

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the servers' logs into the report of a test that failed."""
    report = yield
    if report.failed:
        given = getattr(item, "funcargs", {}).values()
        servers = item.stash.get(SERVERS, []) + [each for each in given if hasattr(each, "log")]
        for number, server in enumerate(dict.fromkeys(servers)):
            report.sections.append((f"log of server {number} ({server.url})", server.log))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of the continuous integration in which something was skipped: there a missing piece is an error."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"CI skips nothing, and {len(skipped)} were skipped (see below): failed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
