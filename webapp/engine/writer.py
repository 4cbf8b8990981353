"""The write side of a viewer: writes to its socket, and queues what the socket does not take, up to a bound."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from enum import Enum
from itertools import islice

from webapp.engine import wsframes

SEND_BUFFER_BYTES = 32 * 1024
"""Per socket. The kernel's default takes 4 MB for a stalled viewer before we notice."""
_STEPS = 8
_BATCH = 64


class State(Enum):
    """Of a viewer's connection, in this order."""

    OPEN = 1
    CLOSING = 2  # it takes no more frames; the last ones go out, and what the client still sends is discarded
    GONE = 3  # the socket is closed


_OPEN = State.OPEN  # a member's look-up through its class costs as much as a call


class Bound:
    """How many bytes each viewer's queue may hold: a minimum, or twice the largest frame so far if that is more.

    Args:
        queue_bytes: the minimum.
    """

    __slots__ = ("queue_bytes",)

    def __init__(self, queue_bytes: int) -> None:
        self.queue_bytes = queue_bytes

    def fit(self, frame: bytes) -> None:
        """Make room for two frames of this size."""
        self.queue_bytes = max(self.queue_bytes, 2 * len(frame))


class Writer(ABC):
    """The write side of one socket. No method waits.

    Frames go out in order. As long as the socket takes them at once, there is no queue. Ten thousand writers exist at
    once, so the queue is an object of its own that comes and goes; and a viewer is a writer and does not have one, as
    a second object for each viewer makes a frame 5 % dearer.

    Args:
        sock: non-blocking.
        bound: of the queue; all writers share it.

    Attributes:
        state: of the connection.
    """

    __slots__ = ("_bound", "_queue", "_sock", "state")

    def __init__(self, sock: socket.socket, bound: Bound) -> None:
        self.state = _OPEN
        self._sock, self._bound = sock, bound
        self._queue: _Queue | None = None

    @abstractmethod
    def on_waiting(self) -> None:
        """Have `flush` called when the socket takes more: it did not take all."""

    @abstractmethod
    def on_full(self) -> None:
        """Close: a frame does not fit into the queue."""

    @abstractmethod
    def on_broken(self) -> None:
        """Close: the socket is broken."""

    @property
    def is_waiting(self) -> bool:
        """True while something is queued."""
        return self._queue is not None

    @property
    def queued_bytes(self) -> int:
        """Bytes of the queued frames, without the opening and the frame that is partly written."""
        return self._queue.size if self._queue else 0

    def write(self, frame: bytes) -> None:
        """Write a frame, or queue what the socket does not take. Once closing has begun, do nothing."""
        if self.state is not _OPEN:
            return
        if self._queue is not None:
            self._enqueue(self._queue, frame)
            return
        try:
            sent = self._sock.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.on_broken()
            return
        if sent < len(frame):
            self._queue = _Queue()
            self._queue.head = memoryview(frame)[sent:]
            self.on_waiting()

    def _enqueue(self, queue: _Queue, frame: bytes) -> None:
        if queue.size + len(frame) > self._bound.queue_bytes:
            self.on_full()
        else:
            queue.append(frame)

    def begin(self, opening: Iterator[bytes]) -> None:
        """Set the socket up, and queue the text payloads that come first, which do not count towards the bound."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if self._sock.family != socket.AF_UNIX:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._queue = _Queue(opening)
        self.on_waiting()

    def end(self, *frames: bytes) -> None:
        """Queue the last frames, whatever the bound, and take no more."""
        self.state = State.CLOSING
        self._queue = self._queue or _Queue()
        for frame in frames:
            self._queue.append(frame)
        self.on_waiting()

    def clear(self) -> None:
        """Drop what is queued, except the rest of a frame that is partly written."""
        if self._queue is not None:
            self._queue.clear()

    def flush(self) -> bool:
        """Write what the socket takes, in a few steps: a long opening must not keep the loop from other viewers.

        Returns:
            Whether the socket took anything.

        Raises:
            OSError: the socket is broken.
            Exception: the opening raised it.
        """
        took = False
        for _ in range(_STEPS):
            if self._queue is None:
                break
            if not (batch := self._queue.pop()):
                self._queue = None
                break
            sent = self._send(batch)
            took = took or sent > 0
            if self._queue.put_back(batch, sent):
                break
        return took

    def _send(self, batch: list[bytes | memoryview]) -> int:
        try:
            return self._sock.sendmsg(batch)
        except BlockingIOError:
            return 0


class _Queue:
    """What one socket has not taken yet: the rest of a frame, then the opening, then frames in order.

    Only the frames are bounded; `size` is their bytes. They are the bytes objects that all viewers of a frame share:
    queueing one costs a pointer, where a memoryview each would cost more than most frames.
    """

    __slots__ = ("_frames", "_opening", "head", "size")

    def __init__(self, opening: Iterator[bytes] | None = None) -> None:
        self.head: memoryview | None = None
        self.size = 0
        self._opening = opening
        self._frames: deque[bytes] = deque()

    def append(self, frame: bytes) -> None:
        self._frames.append(frame)
        self.size += len(frame)

    def clear(self) -> None:
        self._opening = None
        self._frames.clear()
        self.size = 0

    def pop(self) -> list[bytes | memoryview]:
        """Remove and return what is to be written next; nothing if all is written."""
        if self.head is not None:
            head, self.head = self.head, None
            return [head]
        if self._opening is not None:
            if (payload := next(self._opening, None)) is not None:
                return [wsframes.text_frame(payload)]
            self._opening = None
        batch = list(islice(self._frames, _BATCH))
        for frame in batch:
            self._frames.popleft()
            self.size -= len(frame)
        return [*batch]

    def put_back(self, batch: list[bytes | memoryview], sent: int) -> bool:
        """Keep what of a batch was not sent; return whether there was any."""
        for index, part in enumerate(batch):
            if sent < len(part):
                self.head = memoryview(part)[sent:]
                rest = [bytes(frame) for frame in batch[index + 1 :]]
                self._frames.extendleft(reversed(rest))
                self.size += sum(map(len, rest))
                return True
            sent -= len(part)
        return False
