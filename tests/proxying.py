"""A TCP proxy in front of a server that can stop forwarding, or replace the answer for a file."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 1 << 16


class Proxy:
    """A TCP proxy with an address of its own."""

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        self._silent = set[socket.socket]()
        self._broken: dict[bytes, bytes] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Stop forwarding on all open connections without closing them; new connections work."""
        self._silent |= set(self._sockets)

    def answer(self, name: str, status: str, script: str) -> None:
        """Replace the server's answer for a file, by its name, with a status and a script."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/javascript\r\nContent-Length: {len(script)}\r\n\r\n"
        self._broken[f"/{name} HTTP/1.1".encode()] = (head + script).encode()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the proxy was closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # one side closed
            while chunk := source.recv(CHUNK):
                asked = chunk.partition(b"\r\n")[0]
                broken = next((own for name, own in self._broken.items() if asked.endswith(name)), None)
                if broken:
                    source.sendall(broken)
                elif source not in self._silent:
                    target.sendall(chunk)
            if source not in self._silent:
                target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the proxy and all connections."""
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def proxying(port: int) -> Iterator[Proxy]:
    """Run a proxy in front of a port during the block."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
