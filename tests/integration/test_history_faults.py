"""A history in trouble under a running server: the stream goes on, nothing is lost, and it is said what is wrong."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import pytest

from tests import waiting
from tests.conftest import lasting
from tests.earlier import CONNECTIONS, SHARED, unpack
from tests.faults import disk_full, history_damaged, history_deleted, history_locked, no_files
from tests.serving import Server, Stream, ask, authorization, console_script, get_json, stream, wait_until_written
from webapp.storage.history import FILE_NAME

SOON_S = 20.0
OSAKA, RECIFE = 1853909, 3390760

Fault = Callable[[Server], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lives through all of it."""
    with lasting(tmp_path_factory.mktemp("faults")) as server:
        yield server


class Crowd:
    """People who press play, over a connection that is open before anything goes wrong; and a viewer."""

    def __init__(self, server: Server, viewer: Stream) -> None:
        self._viewer = viewer
        self._headers = {"Content-Type": "application/json"} | authorization(server)
        self._http = HTTPConnection("127.0.0.1", server.port, timeout=SOON_S)
        self._http.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def press(self, title: str) -> None:
        """Have two people press play on a song."""
        at = time.time() - 0.2
        plays = [
            {"track": {"title": title, "artist": "Ada"}, "listener": str(city), "place": {"geoname_id": city},
             "pressed_at": at}
            for city in (OSAKA, RECIFE)
        ]  # fmt: skip
        self._http.request("POST", "/api/plays", json.dumps(plays), self._headers)
        answer = self._http.getresponse()
        assert (answer.status, json.loads(answer.read())["accepted"]) == (202, 2)

    def connect(self, title: str) -> str:
        """Have two people press play, and return the id of their connection once the viewer was shown it."""
        self.press(title)
        shown: list[str] = []

        def sees(frame: dict[str, Any]) -> bool:
            shown.extend(each["id"] for each in frame["connections"] if each["track"]["title"] == title)
            return bool(shown)

        self._viewer.until(sees, SOON_S)
        return shown[0]


def until(server: Server, status: str) -> dict[str, list[str]]:
    """Wait until /readyz says so, and return its answer."""
    waiting.until(lambda: ask(server, "/readyz").json["status"] == status, SOON_S, lambda: ask(server, "/readyz").text)
    found: dict[str, list[str]] = get_json(server, "/readyz")
    return found


def metric(server: Server, name: str) -> float:
    """Return the value of a metric without labels."""
    (line,) = (line for line in ask(server, "/metrics").text.splitlines() if line.startswith(f"{name} "))
    return float(line.split()[1])


def next_seq(viewer: Stream) -> int:
    return int(viewer.next()["seq"])


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (disk_full, " cannot be "),
        (history_locked, "database is locked"),
        (no_files, ""),
        (history_deleted, ""),
    ],
)
def test_the_stream_goes_on_and_no_row_is_lost(shared: Server, fault: Fault, sentence: str) -> None:
    with stream(shared, SOON_S) as viewer, Crowd(shared, viewer) as crowd:
        first = next_seq(viewer)
        with fault(shared):
            found = crowd.connect(fault.__name__)
            if sentence:
                assert sentence in until(shared, "degraded")["warnings"][0]
                assert metric(shared, "unison_history_problem") == 1
        until(shared, "ok")
        wait_until_written(shared)
        assert metric(shared, "unison_history_dropped_rows_total") == 0
        assert get_json(shared, "/api/connections")["connections"][0]["id"] == found
        last = crowd.connect(f"after {fault.__name__}")
    with stream(shared, SOON_S, since=f"{viewer.hello['stream']}:{first}") as again:
        assert again.hello["gap"] == 0
    wait_until_written(shared)
    with closing(sqlite3.connect(shared.data_dir / FILE_NAME)) as history:
        kept = {id for (id,) in history.execute("SELECT id FROM connections")}
    assert {found, last} <= kept


def test_a_damaged_history_is_set_aside_and_said_until_it_is_moved_away(shared: Server) -> None:
    def set_aside() -> list[Path]:
        ask(shared, "/api/connections?country=JP")
        return [*shared.data_dir.glob(f"{FILE_NAME}.damaged-*Z")]

    with stream(shared, SOON_S) as viewer, Crowd(shared, viewer) as crowd:
        crowd.connect("before")
        wait_until_written(shared)
        with history_damaged(shared):
            crowd.connect("meanwhile")
            ask(shared, "/api/connections")
            (file,) = waiting.until(set_aside, SOON_S)
        found = crowd.connect("afterwards")
    wait_until_written(shared)
    assert get_json(shared, "/api/connections")["connections"][0]["id"] == found
    sentence = f"the history was damaged and is set aside as {file.name} until you move it elsewhere"
    assert until(shared, "degraded")["warnings"] == [sentence]
    assert sentence in ask(shared, "/status").text
    assert f"is set aside as {file}; starting a new one" in shared.log
    assert metric(shared, "unison_history_set_aside") == 1
    assert metric(shared, "unison_history_problem") == 0
    for part in shared.data_dir.glob(f"{FILE_NAME}.damaged-*"):
        part.unlink()
    until(shared, "ok")


def test_a_backup_of_a_running_server_is_whole_and_holds_up_nobody(shared: Server, tmp_path: Path) -> None:
    over = threading.Event()

    def press() -> None:
        number = 0
        while not over.wait(0.05):
            number += 1
            crowd.press(f"song {number}")

    with stream(shared, SOON_S) as viewer, Crowd(shared, viewer) as crowd:
        early = crowd.connect("early")
        wait_until_written(shared)
        presser = threading.Thread(target=press)
        presser.start()
        first = next_seq(viewer)
        try:
            for number in range(3):
                command = [console_script(), "backup", str(tmp_path / str(number)), "--data-dir", str(shared.data_dir)]
                assert subprocess.run(command, check=False, capture_output=True).returncode == 0
        finally:
            over.set()
            presser.join()
        assert next_seq(viewer) > first
    for number in range(3):
        with closing(sqlite3.connect(tmp_path / str(number))) as saved:
            assert saved.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            kept = saved.execute(
                "SELECT count(*), sum(id = ?) FROM connections WHERE everyone = 1", (early,)
            ).fetchone()
            assert kept == (saved.execute("SELECT everyone FROM sizes").fetchone()[0], 1)
    wait_until_written(shared)
    assert until(shared, "ok")["warnings"] == []


def test_a_server_opens_what_an_earlier_version_stored(serve: Callable[..., Server], tmp_path: Path) -> None:
    folder = unpack(tmp_path / "earlier")
    with closing(sqlite3.connect(folder / FILE_NAME)) as history:
        shared = [id for (id,) in history.execute("SELECT id FROM shared")]
    server = serve(data_dir=folder, UNISON_HISTORY_DAYS="36500")
    until(server, "ok")
    page, seen = get_json(server, "/api/connections?limit=200"), 0
    while page["next"]:
        seen += len(page["connections"])
        page = get_json(server, f"/api/connections?limit=200&before={page['next']}")
    assert seen + len(page["connections"]) == CONNECTIONS
    assert [ask(server, f"/c/{id}").status for id in shared] == [200] * SHARED
    assert (folder / f"{FILE_NAME}.version-2").exists()
    with stream(server, SOON_S) as viewer, Crowd(server, viewer) as crowd:
        assert crowd.connect("a song of today") not in shared
