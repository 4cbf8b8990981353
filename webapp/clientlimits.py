"""The worker's HTTP connections: they read in turns, and the longest idle one closes if there are too many.

gevent's sockets yield only while there is nothing to read, so a fast client could block the event loop. And gunicorn
reads the rest of an unread request body, however long that takes. This module relies on gunicorn's internals:

- `GeventWorker.run` creates its server with `server_class`, if there is one.
- It sends the head of an answer with one `sendall`, and the body with others.
- `Message.force_close()` before the answer starts makes the answer say `Connection: close`.
- `LengthReader.length` is the unread rest of a body; `ChunkedReader.parser` is None once the body is read. If neither
  is known, the body counts as unread and the connection closes.
- `Unreader.take_buffered()` and `unread()` take bytes that were received after a request, and put them back.
- `Body.buf`, `ChunkedReader.buf` and `Unreader.buf` hold received bytes that were not read yet.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
import gevent.socket
from gevent.server import StreamServer
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.workers.ggevent import GeventWorker

from webapp.engine.filelimits import file_limit, raise_file_limit, room_for_clients
from webapp.wsgikeys import BUFFERED, DRAIN_S, DRAINS, FRAMING, MAX_DRAIN

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_HEAD = 1 << 16
_SINK = bytearray(1 << 18)
"""Buffer for discarded bytes of all connections; Linux's TCP sockets do not write to it."""
_DISCARD = getattr(socket, "MSG_TRUNC", 0)
_READ = 8_192
_SMALL_READ = 1_024
"""Bytes to receive while gunicorn looks for a chunk's size; it asks for _READ, which would cost more."""
_HEAD, _HELD_MOST = b"HTTP/1.1 ", 1 << 13
_MAX_ACCEPT = 16  # in one turn
_RETRY_S = 0.1
_NO_FILES = (errno.EMFILE, errno.ENFILE)


class ClientSocket(gevent.socket.socket):
    """A client's connection.

    Attributes:
        received: bytes received of the current head, or after it of the body.
        has_yielded: whether it waited for the current head, so that other connections had their turn.
        request: gunicorn's request, once its head is read.
    """

    received = 0
    has_yielded = False
    request: Any = None
    _held = b""

    def recv(self, size: int, *args: Any) -> bytes:
        """Receive bytes; yield to other connections before the next call.

        Raises:
            LimitRequestHeaders: a request's head is too long.
        """
        if self.received:
            gevent.sleep(0)
        size = min(size, _SMALL_READ) if self.request and size <= _READ else size
        try:
            data: bytes = self._sock.recv(size, *args)  # type: ignore[attr-defined]
        except BlockingIOError:
            self.has_yielded = True
            data = super().recv(size, *args)
        self.received += len(data)
        if self.request is None and self.received > MAX_HEAD:
            raise LimitRequestHeaders(f"more than {MAX_HEAD} bytes")
        return data

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send data; hold the head of an answer until its body comes, as two packets cost twice as much."""
        if self.request is not None and not self._held and len(data) <= _HELD_MOST and data.startswith(_HEAD):
            self._held = data
            return
        data, self._held = self._held + data, b""
        try:
            sent = self._sock.send(data, flags)  # type: ignore[attr-defined]
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            super().sendall(memoryview(data)[sent:], flags)

    def flush(self) -> None:
        """Send what is held: an answer without a body."""
        if self._held:
            self.sendall(b"")

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        """Send a file, after the head of its answer."""
        self.flush()
        return int(super().sendfile(*args, **kwargs))

    def close(self) -> None:
        """Close the connection, after what is held is sent."""
        with suppress(OSError):
            self.flush()
        super().close()

    def linger(self) -> None:
        """Discard what the client still sends, up to a limit: closing at once would reset the connection."""
        with suppress(OSError):
            self.flush()
            self.shutdown(socket.SHUT_WR)
            left = MAX_DRAIN
            with gevent.Timeout(DRAIN_S, False):  # type: ignore[arg-type]  # as gevent's documentation has it
                while left > 0 and (size := self.recv_into(_SINK, 0, _DISCARD)):
                    left -= size
                    gevent.sleep(0)


class ClientSockets:
    """The open connections, those idle longest first.

    Args:
        limit: most connections.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[ClientSocket, None] = {}
        self._busy: dict[ClientSocket, None] = {}

    def make_room(self) -> bool:
        """Close a connection if the limit is reached; return whether there is room for another one."""
        return len(self._waiting) + len(self._busy) < self._limit or self.close_one()

    def close_one(self) -> bool:
        """Close the connection that is idle longest, or else the one with the oldest request."""
        for connections in (self._waiting, self._busy):
            if connections:
                oldest = next(iter(connections))
                del connections[oldest]
                with suppress(OSError):
                    # The original socket's shutdown looks like a client that left; gevent's would raise an error.
                    oldest._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
                return True
        return False

    def mark_waiting(self, connection: ClientSocket) -> None:
        """Record that a connection waits for a request."""
        self.remove(connection)
        self._waiting[connection] = None
        connection.received, connection.has_yielded, connection.request = 0, False, None

    def mark_busy(self, connection: ClientSocket, request: Any) -> None:
        """Record that the head of a request was read."""
        self.remove(connection)
        self._busy[connection] = None
        connection.received, connection.request = buffered(request), request

    def remove(self, connection: ClientSocket) -> None:
        """Forget a closed connection."""
        self._waiting.pop(connection, None)
        self._busy.pop(connection, None)


