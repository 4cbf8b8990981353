"""Writes FLAC files of silence, with tags, for music players: https://www.rfc-editor.org/rfc/rfc9639."""

from __future__ import annotations

import struct
from pathlib import Path

RATE, BLOCK = 44_100, 4_096
_STREAMINFO, _COMMENTS, _LAST = 0, 4, 0x80
_MONO_16_BITS = 0x08
_BLOCK_AND_RATE = 0b1100_1001
_CONSTANT_ZERO = b"\x00\x00\x00"
"""A subframe of one value: its header, and the value in 16 bits."""


def write_flac(path: Path, seconds: float, **tags: str) -> Path:
    """Write a silent file: `write_flac(path, 60, title="Tide", artist="Ana")`."""
    frames = round(seconds * RATE / BLOCK)
    rate_channels_bits_samples = RATE << 44 | 0 << 41 | 15 << 36 | frames * BLOCK
    info = struct.pack(">HH3s3sQ16s", BLOCK, BLOCK, bytes(3), bytes(3), rate_channels_bits_samples, bytes(16))
    comments = (
        _text("tests")
        + struct.pack("<I", len(tags))
        + b"".join(_text(f"{name.upper()}={value}") for name, value in tags.items())
    )
    head = b"fLaC" + _block(_STREAMINFO, info) + _block(_COMMENTS | _LAST, comments)
    path.write_bytes(head + b"".join(map(_frame, range(frames))))
    return path


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text.encode())) + text.encode()


def _block(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _frame(number: int) -> bytes:
    head = bytes([0xFF, 0xF8, _BLOCK_AND_RATE, _MONO_16_BITS]) + chr(number).encode()  # numbers are coded as in UTF-8
    body = head + bytes([_crc(head, 8, 0x07)]) + _CONSTANT_ZERO
    return body + _crc(body, 16, 0x8005).to_bytes(2, "big")


def _crc(message: bytes, bits: int, polynomial: int) -> int:
    crc, top = 0, 1 << (bits - 1)
    for byte in message:
        crc ^= byte << (bits - 8)
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & (1 << bits) - 1
    return crc
