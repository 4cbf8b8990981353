"""Slice records, which cross the second bus: what was found in a slice, as columns in versioned bytes."""

from __future__ import annotations

import re
import struct
from base64 import b32hexdecode, b32hexencode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from webapp.core.plays import SLICE_MS, digests
from webapp.core.songs import artist_key

VERSION = 6

Rows = NDArray[np.void]

# One row a connection. Times are epoch milliseconds, cities city indices, tracks places in `SliceRecord.tracks`;
# `to_track` differs from `track` if only a recording makes both plays one song. `tail` is the last 64 bits of the
# connection's id, and `at` its first 48; `km` is the haversine distance. `within_s` is 0 if both plays are exact; else
# they were pressed within so many seconds, and `apart_ms` is how far apart they arrived. A spark's says how much
# earlier than `at` it may have been pressed, rounded up.
PAIR = np.dtype(
    [("at", "<i8"), ("tail", "<u8"), ("from_listener", "<u8"), ("to_listener", "<u8"), ("track", "<u4"),
     ("to_track", "<u4"), ("apart_ms", "<u2"), ("km", "<u2"), ("from_city", "<u2"), ("to_city", "<u2"),
     ("source", "u1"), ("within_s", "u1")]
)  # fmt: skip
PULSE = np.dtype(
    [("at", "<i8"), ("from_listener", "<u8"), ("to_listener", "<u8"), ("track", "<u4"), ("apart_ms", "<u2"),
     ("city", "<u2"), ("source", "u1"), ("within_s", "u1")]
)  # fmt: skip
SPARK = np.dtype([("at", "<i8"), ("track", "<u4"), ("city", "<u2"), ("source", "u1"), ("within_s", "u1")])
CROWD = np.dtype([("track", "<u4"), ("plays", "<u4")])
CROWD_CITY = np.dtype([("city", "<u2"), ("plays", "<u4")])


@dataclass(frozen=True, slots=True)
class Connection:
    """Two plays of one song, as shown to a person; cities are city indices, `km` is geodesic.

    Attributes:
        track: the earlier play's, as wire JSON.
        track_id: its id.
        artist: its artist's key.
        to_track_id: the id of the later play's track; another one if only a recording makes both plays one song.
        within_s: 0 if `apart_ms` is exact; else both were pressed within about so many seconds.
    """

    id: str
    source: str
    at_ms: int
    apart_ms: int
    km: int
    track: bytes
    track_id: str
    artist: str
    to_track_id: str
    from_city: int
    to_city: int
    within_s: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of the slices since the previous record; their sums over records are totals."""

    plays: int = 0
    together: int = 0
    connections: int = 0
    same_city: int = 0
    late: int = 0
    lost: int = 0
    echoes: int = 0
    thinned: int = 0
    live: int = 0
    synthetic: int = 0
    replay: int = 0
    unmatched: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def plays_by_source(self) -> dict[str, int]:
        """Plays that were not late, by source."""
        return {"live": self.live, "synthetic": self.synthetic, "replay": self.replay}


class RecordError(ValueError):
    """Bytes that are not a slice record of this version."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceRecord:
    """What was found in one slice.

    Attributes:
        end_ms: end of the slice, exclusive.
        now_ms: when it was closed.
        counts: of the slices since the previous record.
        pairs: rows of PAIR, sorted by id.
        pulses: rows of PULSE, sorted by (at, track id, geoname_id).
        sparks: rows of SPARK, sorted likewise.
        crowd: a row of CROWD: the song that was played most; none if there was no play.
        crowd_cities: rows of CROWD_CITY: where it was played, by plays.
        tracks: as wire JSON.
    """

    end_ms: int
    now_ms: int
    counts: Counts = field(default_factory=Counts)
    pairs: Rows = field(default_factory=lambda: np.empty(0, PAIR))
    pulses: Rows = field(default_factory=lambda: np.empty(0, PULSE))
    sparks: Rows = field(default_factory=lambda: np.empty(0, SPARK))
    crowd: Rows = field(default_factory=lambda: np.empty(0, CROWD))
    crowd_cities: Rows = field(default_factory=lambda: np.empty(0, CROWD_CITY))
    tracks: tuple[bytes, ...] = ()

    @property
    def start_ms(self) -> int:
        """First millisecond of the slice."""
        return self.end_ms - SLICE_MS

    @staticmethod
    def end_of(data: bytes) -> int:
        """Return the `end_ms` of an encoded record, without decoding the rest."""
        return int(_HEAD.unpack_from(data)[1])

    def encode(self) -> bytes:
        """Return the record as bytes: version, times, sizes, counts, rows, tracks."""
        counts = [getattr(self.counts, name) for name in Counts.__slots__]
        columns = self.pairs, self.pulses, self.sparks, self.crowd, self.crowd_cities
        sizes = [*map(len, columns), len(self.tracks)]
        lengths = np.fromiter(map(len, self.tracks), "<u4", len(self.tracks))
        head = _HEAD.pack(VERSION, self.end_ms, self.now_ms, *sizes, *counts)
        return b"".join((head, *(rows.tobytes() for rows in columns), lengths.tobytes(), *self.tracks))

    @classmethod
    def decode(cls, data: bytes) -> SliceRecord:
        """Read what `encode` wrote; the rows are views of `data`.

        Raises:
            RecordError: the bytes are of another version, or cut short.
        """
        if not data or data[0] != VERSION:
            raise RecordError(
                f"slice record of version {data[:1].hex() or 'none'}; this server reads version {VERSION}"
            )
        try:
            _, end_ms, now_ms, *sizes_and_counts = _HEAD.unpack_from(data)
            (pairs, pulses, sparks, crowd, crowd_cities, lengths), at = _columns(data, sizes_and_counts[:_SIZES])
        except (struct.error, ValueError) as error:
            raise RecordError(f"slice record of {len(data)} bytes is cut short") from error
        ends = at + np.cumsum(lengths, dtype=np.int64)
        tracks = tuple(data[end - size : end] for end, size in zip(ends.tolist(), lengths.tolist(), strict=True))
        counts = Counts(*sizes_and_counts[_SIZES:])
        return cls(end_ms, now_ms, counts, pairs, pulses, sparks, crowd, crowd_cities, tracks)


