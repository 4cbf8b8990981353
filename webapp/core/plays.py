"""Plays as columns, as they cross the first bus; the ids of their tracks; which plays are late."""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from webapp.core.precision import EXACT
from webapp.core.songs import song_key

Source = Literal["live", "synthetic", "replay"]

SOURCES: tuple[Source, ...] = ("live", "synthetic", "replay")
"""The sources; a source's place here is its code in columns."""

SLICE_MS = 250
AHEAD_MS = 1_000
"""How far ahead of its arrival a play's time may be, because clocks differ."""
VERSION = 3

_HEADER = struct.Struct("<BxxxIIxxxxq")  # version, plays, tracks, arrival; 24 bytes, so that columns are aligned
_SEPARATOR = "\x1f"  # no key contains it
_PER_PLAY = ((np.dtype("<i8"), "at"), (np.dtype("<u8"), "listener"), (np.dtype("<u4"), "track"))
_PER_PLAY_SMALL = ((np.dtype("<u2"), "city"), (np.dtype("<u2"), "precision"), (np.dtype("u1"), "source"))
_LENGTH = np.dtype("<u4")
_ALONE = struct.Struct("<BxxxIIxxxxqq8sIIHHB")  # a batch of one play, up to its track
_FIRST_AT = _ARRIVAL = struct.Struct("<q")
_ARRIVAL_PLACE = 16


class Overloaded(Exception):  # noqa: N818 - it says what is so, not that something is wrong
    """Too many plays wait to be matched; none of these was taken.

    Attributes:
        retry_after_s: the seconds to wait before sending them again.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too many plays are waiting; try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


def track_id(artist: str, title: str) -> str:
    """Return the id of a track: 80 bits of BLAKE2b over its song key, 16 characters of base32hex.

    Two tracks have one id if and only if their song keys are equal; a recording code changes nothing.
    """
    name = _SEPARATOR.join(song_key(title, artist))
    return base64.b32hexencode(hashlib.blake2b(name.encode(), digest_size=10).digest()).decode().lower()


def digests(keyed: hashlib.blake2b, pieces: Iterable[bytes | memoryview]) -> bytes:
    """Return the digests of many pieces, one after the other; `keyed` is a hash without input."""
    done, start = [], keyed.copy
    for piece in pieces:
        hashing = start()
        hashing.update(piece)
        done.append(hashing.digest())
    return b"".join(done)


def late(
    at_ms: npt.NDArray[np.int64], now_ms: int, lateness_ms: int, slice_ms: int = SLICE_MS
) -> npt.NDArray[np.bool_]:
    """Tell which plays are late: their slice is closed already, or they are more than AHEAD_MS ahead.

    A slice holds the times [k, k + 1) * slice_ms and closes once the watermark, now_ms - lateness_ms, reaches its end.
    Plays can be farther ahead than AHEAD_MS if the clock was set back after they were read.

    Args:
        at_ms: epoch milliseconds, any shape.
        now_ms: epoch milliseconds.
        lateness_ms: how long a slice stays open after its end.
        slice_ms: length of a slice.

    Returns:
        An array of the shape of at_ms.
    """
    ends = (at_ms // slice_ms + 1) * slice_ms
    return (ends <= now_ms - lateness_ms) | (at_ms > now_ms + AHEAD_MS)


@dataclass(frozen=True, slots=True, eq=False)
class PlayBatch:
    """Plays as columns, one row a play; every array has the shape (plays,).

    Attributes:
        at: int64, when the listener pressed play, epoch milliseconds.
        source: uint8, a place in SOURCES.
        city: uint16, a city index.
        listener: uint64, a keyed hash of the listener's opaque id.
        track: uint32, a place in tracks.
        precision: uint16, how well `at` is known; see `webapp.core.precision`.
        tracks: the distinct tracks as wire JSON: compact, as in a connection of the stream.
    """

    at: npt.NDArray[np.int64]
    source: npt.NDArray[np.uint8]
    city: npt.NDArray[np.uint16]
    listener: npt.NDArray[np.uint64]
    track: npt.NDArray[np.uint32]
    precision: npt.NDArray[np.uint16]
    tracks: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def joined(cls, batches: Sequence[Self]) -> Self:
        """Return the plays of several batches as one; a track of several batches is repeated."""
        tracks = [track for batch in batches for track in batch.tracks]
        before = np.cumsum([0, *(len(batch.tracks) for batch in batches[:-1])]).astype(np.uint32)
        columns = {
            name: np.concatenate([getattr(b, name) for b in batches])
            for name in ("at", "source", "city", "listener", "precision")
        }
        shifted = [batch.track + shift for batch, shift in zip(batches, before, strict=True)]
        return cls(**columns, track=np.concatenate(shifted), tracks=tuple(tracks))

    def take(self, rows: npt.NDArray[np.int64]) -> Self:
        """Return the given rows, in their order, with all tracks."""
        columns = {name: getattr(self, name)[rows] for name in self.__slots__ if name != "tracks"}
        return type(self)(**columns, tracks=self.tracks)

    def part(self, first: int, after: int) -> Self:
        """Return the rows from one to before another, with their tracks alone."""
        rows = self.take(np.arange(first, after))
        used, track = np.unique(rows.track, return_inverse=True)
        tracks = tuple(self.tracks[number] for number in used.tolist())
        return replace(rows, track=track.astype(np.uint32), tracks=tracks)

    def encode(self) -> bytes:
        """Return the batch as bytes for a bus, little-endian: a header of 24 bytes, the columns, the tracks."""
        lengths = np.fromiter(map(len, self.tracks), _LENGTH, len(self.tracks))
        head = _HEADER.pack(VERSION, len(self), len(self.tracks), 0)
        wide = (getattr(self, name).astype(kind, copy=False).tobytes() for kind, name in _PER_PLAY)
        small = (getattr(self, name).astype(kind, copy=False).tobytes() for kind, name in _PER_PLAY_SMALL)
        return b"".join((head, *wide, lengths.tobytes(), *small, *self.tracks))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote. The columns are read-only views of data.

        Raises:
            ValueError: data is of another version, cut short or too long.
        """
        plays, tracks = _sizes(data)
        columns: dict[str, Any] = {}
        place = _HEADER.size
        for kind, name in (*_PER_PLAY, (_LENGTH, "lengths"), *_PER_PLAY_SMALL):
            columns[name] = _column(data, kind, tracks if name == "lengths" else plays, place)
            place += columns[name].nbytes
        ends = place + np.cumsum(columns.pop("lengths"), dtype=np.int64)
        _check_length(data, int(ends[-1]) if tracks else place)
        starts = (place, *ends[:-1].tolist())
        return cls(**columns, tracks=tuple(map(data.__getitem__, map(slice, starts, ends.tolist()))))