class _Server(StreamServer):
    """Accepts connections, and closes an old one if there are too many."""

    max_accept = _MAX_ACCEPT

    def __init__(self, sockets: ClientSockets, *args: Any, **kwargs: Any) -> None:
        self._sockets = sockets
        super().__init__(*args, **kwargs)

    def do_read(self) -> Any:
        """Accept a connection; return None if there is none, or no free file descriptor."""
        try:
            accepted = super().do_read()
        except OSError as error:
            if error.errno not in _NO_FILES:
                raise
            self._sockets.close_one()
            self.stop_accepting()
            gevent.spawn_later(_RETRY_S, self._resume)
            return None
        if accepted is None:
            return None
        client, address = accepted
        self._sockets.make_room()
        connection = ClientSocket(client.family, client.type, client.proto, fileno=client.detach())
        self._sockets.mark_waiting(connection)
        return connection, address

    def _resume(self) -> None:
        if self.started:
            self.start_accepting()


class FairWorker(GeventWorker):
    """A gevent worker in which no client can block the event loop or use up the connections."""

    def run(self) -> None:
        """Serve until the worker is told to stop."""
        limit = room_for_clients(file_limit())
        self.open = ClientSockets(limit)
        self.worker_sockets = limit + _MAX_ACCEPT  # closed connections still have to finish
        super().run()

    def server_class(self, listener: Any, *, spawn: Any, **_: Any) -> _Server:  # type: ignore[override]
        """Return the server that accepts connections on a listening socket."""
        return _Server(self.open, listener, handle=partial(self.handle, listener), spawn=spawn)

    def load_wsgi(self) -> None:
        """Raise the limit of open files, and load the application."""
        raise_file_limit()
        super().load_wsgi()
        self.wsgi = _close_after_unread_body(self.wsgi)

    def handle(self, listener: Any, client: Any, address: Any) -> None:
        """Serve a connection."""
        try:
            super().handle(listener, client, address)
        finally:
            self.open.remove(client)

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> bool:
        """Answer a request; close the connection if its body was not read."""
        self.open.mark_busy(client, request)
        if not client.has_yielded:  # the head was there already
            gevent.sleep(0)
        try:
            answered = super().handle_request(listener_name, request, client, address)
        except StopIteration:
            if not is_read(request.body):
                client.linger()
            raise
        client.flush()
        self.open.mark_waiting(client)
        _skip_line_ends(request)
        return answered


def _skip_line_ends(request: Any) -> None:
    """Drop the line ends that some music players send after a body, which are no request of their own."""
    if is_read(request.body) and (waiting := request.unreader.take_buffered()):
        request.unreader.unread(waiting.lstrip(b"\r\n"))


def _close_after_unread_body(application: Any) -> Any:
    """Wrap the application: its answers to requests with an unread body close the connection."""

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        client = environ["gunicorn.socket"]
        request = client.request
        environ[DRAINS] = True
        environ[BUFFERED] = lambda: buffered(request)
        environ[FRAMING] = lambda read: client.received - read - buffered(request)

        def start(*args: Any) -> Callable[[bytes], object]:
            if not is_read(request.body):
                request.force_close()
            return start_response(*args)

        return application(environ, start)  # type: ignore[no-any-return]

    return answered


def is_read(body: Any) -> bool:
    """Return whether a request's body was read to its end."""
    reader = body.reader
    return getattr(reader, "length", None) == 0 or getattr(reader, "parser", reader) is None


def buffered(request: Any) -> int:
    """Return how many bytes of a request's body were received but not read yet."""
    body = request.body
    buffers = (body.buf, getattr(body.reader, "buf", None), request.unreader.buf)
    return sum(buffer.tell() for buffer in buffers if buffer is not None)
