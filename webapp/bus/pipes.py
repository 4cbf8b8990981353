"""Messages between a server and its processes beside it: MessagePack behind its length, both ways at any time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

_LENGTH = struct.Struct("<I")

T = TypeVar("T")


def framed(message: msgspec.Struct) -> bytes:
    """Return a message as bytes for a pipe."""
    data = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(data)) + data


class Frames(Generic[T]):
    """Takes bytes apart into messages. Sans-I/O.

    Args:
        kind: what each message is.
    """

    def __init__(self, kind: type[T]) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """Take the next bytes; yield the messages that they complete."""
        self._rest += data
        while len(self._rest) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._rest)[0]
            if len(self._rest) < end:
                return
            message = bytes(self._rest[_LENGTH.size : end])
            del self._rest[:end]
            yield self._decoder.decode(message)


class Pipe(Generic[T]):
    """The end of a pipe in a process that runs on asyncio.

    Args:
        end: the socket.
        kind: what comes.
    """

    STEP = 1 << 18

    def __init__(self, end: socket.socket, kind: type[T]) -> None:
        end.setblocking(False)
        self._end, self._frames = end, Frames(kind)
        self._ready: list[T] = []
        self._sending = asyncio.Lock()

    async def receive(self) -> T | None:
        """Return the next message; None once the other end is closed."""
        loop = asyncio.get_running_loop()
        while not self._ready:
            try:
                data = await loop.sock_recv(self._end, self.STEP)
            except ConnectionError:
                return None
            if not data:
                return None
            self._ready += self._frames.feed(data)
        return self._ready.pop(0)

    async def send(self, message: msgspec.Struct) -> None:
        """Send a message.

        Raises:
            OSError: the other end is closed.
        """
        async with self._sending:  # a large one takes several turns of the loop
            await asyncio.get_running_loop().sock_sendall(self._end, framed(message))