def encoded_alone(at_ms: int, source: int, city: int, listener: bytes, track: bytes, precision: int = EXACT) -> bytes:
    """Return a batch of one play as `PlayBatch.encode` would; `listener` is the hash as 8 bytes, little-endian."""
    return _ALONE.pack(VERSION, 1, 1, 0, at_ms, listener, 0, len(track), city, precision, source) + track


def track_alone(data: bytes) -> bytes:
    """Return the track of an encoded batch of one play, as wire JSON."""
    return data[_ALONE.size :]


def stamped(data: bytes, arrived_ms: int) -> bytes:
    """Return an encoded batch with its time of arrival, epoch milliseconds."""
    return b"".join((data[:_ARRIVAL_PLACE], _ARRIVAL.pack(arrived_ms), data[_HEADER.size :]))


def arrived_ms(data: bytes) -> int:
    """Return when an encoded batch arrived, as `stamped` wrote it; 0 if it was not stamped."""
    arrived: int = _ARRIVAL.unpack_from(data, _ARRIVAL_PLACE)[0]
    return arrived


def plays_in(data: bytes) -> int:
    """Return how many plays an encoded batch has.

    Raises:
        ValueError: data is of another version, or cut short.
    """
    return _sizes(data)[0]


def late_in(data: bytes, now_ms: int, lateness_ms: int) -> int:
    """Return how many plays of an encoded batch are late; see `late`."""
    if plays_in(data) == 1:
        (at_ms,) = _FIRST_AT.unpack_from(data, _HEADER.size)
        return int(late(at_ms, now_ms, lateness_ms))
    kind, _ = _PER_PLAY[0]
    return int(np.count_nonzero(late(_column(data, kind, plays_in(data), _HEADER.size), now_ms, lateness_ms)))


def _sizes(data: bytes) -> tuple[int, int]:
    if data[:1] != bytes([VERSION]):
        raise ValueError(f"plays of version {data[0] if data else 'none'}; this program reads version {VERSION}")
    if len(data) < _HEADER.size:
        raise ValueError(f"plays cut short: {len(data)} bytes, less than a header")
    _, plays, tracks, _ = _HEADER.unpack_from(data)
    return plays, tracks


def _column(data: bytes, kind: np.dtype[Any], count: int, place: int) -> npt.NDArray[Any]:
    if len(data) < place + count * kind.itemsize:
        raise ValueError(f"plays cut short: {len(data)} bytes, at least {place + count * kind.itemsize} expected")
    return np.frombuffer(data, kind, count, place)


def _check_length(data: bytes, expected: int) -> None:
    if len(data) != expected:
        raise ValueError(f"plays of {len(data)} bytes, {expected} expected")
