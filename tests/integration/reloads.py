"""Helpers for tests of reloads: the workers, and a sender that counts accepted plays."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from tests.serving import Server
from tests.waiting import DEADLINE_S, until

SAID = "Unison is on"


def workers_of(server: Server) -> list[int]:
    """Return the pids of a server's workers: one, and a second during a reload."""
    pid = server.process.pid
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def worker_of(server: Server) -> int:
    """Wait until a server has one worker, and return its pid."""
    until(lambda: len(workers_of(server)) == 1)
    return workers_of(server)[0]


def reload(server: Server) -> None:
    """Send SIGHUP, and wait until the new worker serves."""
    starts = server.log.count(SAID)
    os.kill(server.process.pid, signal.SIGHUP)
    until(lambda: server.log.count(SAID) > starts or server.process.poll() is not None)
    assert server.process.poll() is None, server.log


def kept(server: Server, query: str) -> list[Any]:
    """Return the first column of a query to the history's file."""
    with closing(sqlite3.connect(f"file:{server.data_dir / 'history.sqlite3'}?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute(query)]


def kept_plays(server: Server) -> int:
    """Return how many plays the history's records count, late ones included."""
    counts = map(json.loads, kept(server, "SELECT counts FROM records"))
    return sum(count["plays"] + count["late"] for count in counts)


class Sender:
    """Sends plays one after the other, and reconnects if the connection closes.

    Attributes:
        taken: how many were accepted.
        late: how many of those were late.
        tried: how many were sent.
        refused: the status of all other answers.
    """

    def __init__(self, server: Server) -> None:
        self.taken = self.late = self.tried = 0
        self.refused = set[int]()
        self._port = server.port
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(DEADLINE_S)

    def takes(self, more: int) -> None:
        """Wait until that many more were accepted."""
        wanted = self.taken + more
        until(lambda: self.taken >= wanted)

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE_S)
        for number in itertools.count():
            if self._end.wait(0.005):
                break
            try:
                self._send(connection, number)
            except (OSError, http.client.HTTPException):
                connection.close()
        connection.close()

    def _send(self, connection: http.client.HTTPConnection, number: int) -> None:
        play = {
            "track": {"title": "Night Bus Home", "artist": "Ada Lumen"},
            "listener": f"listener {number}",
            "place": {"city": "Osaka", "country": "JP"},
        }
        self.tried += 1
        connection.request("POST", "/api/plays", json.dumps(play), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.load(answer)
        if answer.status == 202:
            self.taken += told["accepted"]
            self.late += told["late"]
        else:
            self.refused.add(answer.status)
