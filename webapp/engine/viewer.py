"""One viewer's socket: what is written to it, what is read from it, and how it ends. The hub owns them all.

Everything here runs in callbacks of the event loop and never waits. Ten thousand of these exist at once, so what only
few need at a time (a backlog, a half-read frame) is an object of its own that comes and goes.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from webapp.engine import wsframes
from webapp.engine.wsframes import ClientFrames, Event

if TYPE_CHECKING:
    from webapp.engine.hub import Audience, Hub

RECEIVE_BYTES = 2048
FLOOD_BYTES = 256 * 1024
"""What a client may send between two pings before it is closed: the page sends nothing but pongs."""
_STEPS = 8
_BATCH = 64
_READ, _WRITE = 1, 2
_NO_LINGER = struct.pack("ii", 1, 0)
_PING = wsframes.ping_frame()


class Backlog:
    """What one socket has not taken yet: the rest of a frame, then the opening, then frames in order.

    `size` counts the frames, which alone are bounded. They are the very bytes objects that all viewers of a audience
    share: queueing one costs a pointer, where a memoryview each would cost more than most frames.
    """

    __slots__ = ("closing", "discarded", "frames", "head", "opening", "progress", "size", "watcher")

    def __init__(self, watcher: Any, opening: Iterator[bytes] | None, now: float):
        self.head: memoryview | None = None
        self.opening = opening
        self.frames: deque[bytes] = deque()
        self.size = 0
        self.progress = now  # when the socket last took something, or when closing began
        self.watcher = watcher
        self.closing = False
        self.discarded = 0

    def add(self, frame: bytes) -> None:
        """Queue a frame behind the others."""
        self.frames.append(frame)
        self.size += len(frame)

    def pop(self) -> list[bytes | memoryview]:
        """Remove and return what is to be written next; nothing if all is written."""
        if self.head is not None:
            head, self.head = self.head, None
            return [head]
        if self.opening is not None:
            if (payload := next(self.opening, None)) is not None:
                return [wsframes.text_frame(payload)]
            self.opening = None
        batch = list(islice(self.frames, _BATCH))
        for frame in batch:
            self.frames.popleft()
            self.size -= len(frame)
        return [*batch]

    def put_back(self, batch: list[bytes | memoryview], sent: int) -> bool:
        """Keep what of a batch was not sent; return whether there was any."""
        for index, part in enumerate(batch):
            if sent < len(part):
                self.head = memoryview(part)[sent:]
                rest = [bytes(frame) for frame in batch[index + 1 :]]
                self.frames.extendleft(reversed(rest))
                self.size += sum(map(len, rest))
                return True
            sent -= len(part)
        return False

    def forget(self) -> None:
        """Drop all but the rest of the frame in flight, which no other frame may interrupt."""
        self.opening = None
        self.frames.clear()
        self.size = 0


class Viewer:
    """One websocket of the hub, from its handover to its end: open, then closing (see `leave`), then gone."""

    __slots__ = ("audience", "backlog", "heard", "hub", "on_gone", "pinged", "reader", "sock", "watcher")

    def __init__(self, hub: Hub, sock: socket.socket, audience: Audience, on_gone: Callable[[], None]):
        self.hub = hub
        self.sock = sock
        self.audience: Audience | None = audience  # None once it is closing
        self.on_gone = on_gone
        self.backlog: Backlog | None = None
        self.reader: ClientFrames | None = None
        self.heard = 0  # bytes since the last ping
        self.pinged: float | None = None
        self.watcher: Any = hub.loop.io(sock.fileno(), _READ)  # None once it is gone

    def write(self, frame: bytes) -> None:
        """Write a frame, or queue what the socket does not take."""
        if self.backlog is not None:
            self._queue(frame)
            return
        try:
            sent = self.sock.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop("lost")
            return
        if sent < len(frame):
            self.wait().head = memoryview(frame)[sent:]

    def wait(self, opening: Iterator[bytes] | None = None) -> Backlog:
        """Begin a backlog: from now on the socket is written when the loop says that it takes more."""
        watcher = self.hub.loop.io(self.sock.fileno(), _WRITE)
        self.backlog = Backlog(watcher, opening, self.hub.clock)
        self.hub.waiting.add(self)
        watcher.start(self.hub.on_writable, self)
        return self.backlog

    def _queue(self, frame: bytes) -> None:
        backlog = self.backlog
        if backlog is None or backlog.closing:
            return
        if backlog.size + len(frame) > self.hub.bound:
            self.leave(wsframes.TRY_AGAIN_LATER, "slow")
        else:
            backlog.add(frame)

    def drain(self) -> None:
        """Write what the socket takes, in a few steps, so that a long opening leaves the loop to others in between.

        Raises:
            OSError: the socket is broken.
            Exception: the opening is.
        """
        backlog = self.backlog
        if backlog is None:
            return
        for _ in range(_STEPS):
            if not (batch := backlog.pop()):
                self._drained(backlog)
                return
            try:
                sent = self.sock.sendmsg(batch)
            except BlockingIOError:
                sent = 0
            if sent and not backlog.closing:
                backlog.progress = self.hub.clock
            if backlog.put_back(batch, sent):
                return

    def _drained(self, backlog: Backlog) -> None:
        _end(backlog.watcher)
        if backlog.closing:
            self.sock.shutdown(socket.SHUT_WR)
            return
        self.backlog = None
        self.hub.waiting.discard(self)

    def receive(self) -> None:
        """Read one piece of what the client sent.

        Raises:
            OSError: the socket is broken.
        """
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        if not data:
            self.drop("lost")
        elif self.backlog is not None and self.backlog.closing:
            self._discard(self.backlog, len(data))
        else:
            self._hear(data)

    def _discard(self, backlog: Backlog, size: int) -> None:
        # Read on until the client closes: closing a socket with unread bytes resets it, and a reset can overtake the
        # close frame on its way to the client.
        backlog.discarded += size
        if backlog.discarded > FLOOD_BYTES:
            self.drop("flood")

    def _hear(self, data: bytes) -> None:
        self.heard += len(data)
        if self.heard > FLOOD_BYTES:
            self.leave(wsframes.POLICY, "flood", "a viewer has nothing to send")
            return
        reader = self.reader or ClientFrames()
        for event in reader.feed(data):
            self._answer(event)
        self.reader = None if reader.idle else reader

    def _answer(self, event: Event) -> None:
        if event.kind == wsframes.PING:
            self.write(wsframes.pong_frame(event.payload))
        elif event.kind == wsframes.CLOSE:
            self.leave(event.code, None)
        elif event.kind == wsframes.VIOLATION:
            self.leave(event.code, "protocol", event.reason)

    def leave(self, code: int, reason: str | None, text: str = "", *, last: Iterable[bytes] | None = None) -> None:
        """Send a close frame, and close the socket when the client has, or after a deadline.

        What is queued is dropped, unless `last` frames are given: they go out behind it.

        Args:
            code: the close code; one that may not be sent gives a close frame without a code.
            reason: what the hub counts it as; None for an end that is nobody's fault.
            text: for the client.
            last: frames before the close frame, for a viewer that is to lose nothing.
        """
        if self.audience is None:
            return
        self.hub.depart(self, reason)
        backlog = self.backlog or self.wait()
        if last is None:
            backlog.forget()
        for frame in (*(last or ()), wsframes.close_frame(code, text)):
            backlog.add(frame)
        backlog.closing, backlog.progress, self.reader = True, self.hub.clock, None
        self.hub.on_writable(self)

    def take_turn(self) -> None:
        """Ping, or give up on a client that has not even answered the last ping."""
        if self.backlog is not None:  # its write deadline watches it, and a ping would only wait
            self.heard, self.pinged = 0, None
        elif self.pinged is None or self.heard:
            self.heard, self.pinged = 0, self.hub.clock
            self.write(_PING)
        elif self.hub.clock - self.pinged >= self.hub.ping_s * 0.9:
            self.drop("silent")

    def drop(self, reason: str | None) -> None:
        """Close the socket now."""
        if self.watcher is None:
            return
        self.hub.depart(self, reason)
        clean = self.backlog is not None and self.backlog.closing and not (self.backlog.head or self.backlog.frames)
        _end(self.watcher)
        if self.backlog is not None:
            _end(self.backlog.watcher)
        self.watcher = self.backlog = self.reader = None
        _close(self.sock, clean)
        self.hub.forget(self)


def _end(watcher: Any) -> None:
    watcher.stop()
    watcher.close()


def _close(sock: socket.socket, clean: bool) -> None:
    with suppress(OSError):
        if not clean:
            # Without this the kernel keeps what a dead client did not take, for minutes.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    with suppress(OSError):
        # The server that accepted the connection may still hold a descriptor of it, so closing ours is not enough.
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
