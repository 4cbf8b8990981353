"""A connection that sends bytes as they are and reads whatever answers they get."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Connection:
    """Sends requests one after the other; connects again where the server closed the connection.

    Args:
        port: of the server.
        patience_s: how long to wait for an answer.
    """

    def __init__(self, port: int, patience_s: float) -> None:
        self._port, self._patience_s = port, patience_s
        self._socket: socket.socket | None = None

    def status(self, request: bytes) -> int:
        """Return the status of the answer to a request; 0 if there is none."""
        method = request.split(b" ", 1)[0]
        try:
            return self._exchanged(request, has_body=method != b"HEAD")
        except (OSError, ValueError, IndexError):
            self.close()
            return 0

    def _exchanged(self, request: bytes, *, has_body: bool) -> int:
        connection = self._socket or socket.create_connection(("127.0.0.1", self._port), self._patience_s)
        self._socket = connection
        with suppress(ConnectionError):  # it may refuse before all is sent; the answer is there nevertheless
            connection.sendall(request)
        head, rest = self._head(connection)
        length = _LENGTH.search(head)
        missing = int(length[1]) - len(rest) if length and has_body else 0
        while missing > 0:
            missing -= len(self._some(connection))
        if b"\r\nconnection: close" in head.lower() or (not length and has_body):
            self.close()
        return int(head.split(b" ", 2)[1])

    def _head(self, connection: socket.socket) -> tuple[bytes, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some(connection)
        head, _, rest = data.partition(b"\r\n\r\n")
        return head, rest

    def _some(self, connection: socket.socket) -> bytes:
        if not (data := connection.recv(1 << 16)):
            raise ConnectionError("the server closed the connection")
        return data

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
