"""Snapshots: encodes structs with numpy columns as bytes, for another process on the same machine."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

import msgspec
import numpy as np

T = TypeVar("T", bound=msgspec.Struct)


def encode(state: msgspec.Struct) -> bytearray:
    """Return a struct as MessagePack; a numpy array becomes its bytes, in the machine's byte order."""
    into = bytearray()
    _ENCODER.encode_into(state, into)
    return into


def decode(data: bytes | bytearray | memoryview, kind: type[T]) -> T:
    """Read what `encode` wrote. Arrays have the dtype of their annotation, and are read-only views of data.

    Raises:
        msgspec.MsgspecError: data is not such a struct.
        ValueError: the bytes of an array are cut short.
    """
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_array_of)


def _bytes_of(value: Any) -> memoryview:
    if not isinstance(value, np.ndarray):
        raise NotImplementedError(f"a snapshot cannot hold {type(value)}")
    return np.ascontiguousarray(value).view(np.uint8).data


def _array_of(kind: Any, data: Any) -> Any:
    _shape, dtype = get_args(kind)
    return np.frombuffer(data, get_args(dtype)[0])


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_bytes_of)
