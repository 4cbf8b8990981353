"""Viewers of servers that fail: what they see, and how they come back."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.serving import Server

AWAY = (OSError, HTTPException, ValueError)
"""What clients get while a server restarts; it has no address then."""


@dataclass
class Seen:
    """What the viewers of one server got.

    Attributes:
        frames: by their numbers, as they came.
        silences: the times between frames of one connection: when it ended, on the monotonic clock, and seconds.
        unannounced: numbers that were skipped without a word.
        changed: numbers whose frames came again, and were other ones.
    """

    frames: dict[int, str] = field(default_factory=dict)
    silences: list[tuple[float, float]] = field(default_factory=list)
    unannounced: list[tuple[int, int]] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)

    def take(self, seq: int, text: str) -> None:
        """Take a frame."""
        if self.frames.setdefault(seq, text) != text:
            self.changed.append(seq)


class Viewer:
    """Watches servers, one after the other, and resumes where it was.

    Args:
        is_over: set when it is to end.

    Attributes:
        due_s: when it may connect again, or its connection ended; 0 before the first one.
        first_s: when the first frame of its newest connection came.
    """

    def __init__(self, is_over: threading.Event) -> None:
        self._is_over, self._since, self._seq = is_over, "", 0
        self.due_s = self.first_s = 0.0

    def watch(self, server: Server, seen: Seen) -> bool:
        """Watch until the connection ends; return whether frames came."""
        self.first_s = 0.0
        try:
            address = server.ws_url + "/stream" + (f"?since={self._since}:{self._seq}" if self._since else "")
            with connect(address, open_timeout=2, max_size=1 << 24, compression=None) as socket:
                hello = json.loads(socket.recv(10))
                self._since, self._seq = hello["stream"], hello["seq"]
                self._read(socket, seen)
        except (*AWAY, WebSocketException, EOFError):
            pass
        if self.first_s:
            self.due_s = max(self.due_s, time.monotonic())
        return bool(self.first_s)

    def _read(self, socket: ClientConnection, seen: Seen) -> None:
        heard_s = time.monotonic()
        while not self._is_over.is_set():
            try:
                text = str(socket.recv(0.5))
            except TimeoutError:
                continue
            message, now_s = json.loads(text), time.monotonic()
            if message["type"] == "bye":
                self.due_s = now_s + message["retry_ms"] / 1000
            elif message["type"] == "connections":
                seen.silences.append((now_s, now_s - heard_s))
                heard_s, self.first_s = now_s, self.first_s or now_s
                if message["seq"] != self._seq + 1:
                    seen.unannounced.append((self._seq, message["seq"]))
                self._seq = message["seq"]
                seen.take(self._seq, text)
