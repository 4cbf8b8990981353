"""The worker's HTTP connections: read in turns, bounded, and closed when somebody else needs the place.

gevent's sockets give way to others only while there is nothing to read, so a client that sends fast enough would have
the event loop to itself. And gunicorn reads what a request's body has left, however long that takes. What this relies
on of gunicorn's:

- `GeventWorker.run` makes its server with `server_class`, if there is one.
- `Message.force_close()` before the answer begins has the answer say `Connection: close`.
- `LengthReader.length` is what a body still has to bring; `ChunkedReader.parser` is None once it has brought all. Where
  that is not known, the body counts as unread, and the connection closes.
- `Body.buf`, `ChunkedReader.buf` and `Unreader.buf` hold what was received and not asked for yet.
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
from webapp.wsgikeys import DRAIN_MOST, DRAIN_S, DRAINS, FRAMING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEAD_MOST = 1 << 16
_SINK = bytearray(1 << 18)
"""Where what is drained goes, of all connections; on Linux's TCP sockets it goes nowhere."""
_DISCARD = getattr(socket, "MSG_TRUNC", 0)
_READ = 8_192
_SMALL = 1_024
"""Read at a time while gunicorn looks for the size of a chunk, for which it asks for _READ: many are dear to take."""
_ACCEPT_MOST = 16  # at one turn: for each of them a place is made first
_AGAIN_S = 0.1
_NO_FILES = (errno.EMFILE, errno.ENFILE)


class ClientSocket(gevent.socket.socket):
    """A client's connection.

    Attributes:
        received: bytes of the head that is being read, or then of the body.
        request: gunicorn's, once its head is there.
    """

    received = 0
    request: Any = None

    def recv(self, size: int, *args: Any) -> bytes:
        """Receive, and let others have a turn before the next time.

        Raises:
            LimitRequestHeaders: a request's head is too long.
        """
        if self.received:
            gevent.sleep(0)
        data: bytes = super().recv(min(size, _SMALL) if self.request and size <= _READ else size, *args)
        self.received += len(data)
        if self.request is None and self.received > HEAD_MOST:
            raise LimitRequestHeaders(f"more than {HEAD_MOST} bytes")
        return data

    def linger(self) -> None:
        """Read what the client still sends, in bounds, so that a reset does not cost it the answer."""
        with suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            left = DRAIN_MOST
            with gevent.Timeout(DRAIN_S, False):  # type: ignore[arg-type]  # as gevent's documentation has it
                while left > 0 and (size := self.recv_into(_SINK, 0, _DISCARD)):
                    left -= size
                    gevent.sleep(0)


class ClientSockets:
    """Those that are open, from those that have waited longest for a request to those that came last.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[ClientSocket, None] = {}
        self._busy: dict[ClientSocket, None] = {}

    def make_room(self) -> bool:
        """Close one where there is no room for another; returns whether there is room now."""
        return len(self._waiting) + len(self._busy) < self._most or self.close_one()

    def close_one(self) -> bool:
        """Close the one that has waited longest, or else the one whose request has lasted longest."""
        for those in (self._waiting, self._busy):
            if those:
                oldest = next(iter(those))
                del those[oldest]
                with suppress(OSError):
                    # What waits for it is told that the client left; gevent's own would raise an error there.
                    oldest._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
                return True
        return False

    def wait(self, connection: ClientSocket) -> None:
        """Note that a connection is to bring a request."""
        self.leave(connection)
        self._waiting[connection] = None
        connection.received, connection.request = 0, None

    def work(self, connection: ClientSocket, request: Any) -> None:
        """Note that a connection has brought the head of one."""
        self.leave(connection)
        self._busy[connection] = None
        connection.received, connection.request = held(request), request

    def leave(self, connection: ClientSocket) -> None:
        """Note that a connection is closed."""
        self._waiting.pop(connection, None)
        self._busy.pop(connection, None)


class _Server(StreamServer):
    """Accepts connections, and makes room for them first."""

    max_accept = _ACCEPT_MOST

    def __init__(self, sockets: ClientSockets, *args: Any, **kwargs: Any) -> None:
        self._sockets = sockets
        super().__init__(*args, **kwargs)

    def do_read(self) -> Any:
        """Accept one; None where there is none, or no file for it."""
        try:
            accepted = super().do_read()
        except OSError as error:
            if error.errno not in _NO_FILES:
                raise
            self._sockets.close_one()
            self.stop_accepting()
            gevent.spawn_later(_AGAIN_S, self._go_on)
            return None
        if accepted is None:
            return None
        client, address = accepted
        self._sockets.make_room()
        connection = ClientSocket(client.family, client.type, client.proto, fileno=client.detach())
        self._sockets.wait(connection)
        return connection, address

    def _go_on(self) -> None:
        if self.started:
            self.start_accepting()


class FairWorker(GeventWorker):
    """A gevent worker none of whose clients keeps the loop, or the places, from others."""

    def run(self) -> None:
        """Serve until the worker is to end."""
        most = room_for_clients(file_limit())
        self.open = ClientSockets(most)
        self.worker_sockets = most + _ACCEPT_MOST  # what is closed has to come to its end
        super().run()

    def server_class(self, listener: Any, *, spawn: Any, **_: Any) -> _Server:  # type: ignore[override]
        """Return what accepts connections on a listening socket."""
        return _Server(self.open, listener, handle=partial(self.handle, listener), spawn=spawn)

    def load_wsgi(self) -> None:
        """Load the application, which is told with how many files it can do."""
        raise_file_limit()
        super().load_wsgi()
        self.wsgi = _closing(self.wsgi)

    def handle(self, listener: Any, client: Any, address: Any) -> None:
        """Serve a connection."""
        try:
            super().handle(listener, client, address)
        finally:
            self.open.leave(client)

    def handle_request(self, listener_name: Any, request: Any, client: Any, address: Any) -> bool:
        """Answer a request; one whose body nobody wanted to read ends its connection."""
        self.open.work(client, request)
        gevent.sleep(0)  # it may have come with others, which take no turn at reading
        try:
            answered = super().handle_request(listener_name, request, client, address)
        except StopIteration:
            if not is_read(request.body):
                client.linger()
            raise
        self.open.wait(client)
        return answered


def _closing(application: Any) -> Any:
    """Return the application, whose answers to requests with an unread body close the connection."""

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        client = environ["gunicorn.socket"]
        request = client.request
        environ[DRAINS] = True
        environ[FRAMING] = lambda read: client.received - read - held(request)

        def start(*args: Any) -> Callable[[bytes], object]:
            if not is_read(request.body):
                request.force_close()
            return start_response(*args)

        return application(environ, start)  # type: ignore[no-any-return]

    return answered


def is_read(body: Any) -> bool:
    """Tell whether a request's body was read to its end."""
    reader = body.reader
    return getattr(reader, "length", None) == 0 or getattr(reader, "parser", reader) is None


def held(request: Any) -> int:
    """Return how many bytes of a request's body were received and not asked for yet."""
    body = request.body
    buffers = (body.buf, getattr(body.reader, "buf", None), request.unreader.buf)
    return sum(buffer.tell() for buffer in buffers if buffer is not None)
