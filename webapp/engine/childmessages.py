"""Messages between a process and its child: MessagePack behind its length, over a socket."""

from __future__ import annotations

import socket
import struct
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")

Waited = Callable[[], None]
"""Called each time that the socket timed out; it raises an OSError to give up."""

_HEAD = struct.Struct("<?I")  # whether it is a failure, and the length
_STEP = 1 << 20


def _give_up() -> None:
    raise TimeoutError("the socket timed out")


class FailedError(OSError):
    """The other side could not answer, and has ended; it says why."""


def send(connection: socket.socket, message: msgspec.Struct, waited: Waited = _give_up) -> None:
    """Send a message.

    Raises:
        OSError: the other side is gone, or `waited` gave up.
    """
    _send(connection, msgspec.msgpack.encode(message), waited, failed=False)


def send_failure(connection: socket.socket, error: Exception) -> None:
    """Tell the other side in place of an answer that there is none, and why; it raises a `FailedError`."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    where = f"{Path(frame.f_code.co_filename).name}, line {line}"
    _send(connection, f"{type(error).__name__} in {where}: {error}".encode(), _give_up, failed=True)


def _send(connection: socket.socket, data: bytes, waited: Waited, *, failed: bool) -> None:
    for part in (_HEAD.pack(failed, len(data)), data):
        left = memoryview(part)
        while left:
            try:
                left = left[connection.send(left) :]
            except TimeoutError:
                waited()


def receive(connection: socket.socket, kind: type[T], waited: Waited = _give_up) -> T:
    """Return the next message.

    Raises:
        FailedError: the other side could not answer.
        OSError: the other side is gone, or `waited` gave up.
    """
    failed, length = _HEAD.unpack(_exactly(connection, _HEAD.size, waited))
    data = _exactly(connection, length, waited)
    if failed:
        raise FailedError(data.decode())
    return msgspec.msgpack.decode(data, type=kind)


def _exactly(connection: socket.socket, size: int, waited: Waited) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        try:
            step = connection.recv_into(view[got : got + _STEP])
        except TimeoutError:
            waited()
            continue
        if not step:
            raise ConnectionResetError("it ended")
        got += step
    return data
