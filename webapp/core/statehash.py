"""A hash of what a slicer remembers, as far as it decides later records.

Two slicers that folded the same have the same hash, however they number tracks and whatever the order of their rows. So
the hash of a set of rows is the sum of the hashes of its rows, and tracks go in by their texts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from webapp.core.columns import NO_PLAYS, Plays
from webapp.core.echoes import GOLDEN, Seen
from webapp.core.inexact import NO_INEXACT
from webapp.core.inexactstate import Identity
from webapp.core.plays import SOURCES
from webapp.core.recordings import track_numbers
from webapp.core.records import wire_track_id
from webapp.core.slices import SlicerState

SIZE = 16
"""Bytes of a hash."""
Words = NDArray[np.uint64]
Column = NDArray[Any]

_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
"""The constants of splitmix64, https://prng.di.unimi.it/splitmix64.c, which is in the public domain."""
_NONE = bytes(SIZE)


def state_hash(state: SlicerState, geoname_id: NDArray[np.int64], window_ms: int, more: bytes = b"") -> bytes:
    """Return the hash of a slicer's state, 16 bytes.

    Args:
        state: of the slicer.
        geoname_id: of each city index.
        window_ms: how far apart two plays may lie to be together.
        more: what else decides later records.
    """
    rows = _Rows(state, geoname_id)
    head = blake2b(struct.pack("<q", state.next) + more, digest_size=SIZE)
    head.update(struct.pack("<12Q", *(getattr(state.counts, name) for name in state.counts.__slots__)))
    for part in (*_open(state, rows), *_exact(state, rows, window_ms), *_inexact(state, rows), _privacy(state, rows)):
        head.update(part)
    return head.digest()


class _Rows:
    """Hashes sets of plays, by the ids of their tracks and cities."""

    def __init__(self, state: SlicerState, geoname_id: NDArray[np.int64]) -> None:
        texts, group = state.tracks.texts, state.tracks.group
        used = [number for number, text in enumerate(texts) if text]
        self.geoname_id = geoname_id
        self._texts, self._songs = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint64)
        ids = np.frombuffer(b"".join(wire_track_id(texts[number]) for number in used), "<u8").reshape(-1, 2)
        songs = _mixed(ids[:, 0], ids[:, 1])
        self._songs[group[used]] = songs  # no more songs than texts
        self._texts[used] = _mixed(songs, np.fromiter((crc32(texts[number]) for number in used), np.uint64, len(used)))

    def groups(self, group: Column) -> Words:
        """Return a word for each (source, song)."""
        return _mixed(self._songs[group // len(SOURCES)], group % len(SOURCES))

    def tracks(self, row: Column) -> Words:
        """Return a word for each track of `Plays.row`."""
        return self._texts[track_numbers(row)]

    def plays(self, plays: Plays, *more: Column) -> bytes:
        """Return the hash of a set of plays; `more` are further columns."""
        city = self.geoname_id[plays.city]
        return _sum(self.groups(plays.group), self.tracks(plays.row), city, plays.listener, plays.at, *more)

    def identities(self, found: Sequence[Identity]) -> bytes:
        """Return the hash of a set of identities."""
        columns = np.array(found, object).reshape(-1, 3).T
        listener, group, at = (columns[i].astype(kind) for i, kind in enumerate((np.uint64, np.int64, np.int64)))
        return _sum(listener, self.groups(group), at)


def _open(state: SlicerState, rows: _Rows) -> Iterator[bytes]:
    for number, slice_ in sorted(state.open.items()):
        if slice_.size:
            yield struct.pack("<4q", number, *slice_.unmatched)
            yield rows.plays(NO_PLAYS.joined(*slice_.exact))
            inexact = NO_INEXACT.joined(*slice_.inexact)
            yield rows.plays(inexact.plays, inexact.precision)


def _exact(state: SlicerState, rows: _Rows, window_ms: int) -> Iterator[bytes]:
    matcher = state.matcher
    yield struct.pack("<q", matcher.closed_ms)
    yield rows.plays(matcher.unmatched)
    yield rows.plays(matcher.expired)
    yield _seen(matcher.echoes, rows)
    last, alone = matcher.together
    groups = np.flatnonzero(last >= matcher.closed_ms - window_ms)  # others are together with no later play
    yield _sum(rows.groups(groups), last[groups], alone[groups])


def _seen(seen: Sequence[Seen], rows: _Rows) -> bytes:
    if not seen:
        return _NONE
    key, at, group, row = (np.concatenate([each[i] for each in seen]) for i in range(1, 5))
    is_repeat = np.zeros(len(at), bool)
    starts = np.cumsum([0, *(len(each.at) for each in seen[:-1])])
    is_repeat[np.concatenate([each.repeats + start for each, start in zip(seen, starts, strict=True)])] = True
    return _sum(rows.groups(group), rows.tracks(row), key ^ (group * GOLDEN), at, is_repeat)


def _inexact(state: SlicerState, rows: _Rows) -> Iterator[bytes]:
    inexact = state.matcher.inexact
    known, *masks = inexact.known
    is_repeat = np.concatenate([np.empty(0, bool), *(each.is_repeat for each in inexact.exact)])
    yield rows.plays(NO_PLAYS.joined(*(each.plays for each in inexact.exact)), is_repeat)
    yield rows.plays(NO_PLAYS.joined(*inexact.left))
    yield rows.plays(known.plays, known.precision, *masks)
    yield rows.identities(inexact.counted)
    yield rows.identities(inexact.with_pulse)


def _privacy(state: SlicerState, rows: _Rows) -> bytes:
    privacy = state.privacy
    each = len(privacy.at) // max(1, len(privacy.cities))
    return _sum(rows.geoname_id[np.repeat(privacy.cities, each)], privacy.listener, privacy.at)


def _mixed(*columns: Column) -> Words:
    """Return a hash of each row."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed = _spread(mixed * _MIX[1] ^ column.astype(np.uint64))
    return mixed


def _spread(words: Words) -> Words:
    """Return other words, each of whose bits depends on all bits of the given one: splitmix64's last steps."""
    words = (words ^ (words >> _SHIFTS[0])) * _MIX[0]
    words = (words ^ (words >> _SHIFTS[1])) * _MIX[1]
    return words ^ (words >> _SHIFTS[2])


def _sum(*columns: Column) -> bytes:
    """Return the hash of a set of rows, given as columns."""
    if not len(columns[0]):
        return _NONE
    mixed = _mixed(*columns)
    sums = (int(words.sum(dtype=np.uint64)) for words in (mixed, _spread(mixed)))
    return b"".join(each.to_bytes(SIZE // 2, "little") for each in sums)
