"""One viewer: a websocket from its handshake to its end, without waiting.

Everything here runs in callbacks of the event loop. Ten thousand viewers exist at once, so what few of them need (a
queue, a parser) is made only then.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol

from wsproto.frame_protocol import Frame, FrameProtocol, Opcode, ParseFailed

from webapp.engine import disconnect, wsframes
from webapp.engine.disconnect import Disconnect, closed_by_client, protocol_violation
from webapp.engine.writer import Bound, State, Writer

log = logging.getLogger(__name__)
P = ParamSpec("P")

RECEIVE_BYTES = 512
"""Read at a time. To parse so many takes 2 ms at most, in which no other viewer is served."""
FLOOD_BYTES = 64 * 1024
"""What a client may send between two pings before it is closed: the page sends nothing but pongs."""
DISCARD_BYTES = 256 * 1024
"""What a client may still send once its viewer is closing."""
CLOSE_S = 5.0
"""How long a client has to take our close frame and to close."""
_READ, _WRITE = 1, 2
_NO_LINGER = struct.pack("ii", 1, 0)
_PING = wsframes.ping_frame()
_OPEN, _CLOSING, _GONE = State  # a member's look-up through its class costs as much as a call


class Host(Protocol):
    """What viewers need of the hub that has them.

    Attributes:
        loop: gevent's; makes the watchers of sockets.
        now_s: the hub's clock.
        bound: of each viewer's queue.
        ping_s: time between two pings.
        deadline_s: how long a socket may take nothing while something is queued.
        waiting: viewers whose deadline is to be checked.
    """

    loop: Any
    now_s: float
    bound: Bound
    ping_s: float
    deadline_s: float
    waiting: set[Viewer]

    def on_closing(self, viewer: Viewer, why: Disconnect) -> None:
        """Note that a viewer gets no more frames."""

    def on_closed(self, viewer: Viewer) -> None:
        """Note that a viewer's socket is closed."""


