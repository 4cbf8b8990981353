"""Websocket frames (RFC 6455) as bytes, for a server that writes text and to which clients have little to say.

Nothing here reads or writes a socket. wsproto reads what clients send.
"""

from __future__ import annotations

import struct

from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode, ParseFailed, RsvBits

MESSAGE_LIMIT = 4096
"""Bytes of the longest message that a client may send."""
_REASON_LIMIT = 123  # a control frame has 125 bytes, and the code takes two
_FINAL, _MASKED = 0x80, 0x80
_LONG, _VERY_LONG = 126, 127
_MASKING_KEY = 4
_NO_BITS = RsvBits(False, False, False)


def text_frame(payload: bytes) -> bytes:
    """Encode one whole text message, as a server sends it: unmasked, in one frame."""
    return _frame(Opcode.TEXT, payload)


def ping_frame(payload: bytes = b"") -> bytes:
    """Encode a ping; at most 125 bytes of payload."""
    return _frame(Opcode.PING, payload)


def pong_frame(payload: bytes) -> bytes:
    """Encode the answer to a ping, with the ping's payload."""
    return _frame(Opcode.PONG, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Encode a close frame, the reason cut to what fits; for 1005, which means no code, it has neither."""
    if code == CloseReason.NO_STATUS_RCVD:
        return _frame(Opcode.CLOSE, b"")
    text = reason.encode()[:_REASON_LIMIT].decode(errors="ignore")
    return _frame(Opcode.CLOSE, struct.pack("!H", code) + text.encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < _LONG:
        return bytes((_FINAL | opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", _FINAL | opcode, _LONG, size) + payload
    return struct.pack("!BBQ", _FINAL | opcode, _VERY_LONG, size) + payload


def is_pong(data: bytes) -> bool:
    """Tell whether a client sent one pong and no more, as a browser does: no parser is needed for that."""
    return (
        len(data) >= 2 + _MASKING_KEY
        and data[0] == _FINAL | Opcode.PONG
        and data[1] - _MASKED == len(data) - 2 - _MASKING_KEY < _LONG
    )


def client_parser() -> FrameProtocol:
    """Return a parser of what one client sends: `receive_bytes`, then go through `received_frames`.

    That raises a ParseFailed, with the close code, for what the protocol forbids and for a message that is too long.
    After this and after a close frame it yields no more frames.
    """
    return FrameProtocol(client=False, extensions=[_MessageLimit()])


class _MessageLimit(Extension):
    """Bounds messages, fragmented ones too, as soon as their size is announced."""

    name = "message-limit"

    def __init__(self) -> None:
        self._before = 0  # bytes of the message in earlier frames
        self._frame: int | None = None  # bytes of this one; None for a control frame

    def enabled(self) -> bool:
        return True

    def offer(self) -> bool:
        return False

    def frame_inbound_header(self, _proto: object, opcode: Opcode, _rsv: RsvBits, payload_length: int) -> RsvBits:
        # wsproto calls this again for a header whose masking key comes later.
        self._frame = None if opcode.iscontrol() else payload_length
        if self._before + (self._frame or 0) > MESSAGE_LIMIT:
            raise ParseFailed(f"a message of more than {MESSAGE_LIMIT} bytes", CloseReason.MESSAGE_TOO_BIG)
        return _NO_BITS

    def frame_inbound_complete(self, _proto: object, fin: bool) -> None:
        if self._frame is not None:
            self._before = 0 if fin else self._before + self._frame
