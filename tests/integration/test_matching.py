"""Matching, in a process of its own: what becomes of the others when it is lost, and of it when its server ends."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.children import child_of, until_gone
from tests.integration.ingest_client import play, send
from tests.serving import Server, get_json, get_text, stream
from webapp.engine.matchingprocess import MatchingProcess
from webapp.storage.history import FILE_NAME

MODULE = "webapp.engine.matching"
SOON_S = 20.0


def met(server: Server, title: str) -> bool:
    """Send two plays of a song, and tell whether a viewer is shown that they met."""
    with stream(server) as viewer:
        viewer.next(SOON_S)
        track = {"artist": "The Harbour Lamps", "title": title}
        for listener, city, country in (("ann", "Osaka", "JP"), ("bob", "Recife", "BR")):
            sent = play(track=track, listener=f"{listener} {title}", place={"city": city, "country": country})
            assert send(server, [sent]).json["accepted"] == 1
        try:
            viewer.connection_of(title, SOON_S)
        except TimeoutError:
            return False
        return True


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    """A server that loses its matching again and again."""
    return serve_shared()


def test_a_server_whose_matching_is_lost_goes_on_with_another(server: Server) -> None:
    assert met(server, "Before")
    first = child_of(server, MODULE)
    os.kill(first, signal.SIGTERM)
    assert met(server, "Nonetheless"), "what ends a service's processes together is the server's business"
    assert child_of(server, MODULE) == first
    assert os.getpgid(first) != os.getpgid(server.process.pid), "nor has Ctrl-C to do with it"
    os.kill(first, signal.SIGKILL)
    server.until_logged("the matching process died")
    assert met(server, "After")
    assert child_of(server, MODULE) != first
    assert "Traceback" not in server.log


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP])
def test_plays_that_were_answered_are_matched_by_the_process_that_takes_over(
    server: Server, title: str, signum: signal.Signals
) -> None:
    assert met(server, f"Before {title}")
    before = get_json(server, "/api/stats")["total"]
    track = {"artist": "The Harbour Lamps", "title": title}
    with stream(server) as viewer:
        assert (
            send(server, [play(track=track, listener="ann", place={"city": "Osaka", "country": "JP"})]).json["late"]
            == 0
        )
        os.kill(child_of(server, MODULE), signum)
        assert (
            send(server, [play(track=track, listener="bob", place={"city": "Recife", "country": "BR"})]).json["late"]
            == 0
        )
        viewer.connection_of(title, SOON_S)
    total = get_json(server, "/api/stats")["total"]
    assert [total[name] - before[name] for name in ("plays", "late", "lost")] == [2, 0, 0]
    assert 'unison_plays_lost_total{reason="set_aside"} 0.0' in get_text(server, "/metrics")
    assert "Traceback" not in server.log


def test_a_process_that_is_stuck_costs_no_history(serve: Callable[..., Server]) -> None:
    server = serve()
    assert met(server, "Kept")
    os.kill(child_of(server, MODULE), signal.SIGSTOP)
    assert server.stop() == 0
    assert not (server.data_dir / f"{FILE_NAME}-wal").exists(), "it was closed"
    with closing(sqlite3.connect(server.data_dir / FILE_NAME)) as history:
        assert history.execute("SELECT count(*) FROM connections").fetchone() == (1,)


@pytest.fixture
def matching() -> Iterator[MatchingProcess]:
    made = MatchingProcess(lambda: b"k" * 32, 1_000).start(0)
    yield made
    made.stop()


def test_what_lies_in_the_current_folder_is_none_of_its_modules(
    matching: MatchingProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numbers.py").write_text("raise SystemExit('not the one of the standard library')")
    (tmp_path / "webapp").mkdir()
    (tmp_path / "webapp" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    assert matching.close([], 250, 750).closed_ms == 250


def test_matching_goes_with_its_server_however_that_ends(serve: Callable[..., Server]) -> None:
    for end in (Server.stop, Server.kill):
        server = serve()
        assert met(server, "Once")
        matching = child_of(server, MODULE)
        end(server)
        until_gone(matching)