def _contained(
    callback: Callable[Concatenate[Viewer, P], None],
) -> Callable[Concatenate[Viewer, P], None]:
    """Make what a callback raises the end of its own viewer, and nobody else's concern."""

    @wraps(callback)
    def contained(viewer: Viewer, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(viewer, *args, **kwargs)
        except OSError:
            viewer.abort(disconnect.LOST)
        except Exception:
            log.exception("a viewer failed")
            viewer.close(disconnect.FAILED)

    return contained


class Viewer(Writer):
    """One websocket of the hub.

    Args:
        host: the hub.
        sock: unpatched and non-blocking; the viewer closes it.
        subscribers: the viewers that get the same frames; it is one of them while it is open.
        on_close: for the host to call once the socket is closed.
    """

    __slots__ = (
        "_host",
        "_parser",
        "_pinged_s",
        "_progress_s",
        "_readable",
        "_received",
        "_writable",
        "on_close",
        "subscribers",
    )

    def __init__(self, host: Host, sock: socket.socket, subscribers: set[Viewer], on_close: Callable[[], None]) -> None:
        super().__init__(sock, host.bound)
        self._host, self.subscribers, self.on_close = host, subscribers, on_close
        self._parser: FrameProtocol | None = None  # of a client that sent more than a lone pong
        self._received = 0  # bytes since the last ping, or since closing began
        self._pinged_s: float | None = None
        self._progress_s = 0.0  # when the socket last took something, or when closing began
        self._writable: Any = None  # exists while something is queued
        self._readable: Any = host.loop.io(sock.fileno(), _READ)
        self._readable.start(self.on_readable)
        subscribers.add(self)

    # Writing.

    @_contained
    def open(self, opening: Iterator[bytes]) -> None:
        """Begin with text payloads that do not count towards the queue's bound."""
        self.begin(opening)
        self.on_writable()

    def on_waiting(self) -> None:
        """Have `on_writable` called when the socket takes more."""
        self._progress_s = self._host.now_s
        self._host.waiting.add(self)
        if self._writable is None:
            self._writable = self._host.loop.io(self._sock.fileno(), _WRITE)
            self._writable.start(self.on_writable)

    def on_full(self) -> None:
        """Close a viewer that does not read fast enough."""
        self.close(disconnect.SLOW)

    def on_broken(self) -> None:
        """Close a viewer whose connection broke."""
        self.abort(disconnect.LOST)

    @_contained
    def on_writable(self) -> None:
        """Write more of what is queued."""
        if self.flush() and self.state is _OPEN:
            self._progress_s = self._host.now_s
        if self._writable is not None and not self.is_waiting:
            _end(self._writable)
            self._writable = None
            self._written()

    def _written(self) -> None:
        if self.state is _CLOSING:
            self._sock.shutdown(socket.SHUT_WR)
        else:
            self._host.waiting.discard(self)

    # Reading.

    @_contained
    def on_readable(self) -> None:
        """Read one piece of what the client sent."""
        try:
            data = self._sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        if not data:
            self.abort(disconnect.LOST)
            return
        self._received += len(data)
        if self.state is _OPEN:
            self._parse(data)
        elif self._received > DISCARD_BYTES:
            # Up to here it is read and discarded until the client closes: closing a socket with unread bytes resets
            # it, and a reset can overtake the close frame on its way to the client.
            self.abort(disconnect.FLOOD)

    def _parse(self, data: bytes) -> None:
        if self._received > FLOOD_BYTES:
            self.close(disconnect.FLOOD)
            return
        if self._parser is None:
            if wsframes.is_pong(data):
                return
            self._parser = wsframes.client_parser()
        parser = self._parser
        parser.receive_bytes(data)
        try:
            for frame in parser.received_frames():
                self._answer(frame)
        except ParseFailed as failure:
            self.close(protocol_violation(failure.code, str(failure)))

    def _answer(self, frame: Frame) -> None:
        match frame.opcode, frame.payload:
            case Opcode.PING, bytes() as payload:
                self.write(wsframes.pong_frame(payload))
            case Opcode.CLOSE, (int() as code, _):
                self.close(closed_by_client(code))

    # Deadlines.

    @_contained
    def keep_alive(self) -> None:
        """Ping, or drop a client that did not answer the last ping."""
        if self.state is not _OPEN:
            return
        if self.is_waiting:  # a ping would only wait; `check_deadline` is for this
            self._received, self._pinged_s = 0, None
        elif self._pinged_s is None or self._received:
            self._received, self._pinged_s = 0, self._host.now_s
            self.write(_PING)
        elif self._host.now_s - self._pinged_s >= self._host.ping_s * 0.9:
            self.abort(disconnect.SILENT)

    @_contained
    def check_deadline(self) -> None:
        """Close a viewer whose socket took nothing for too long, or whose client takes too long to close."""
        late_s = self._host.now_s - self._progress_s
        if self.state is _CLOSING and late_s > CLOSE_S:
            self.abort(disconnect.LOST)
        elif late_s > self._host.deadline_s:
            self.close(disconnect.STALLED)

    # Ending.

    def close(self, why: Disconnect) -> None:
        """Drop what is queued, send a close frame, and close the socket when the client has, or after a deadline."""
        if self.state is _OPEN:
            self.clear()
            self.finish(why)

    def finish(self, why: Disconnect, *last: bytes) -> None:
        """Close like that, but behind what is queued and the last frames."""
        if self.state is _OPEN:
            self._leave(why)
            self.end(*last, wsframes.close_frame(why.code, why.reason))
            self.on_writable()

    def _leave(self, why: Disconnect) -> None:
        self._received, self._parser = 0, None
        self.subscribers.discard(self)
        self._host.on_closing(self, why)

    def abort(self, why: Disconnect) -> None:
        """Close the socket now."""
        if self.state is _GONE:
            return
        sent_all = self.state is _CLOSING and not self.is_waiting
        if self.state is _OPEN:
            self._leave(why)
        self.state = _GONE
        for watcher in filter(None, (self._readable, self._writable)):
            _end(watcher)
        self._readable = self._writable = None
        self._queue = None
        _close(self._sock, sent_all)
        self._host.waiting.discard(self)
        self._host.on_closed(self)


def _end(watcher: Any) -> None:
    watcher.stop()
    watcher.close()


def _close(sock: socket.socket, sent_all: bool) -> None:
    with suppress(OSError):
        if not sent_all:
            # Without this the kernel keeps what a dead client did not take, for minutes.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    with suppress(OSError):
        # The server that accepted the connection may still hold a descriptor of it, so closing ours is not enough.
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
