"""The server that `hostile.py` attacks, and helpers for attacks over sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

TOKEN = "bench"
STRANGER, ANOTHER = "198.51.100.66", "203.0.113.77"
CONNECTIONS = 12
SENT_IN_ONE = 1 << 16
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and the end of the attack (CLOCK_MONOTONIC, seconds)."""

    port: int
    until: float
    cities: tuple[int, ...] = ()

    @property
    def lasts(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.until

    def connect(self) -> socket.socket:
        """Open a connection whose operations time out with an OSError."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)


Attack = Callable[[Target], str | None]


def head(method: str, path: str, *lines: str, address: str = STRANGER) -> bytes:
    """Return the head of a request."""
    given = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"X-Forwarded-For: {address}", *lines]
    return "\r\n".join([*given, "", ""]).encode()


def at_once(count: int, do: Callable[[int], object]) -> None:
    """Run a function in that many threads; a connection closed by the server is not an error."""

    def contained(index: int) -> None:
        with suppress(OSError):
            do(index)

    threads = [threading.Thread(target=contained, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def over_and_over(target: Target, requests: Callable[[], bytes], count: int = CONNECTIONS) -> None:
    """Send requests on that many connections, each after the last answer."""

    def ask(_: int) -> None:
        while target.lasts:
            with suppress(OSError), target.connect() as sock:
                while target.lasts:
                    sock.sendall(requests())
                    if not read_answer(sock):
                        break

    at_once(count, ask)


def read_answer(sock: socket.socket) -> int:
    """Read an answer with a Content-Length; return its status, or 0 if the connection ended."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := sock.recv(SENT_IN_ONE)):
            return 0
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    lines = top.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length and (more := sock.recv(SENT_IN_ONE)):
        body += more
    return 0 if b"connection: close" in lines else int(lines[0].split()[1])


def told(target: Target, path: str, sent: object = None, tab: str = "") -> Any:
    """Return a decoded answer; the body is sent as JSON, with the bench's token or that of a tab."""
    own = {"X-CSRF-Token": tab} if tab else {"Authorization": f"Bearer {TOKEN}"}
    headers = {"X-Forwarded-For": STRANGER, "Content-Type": "application/json", **own}
    data = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{target.port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)