def _columns(data: bytes, sizes: Sequence[int]) -> tuple[list[NDArray[Any]], int]:
    """Return the rows of an encoded record and the lengths of its tracks, and where these end."""
    at, columns = _HEAD.size, []
    for dtype, n in zip(_COLUMNS, sizes, strict=True):
        columns.append(np.frombuffer(data, dtype, n, at))
        at += dtype.itemsize * n
    return columns, at


TRACK_ID_BYTES = 16
LENGTH_BYTES = 4
"""What a track takes beside its text."""
_CONNECTION_ID = re.compile("[0-9a-v]{23}")

_COLUMNS = (PAIR, PULSE, SPARK, CROWD, CROWD_CITY, np.dtype("<u4"))
_SIZES = len(_COLUMNS)
_HEAD = struct.Struct(f"<Bqq{_SIZES}I12I")
HEAD_BYTES = _HEAD.size


def connection_tails(
    secret: bytes, source: NDArray[np.uint8], track: NDArray[np.uint8], plays: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the last 64 bits of the ids of n connections: keyed BLAKE2b over both plays, source and track id.

    Args:
        secret: the key, at most 64 bytes.
        source: (n,) source codes.
        track: (n, 16) track ids, one byte a character.
        plays: (n, 6) of (at, listener, geoname_id) of the earlier and of the later play.
    """
    rows = np.concatenate([np.ascontiguousarray(plays, "<i8").view(np.uint8), source[:, None], track], axis=1)
    data, width = memoryview(rows.tobytes()), rows.shape[1]
    pieces = (data[start : start + width] for start in range(0, len(data), width))
    return np.frombuffer(digests(blake2b(digest_size=8, key=secret), pieces), ">u8").astype(np.uint64)


def is_connection_id(text: str) -> bool:
    """Tell whether a text has the form of a connection id."""
    return bool(_CONNECTION_ID.fullmatch(text))


def connection_id(at_ms: int, tail: int) -> str:
    """Return an id of 23 characters that sort by time: 48 bits of milliseconds, then the tail, in base32hex."""
    return b32hexencode(at_ms.to_bytes(6, "big") + tail.to_bytes(8, "big")).rstrip(b"=").decode().lower()


def time_of(id: str) -> int:
    """Return the time in a connection's id, epoch milliseconds: that of the later play."""
    return int.from_bytes(_id_bytes(id)[:6], "big")


def row_of(id: str, record: SliceRecord) -> int | None:
    """Return the row of the pair with that id in a record, or None."""
    at_ms, tail = time_of(id), int.from_bytes(_id_bytes(id)[6:], "big")
    rows = np.flatnonzero((record.pairs["at"] == at_ms) & (record.pairs["tail"] == np.uint64(tail)))
    return int(rows[0]) if len(rows) and connection_id(at_ms, tail) == id else None


def _id_bytes(id: str) -> bytes:
    return b32hexdecode(f"{id.upper()}=")


def id_floor(at_s: float) -> str:
    """Return the smallest id that a connection of that time can have."""
    return connection_id(min(max(round(at_s * 1000), 0), (1 << 48) - 1), 0)


def wire_track_id(track: bytes) -> bytes:
    """Return the id of a track given as wire JSON, which begins with it; it is 16 characters of ASCII."""
    return track[7 : 7 + TRACK_ID_BYTES]


def wire_artist_key(track: bytes) -> str:
    """Return the artist's key of a track given as wire JSON."""
    return artist_key(msgspec.json.decode(track, type=_Artist).artist)


class _Artist(msgspec.Struct):
    artist: str


def wire_recording(track: bytes) -> str | None:
    """Return the recording of a track given as wire JSON."""
    return msgspec.json.decode(track, type=_Recording).recording


class _Recording(msgspec.Struct):
    recording: str | None = None
