"""Runs a server on a Unix socket, and sends requests to it."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, unix_connect

from tests.serving import Server


class UnixServer(Server):
    """A server on a Unix socket beside its data folder."""

    ready = re.compile(r"Unison is on unix:([^\s\"]+)")

    @property
    def path(self) -> Path:
        return self.data_dir.parent / "unison.sock"

    @property
    def port(self) -> int:
        """0: it has a path instead."""
        return 0

    def command(self, port: int) -> list[str]:
        """Return the command that runs the server."""
        return [self._program, "serve", "--uds", str(self.path), "--data-dir", str(self.data_dir)]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(
    path: Path, target: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Send a request over a Unix socket, with the body as JSON; return the status and the body."""
    with closing(_Connection(path)) as connection:
        sent = None if body is None else json.dumps(body)
        connection.request(method, target, sent, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def watch(path: Path, **headers: str) -> ClientConnection:
    """Open the stream over a Unix socket; `X_Forwarded_For="..."` becomes a header."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return unix_connect(str(path), "ws://localhost/stream", additional_headers=names, compression=None)
