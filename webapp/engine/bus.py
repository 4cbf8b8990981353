"""The bus: numbered messages of bytes from one part to others. It knows nothing of what they say."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

Receiver = Callable[[int, bytes], None]


class Bus(Protocol):
    """What a bus does. `stream` names this numbering: it changes when numbers start again from 1."""

    stream: str

    @property
    def last(self) -> int:
        """Number of the newest message, 0 before the first."""

    @property
    def first(self) -> int:
        """Number of the oldest message that can still be read; `last + 1` if none can."""

    def publish(self, message: bytes) -> int:
        """Hand a message to every subscriber, in order, and return its number."""

    def subscribe(self, receive: Receiver) -> Callable[[], None]:
        """Have `receive(number, message)` called for each message from now on; the result ends it."""

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """Yield the messages with a number above `after` that can still be read, oldest first."""


class MemoryBus:
    """A bus within one process; it keeps the newest messages to be read again.

    Args:
        clock: tells the time in seconds.
        keep_s: how long a message can be read again.
        keep_bytes: how much is kept at most; 0 keeps nothing.
    """

    def __init__(self, clock: Callable[[], float], keep_s: float = 0, keep_bytes: int = 0) -> None:
        self.stream = secrets.token_hex(6)
        self.last = 0
        self._clock, self._keep_s, self._keep_bytes = clock, keep_s, keep_bytes
        self._ring: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._receivers: tuple[Receiver, ...] = ()
        self._lock = threading.RLock()

    @property
    def first(self) -> int:
        """Number of the oldest message that can still be read."""
        return self.last - len(self._ring) + 1

    @property
    def kept_bytes(self) -> int:
        """Bytes of the messages that can still be read."""
        return self._bytes

    def publish(self, message: bytes) -> int:
        """Hand a message to every subscriber, in order, and return its number."""
        with self._lock:
            self.last += 1
            self._keep(message)
            for receive in self._receivers:
                receive(self.last, message)
            return self.last

    def skip_to(self, number: int) -> None:
        """Go on after a number, as if there had been nothing before."""
        with self._lock:
            self.last, self._bytes = number, 0
            self._ring.clear()

    def subscribe(self, receive: Receiver) -> Callable[[], None]:
        """Have `receive(number, message)` called for each message from now on; the result ends it."""
        with self._lock:
            self._receivers += (receive,)

        def end() -> None:
            with self._lock:
                self._receivers = tuple(r for r in self._receivers if r is not receive)

        return end

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """Yield the messages with a number above `after` that can still be read, oldest first."""
        number = after
        while number < self.last:
            with self._lock:
                number = max(number + 1, self.first)
                if number > self.last:
                    return
                message = self._ring[number - self.first][1]
            yield number, message

    def _keep(self, message: bytes) -> None:
        if not self._keep_bytes:
            return
        now = self._clock()
        self._ring.append((now, message))
        self._bytes += len(message)
        while self._ring and (self._bytes > self._keep_bytes or self._ring[0][0] < now - self._keep_s):
            self._bytes -= len(self._ring.popleft()[1])
