"""Messages of the logs as bytes: a version, then MessagePack. Unknown versions are refused."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


class MessageError(ValueError):
    """Bytes that are of another version, or damaged."""


def encode(version: int, message: msgspec.Struct) -> bytes:
    """Return a message as bytes."""
    return bytes([version]) + msgspec.msgpack.encode(message)


def decode(version: int, kind: type[T], what: str, data: bytes) -> T:
    """Read what `encode` wrote.

    Args:
        version: the one that this program reads.
        kind: what the message is.
        what: what people call it.
        data: the bytes.

    Raises:
        MessageError: the bytes are of another version, or damaged.
    """
    if data[:1] != bytes([version]):
        found = data[:1].hex() or "none"
        raise MessageError(f"{what} of version {found} in the log; this program reads version {version}")
    try:
        return msgspec.msgpack.decode(memoryview(data)[1:], type=kind)
    except msgspec.MsgspecError as error:
        raise MessageError(f"damaged {what} of {len(data)} bytes in the log: {error}") from error
