"""What one stranger can do to everybody else: the bench, short, and with room for a slow machine."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.hostile import Limited, Seen, suffer
from bench.hostile_attacks import ATTACKS, Named
from bench.hostile_target import TOKEN
from bench.memory import family

from tests.fronting import fronted
from tests.serving import ask, stream

SECONDS = 8.0
"""How long an attack takes; whoever had to wait for it would wait so long."""
HEALTH_S, GAP_S, GROWTH_MB = 5.0, 6.0, 150.0
SETTINGS = {"UNISON_TOKENS": TOKEN, "UNISON_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    server = Limited(tmp_path_factory.mktemp("hostile") / "data", SETTINGS, None)
    yield server
    server.kill()
    print(server.log)


def suffered(server: Limited, *words: str, through: int | None = None) -> Seen:
    """Return what viewers saw while all attacks whose names have one of these words were made at once."""
    attacks: list[Named] = [attack for attack in ATTACKS if any(word in attack.name for word in words)]
    assert attacks
    return asyncio.run(suffer(server, attacks, SECONDS, through))


def held(server: Limited, seen: Seen) -> bool:
    """Tell whether nobody else noticed much, and nothing broke."""
    assert "Traceback" not in server.log
    assert (seen.lost, seen.said) == (0, [])
    assert seen.most_mb - seen.calm_mb < GROWTH_MB
    return seen.health_s < HEALTH_S and seen.gap_s < GAP_S


def test_bodies_that_never_end_keep_nobody_waiting(server: Limited) -> None:
    assert held(server, suffered(server, "endless"))


def test_bodies_that_never_end_keep_nobody_waiting_through_haproxy_either(server: Limited, tmp_path: Path) -> None:
    with fronted("haproxy", server.port, tmp_path / "front") as front:
        assert held(server, suffered(server, "endless", through=front.port))


def test_long_headers_and_large_refused_bodies_keep_nobody_waiting(server: Limited) -> None:
    assert held(server, suffered(server, "headers", "refused bodies"))


def test_pages_asked_for_on_twelve_connections_keep_nobody_waiting(server: Limited) -> None:
    assert held(server, suffered(server, "twelve"))


def test_lines_with_nothing_in_them_keep_nobody_waiting(server: Limited) -> None:
    assert held(server, suffered(server, "{} lines"))


def test_at_the_limit_of_files_idle_connections_go_for_others_and_viewers_are_refused(tmp_path: Path) -> None:
    server = Limited(tmp_path / "data", SETTINGS, 256)
    try:
        assert held(server, suffered(server, "files", "file limit"))
        assert ask(server, "/readyz").status in (200, 503), "an answer, whatever a busy machine makes of it"
    finally:
        server.kill()
        print(server.log)


def test_while_no_file_can_be_had_viewers_watch_on_and_the_next_connection_waits(server: Limited) -> None:
    worker = family(server.process.pid)[1]
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    with stream(server) as viewer:
        viewer.next()  # so matching has begun
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (1, limits[1]))
        try:
            with socket.create_connection(("127.0.0.1", server.port)):
                assert [viewer.next()["type"] for _ in range(3)] == ["connections"] * 3
        finally:
            resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
        assert ask(server, "/healthz").status == 200
    assert "Traceback" not in server.log
