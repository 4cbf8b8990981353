"""Websocket frames (RFC 6455) as bytes, for a server that writes text and to which clients have little to say.

Nothing here reads or writes a socket. What a client sends is checked as the RFC demands and then, but for pings and
the close handshake, thrown away: a message is counted, never kept, so a reader's state stays small whatever comes.
"""

import struct
from codecs import getincrementaldecoder
from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0
GOING_AWAY, PROTOCOL_ERROR, NO_CODE, NOT_UTF8 = 1001, 1002, 1005, 1007
POLICY, TOO_BIG, INTERNAL_ERROR, TRY_AGAIN_LATER = 1008, 1009, 1011, 1013
MESSAGE_LIMIT = 4096
"""Bytes of the longest message that a client may send."""

_FINAL, _RESERVED, _MASKED, _CONTROL = 0x80, 0x70, 0x80, 0x8
_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_WIRE_CODES = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)))
_utf8_decoder = getincrementaldecoder("utf-8")


def text_frame(payload: bytes) -> bytes:
    """Encode one whole text message, as a server sends it: unmasked, in one frame."""
    return _frame(TEXT, payload)


def ping_frame(payload: bytes = b"") -> bytes:
    """Encode a ping; at most 125 bytes of payload."""
    return _frame(PING, payload)


