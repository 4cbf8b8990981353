"""Fixtures of all tests: real servers, whose logs are shown when a test fails."""

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

# An example's time on a busy machine says nothing about the code. And random examples are for developers, not for the
# continuous integration of an unrelated change.
settings.register_profile(
    "unison",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None if "CI" in os.environ else settings().database,
)
settings.load_profile("unison")

SERVERS = pytest.StashKey[list["Server"]]()
"""The servers that a test started with `serve`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --long."""
    parser.addoption("--long", action="store_true", help="run the long tests, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slow tests first, and deselect the long ones without --long."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server: `serve(UNISON_WINDOW_S="2")`; each has its own data folder.

    It takes options of `unison serve`, too, such as `serve("--open-on-loopback")`.
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
    """Run a server for several tests."""
    from tests.serving import Server

    server = Server(folder / "data", env, options=options)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """See `idle`."""
    with lasting(tmp_path_factory.mktemp("untouched")) as server:
        yield server


@pytest.fixture
def idle(untouched: Server) -> Server:
    """A shared server for tests that only read: nothing was ever sent to it."""
    from tests.serving import get_json

    assert get_json(untouched, "/api/stats")["total"]["plays"] == 0, "to this server nothing is sent"
    return untouched


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the default settings, shared by tests one after the other; each sends different songs."""
    with lasting(tmp_path_factory.mktemp("common")) as server:
        yield server


@pytest.fixture
def title(request: pytest.FixtureRequest) -> str:
    """A song's title that no other test uses."""
    return f"Song of {request.node.name}"


@pytest.fixture(scope="module")
def serve_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Return a function like `serve`; the tests of a module share its servers, one for each set of settings."""
    with ExitStack() as stack:

        @cache
        def start(*options: str, **env: str) -> Server:
            return stack.enter_context(lasting(tmp_path_factory.mktemp("shared"), *options, **env))

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the servers' logs to the report of a failed test."""
    report = yield
    if report.failed:
        given = getattr(item, "funcargs", {}).values()
        servers = item.stash.get(SERVERS, []) + [each for each in given if hasattr(each, "log")]
        for number, server in enumerate(dict.fromkeys(servers)):
            report.sections.append((f"log of server {number} ({server.url})", server.log))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the continuous integration if a test was skipped: there a missing tool is an error."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"CI skips nothing, and {len(skipped)} were skipped (see below): failed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
