"""Runs the hub's test application in a subprocess, and a viewer on a raw socket."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

APP = "tests.integration.hub_app"
COMMANDS = {
    "gunicorn": ["gunicorn", "-k", "gevent", "-b", "127.0.0.1:0", "--no-control-socket", f"{APP}:app"],
    "werkzeug": ["flask", "--app", APP, "run", "--port", "0", "--no-reload"],
}
PATIENCE_S = 20.0
MASK = b"\x37\xfa\x21\x3d"


class HubServer:
    """A server of `hub_app`; `options` are those of `Hub`."""

    def __init__(self, kind: str, **options: float):
        self.kind = kind
        pairs = " ".join(f"{name}={value}" for name, value in options.items())
        self.process = subprocess.Popen(
            [sys.executable, "-m", *COMMANDS[kind]],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"HUB": pairs, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # gunicorn's master and its worker end together
        )
        self.lines: list[str] = []
        self.port = self._read_port()
        self._reader = threading.Thread(target=self.lines.extend, args=(self.process.stdout,))
        self._reader.start()

    def _read_port(self) -> int:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"(?:Listening at:|Running on) http://127\.0\.0\.1:(\d+)", line):
                return int(found[1])
        raise AssertionError("".join(self.lines))

    def post(self, path: str, body: bytes = b"") -> dict[str, Any]:
        return self._ask(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method="POST"))

    def stats(self) -> dict[str, Any]:
        return self._ask(urllib.request.Request(f"http://127.0.0.1:{self.port}/stats"))

    def _ask(self, request: urllib.request.Request) -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            stats: dict[str, Any] = json.load(answer)
        return stats

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Poll the stats until a condition is true."""
        end = time.monotonic() + PATIENCE_S
        while not holds(stats := self.stats()):
            assert time.monotonic() < end, stats
        return stats

    def kill(self) -> str:
        """Kill the server, and return its log."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return "".join(self.lines)


Start = Callable[..., HubServer]


class RawViewer:
    """A websocket on a raw socket: it reads only on demand, and sends any bytes."""

    def __init__(self, server: HubServer, channel: str = "", *, buffer_bytes: int = 0, headers: str = ""):
        self.sock = socket.socket()
        self.sock.settimeout(PATIENCE_S)
        if buffer_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.sock.connect(("127.0.0.1", server.port))
        self.sock.sendall(
            (
                f"GET /stream?channel={channel} HTTP/1.1\r\nHost: localhost\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + headers + "\r\n"
            ).encode()
        )
        self.file = self.sock.makefile("rb")
        self.answer = self._read_answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.sock.close()

    def _read_answer(self) -> str:
        lines = []
        while (line := self.file.readline()) not in (b"\r\n", b""):
            lines.append(line.decode())
        return "".join(lines)

    def frame(self, *, pings: bool = False) -> tuple[int, bytes]:
        """Read one frame: its first byte and its payload; (-1, b"") at the end. Skip pings unless `pings`."""
        if len(head := self.file.read(2)) < 2:
            return -1, b""
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8))
        payload = self.file.read(size)
        return (head[0], payload) if pings or head[0] != 0x89 else self.frame()

    def text(self) -> bytes:
        first, payload = self.frame()
        assert first == 0x81, (first, payload)
        return payload

    def end(self) -> int:
        """Read the close frame and the end of the connection; return the close code, 0 if it has none."""
        first, payload = self.frame()
        assert first == 0x88, (first, payload)
        assert self.file.read(1) == b""
        return int.from_bytes(payload[:2])

    def send(self, first: int, payload: bytes = b"", *, mask: bool = True) -> None:
        self.sock.sendall(client_frame(first, payload, mask=mask))

    def reset(self) -> None:
        """Reset the connection."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.file.close()
        self.sock.close()


def client_frame(first: int, payload: bytes = b"", *, mask: bool = True) -> bytes:
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2)
    if not mask:
        return bytes((first,)) + length + payload
    masked = bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))
    return bytes((first, length[0] | 0x80)) + length[1:] + MASK + masked