def pong_frame(payload: bytes) -> bytes:
    """Encode the answer to a ping, with the ping's payload."""
    return _frame(PONG, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Encode a close frame; a code that must not be sent, such as 1005, leaves the payload empty.

    The reason may take 123 bytes in UTF-8.
    """
    return _frame(CLOSE, struct.pack("!H", code) + reason.encode() if code in _WIRE_CODES else b"")


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((_FINAL | opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", _FINAL | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FINAL | opcode, 127, size) + payload


class Event(NamedTuple):
    """Something a client sent that is worth knowing: `kind` is an opcode, or 0 for a violation, which ends the reading.

    `payload` is that of a ping or pong, `code` that of a close (1005 if it gave none) or the one that a violation is to
    be closed with, `reason` the text of either.
    """

    kind: int
    payload: bytes = b""
    code: int = 0
    reason: str = ""


VIOLATION = 0


class _ViolationError(Exception):
    def __init__(self, code: int, reason: str):
        self.event = Event(VIOLATION, code=code, reason=reason)


class _Header(NamedTuple):
    opcode: int
    final: bool
    size: int  # of the payload
    mask: bytes
    length: int  # of this header


class ClientFrames:
    """Reads a client's frames from pieces cut anywhere; the events do not depend on the cuts.

    After a close or a violation nothing more is read: `ended` is true.
    """

    __slots__ = ("_decoder", "_header", "_left", "_message", "_rest", "_size", "ended")

    def __init__(self) -> None:
        self._rest = b""  # the beginning of a header, or of a control frame's payload
        self._header: _Header | None = None  # of the frame whose payload is being read
        self._left = 0  # bytes of that payload still to come
        self._message = CONTINUATION  # opcode of the message that is not finished
        self._size = 0  # of that message, as announced so far
        self._decoder = _utf8_decoder()
        self.ended = False

    @property
    def idle(self) -> bool:
        """True between two messages: nothing is remembered then, so the reader may be forgotten."""
        return not (self._rest or self._header or self._message or self.ended)

    def feed(self, data: bytes) -> list[Event]:
        """Take the next piece and return what it brought; finished messages come without their content."""
        data, at, events = self._rest + data, 0, list[Event]()
        try:
            while not self.ended and (used := self._step(data, at, events)):
                at += used
        except _ViolationError as violation:
            self.ended = True
            events.append(violation.event)
        self._rest = b"" if self.ended else data[at:]
        return events

    def _step(self, data: bytes, at: int, events: list[Event]) -> int:
        """Read one header or a piece of one payload; return how many bytes that took, 0 if more are needed."""
        if self._header is None:
            return self._begin(_header(data, at), events)
        piece = data[at : at + self._left]
        if not piece or (self._header.opcode & _CONTROL and len(piece) < self._left):
            return 0
        self._take(self._header, piece, events)
        return len(piece)

    def _begin(self, header: _Header | None, events: list[Event]) -> int:
        if header is None:
            return 0
        if not header.opcode & _CONTROL:
            self._begin_data(header)
        self._header, self._left = header, header.size
        if not header.size:
            self._take(header, b"", events)
        return header.length

    def _begin_data(self, header: _Header) -> None:
        if (header.opcode == CONTINUATION) != (self._message != CONTINUATION):
            raise _ViolationError(PROTOCOL_ERROR, "a message inside or a continuation outside of one")
        self._message = header.opcode or self._message
        self._size += header.size
        if self._size > MESSAGE_LIMIT:
            raise _ViolationError(TOO_BIG, f"at most {MESSAGE_LIMIT} bytes a message")

    def _take(self, header: _Header, piece: bytes, events: list[Event]) -> None:
        done = header.size - self._left
        self._left -= len(piece)
        if header.opcode & _CONTROL:
            events.append(_control(header.opcode, _unmask(piece, header.mask, 0)))
            self.ended = header.opcode == CLOSE
        elif self._message == TEXT:
            self._check_utf8(_unmask(piece, header.mask, done), header.final and not self._left)
        if self._left:
            return
        self._header = None
        if header.final and not header.opcode & _CONTROL:
            events.append(Event(self._message))
            self._message, self._size = CONTINUATION, 0

    def _check_utf8(self, text: bytes, final: bool) -> None:
        try:
            self._decoder.decode(text, final)
        except UnicodeDecodeError as error:
            raise _ViolationError(NOT_UTF8, "a text message that is not UTF-8") from error


def _header(data: bytes, at: int) -> _Header | None:
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    opcode, final, size = first & 0x0F, bool(first & _FINAL), second & 0x7F
    if first & _RESERVED or opcode not in _OPCODES:
        raise _ViolationError(PROTOCOL_ERROR, "reserved bits or opcode")
    if not second & _MASKED:
        raise _ViolationError(PROTOCOL_ERROR, "a frame that is not masked")
    if opcode & _CONTROL and (size > 125 or not final):
        raise _ViolationError(PROTOCOL_ERROR, "a control frame that is long or fragmented")
    mask_at = at + 2 + {126: 2, 127: 8}.get(size, 0)
    if len(data) < mask_at + 4:
        return None
    if size > 125:
        size = _long_size(data[at + 2 : mask_at])
    return _Header(opcode, final, size, data[mask_at : mask_at + 4], mask_at + 4 - at)


def _long_size(digits: bytes) -> int:
    size = int.from_bytes(digits)
    if size < (126 if len(digits) == 2 else 1 << 16) or size >> 63:
        raise _ViolationError(PROTOCOL_ERROR, "a length that is not in its shortest form")
    return size


def _unmask(piece: bytes, mask: bytes, offset: int) -> bytes:
    """Undo the mask of a payload's piece that begins `offset` bytes into the payload."""
    size = len(piece)
    turn = offset % 4
    key = ((mask[turn:] + mask[:turn]) * (size // 4 + 1))[:size]
    return (int.from_bytes(piece) ^ int.from_bytes(key)).to_bytes(size)


def _control(opcode: int, payload: bytes) -> Event:
    if opcode != CLOSE:
        return Event(opcode, payload)
    if not payload:
        return Event(CLOSE, code=NO_CODE)
    code = int.from_bytes(payload[:2])
    if len(payload) == 1 or code not in _WIRE_CODES:
        raise _ViolationError(PROTOCOL_ERROR, "a close code that may not be sent")
    try:
        return Event(CLOSE, code=code, reason=payload[2:].decode())
    except UnicodeDecodeError as error:
        raise _ViolationError(NOT_UTF8, "a close reason that is not UTF-8") from error
