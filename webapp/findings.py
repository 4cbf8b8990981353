"""From what the matcher found in a slice to the record of it: ids, thinning, tracks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.gazetteer import Gazetteer
from webapp.matcher import Found, Pairs, Plays
from webapp.plays import SOURCES
from webapp.records import (
    PAIR,
    PULSE,
    SPARK,
    TRACK_ID_BYTES,
    Counts,
    Rows,
    SliceRecord,
    connection_tails,
    folded_artist,
    wire_track_id,
)
from webapp.thinning import PAIRS_MAX, PULSES_MAX, SPARKS_MAX, thin

TRACK_BITS = 24

Tracks = Mapping[int, Sequence[bytes]]


def row_of(slice_: int, track: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number under which the matcher carries a play's track: the slice, and the index into the slice's tracks."""
    return track + (slice_ << TRACK_BITS)


class Recorder:
    """Makes records of what the matcher found; `tracks` gives the tracks of each slice that a play may come from."""

    def __init__(self, gazetteer: Gazetteer, secret: bytes, tracks: Tracks) -> None:
        self._gazetteer, self._secret, self._tracks = gazetteer, secret, tracks
        self._country = np.unique(gazetteer.country, return_inverse=True)[1].astype(np.int64)

    def record(self, end_ms: int, now_ms: int, found: Found, plays: Plays) -> tuple[SliceRecord, int]:
        """Return the record of one slice, its counts still empty, and how many pairs thinning cut.

        Args:
            end_ms: end of the slice, exclusive.
            now_ms: when it was closed.
            found: what the matcher found.
            plays: the plays of the slice, which tell how much an artist was played in it.
        """
        pulses, sparks = self._earliest(found.pulses.later, PULSES_MAX), self._earliest(found.singles, SPARKS_MAX)
        table = _Table(
            self._tracks, [found.connections.earlier.row, found.pulses.later.row[pulses], found.singles.row[sparks]]
        )
        every = self._pairs(found.connections, table)
        kept = every if len(every) <= PAIRS_MAX else self._thin(every, table, plays)
        rows = kept, _pulses(found.pulses, pulses, table), _sparks(found.singles, sparks, table)
        return SliceRecord(end_ms, now_ms, Counts(), *table.keep_used(*rows)), len(every) - len(kept)

    def _pairs(self, found: Pairs, table: _Table) -> Rows:
        a, b = found
        rows = np.zeros(len(a.at), PAIR)
        rows["at"], rows["apart_ms"], rows["track"] = b.at, b.at - a.at, table.numbers(a.row)
        rows["from_city"], rows["to_city"], rows["km"] = a.city, b.city, self._gazetteer.km(a.city, b.city)
        rows["from_listener"], rows["to_listener"], rows["source"] = a.listener, b.listener, a.group % len(SOURCES)
        rows["tail"] = self._tails(rows, found, table)
        return rows[np.lexsort((rows["tail"], rows["at"]))]

    def _tails(self, rows: Rows, found: Pairs, table: _Table) -> NDArray[np.uint64]:
        place = self._gazetteer.geoname_id
        plays = [column for play in found for column in (play.at, play.listener.view(np.int64), place[play.city])]
        ids = np.frombuffer(b"".join(map(wire_track_id, table.tracks)), np.uint8).reshape(-1, TRACK_ID_BYTES)
        return connection_tails(self._secret, rows["source"], ids[rows["track"]], np.stack(plays, axis=1))

    def _thin(self, pairs: Rows, table: _Table, plays: Plays) -> Rows:
        artists = list(map(folded_artist, table.tracks))
        number = {name: i for i, name in enumerate(dict.fromkeys(artists))}
        artist = np.array([number[name] for name in artists], np.int64)[pairs["track"]]
        rows, counts = np.unique(plays.row, return_counts=True)
        others = len(number)  # those who have no pair
        whose = [number.get(name, others) for name in map(folded_artist, _texts(self._tracks, rows))]
        played = np.bincount(whose, counts, others + 1).astype(np.int64)
        country = np.stack([self._country[pairs["from_city"]], self._country[pairs["to_city"]]], axis=1)
        return thin(pairs, artist, played[artist], country)

    def _earliest(self, plays: Plays, most: int) -> NDArray[np.int64]:
        """Rows of the first `most` plays by (at, track id, geoname_id)."""
        rows = np.arange(len(plays.at))
        if len(rows) > most:
            rows = np.flatnonzero(plays.at <= np.partition(plays.at, most - 1)[most - 1])
        ids = map(wire_track_id, _texts(self._tracks, plays.row[rows]))
        place = self._gazetteer.geoname_id[plays.city[rows]].tolist()
        ranked = sorted(zip(plays.at[rows].tolist(), ids, place, rows.tolist(), strict=True))
        return np.array([row for *_, row in ranked[:most]], np.int64)


class _Table:
    """The tracks of a record, numbered; built from the matcher's row numbers."""

    def __init__(self, tracks: Tracks, rows: Sequence[NDArray[np.int64]]) -> None:
        self._rows = np.unique(np.concatenate(rows))
        texts = _texts(tracks, self._rows)
        self.tracks = list(dict.fromkeys(texts))
        number = {text: i for i, text in enumerate(self.tracks)}
        self._numbers = np.array([number[text] for text in texts], np.uint32)

    def numbers(self, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
        return self._numbers[np.searchsorted(self._rows, rows)]

    def keep_used(self, *columns: Rows) -> tuple[Rows, Rows, Rows, tuple[bytes, ...]]:
        """Renumber the tracks of pairs, pulses and sparks so that those thinned away are not carried along."""
        used = np.unique(np.concatenate([rows["track"] for rows in columns]))
        for rows in columns:
            rows["track"] = np.searchsorted(used, rows["track"])
        pairs, pulses, sparks = columns
        return pairs, pulses, sparks, tuple(self.tracks[i] for i in used.tolist())


def _texts(tracks: Tracks, rows: NDArray[np.int64]) -> list[bytes]:
    return [tracks[row >> TRACK_BITS][row & (1 << TRACK_BITS) - 1] for row in rows.tolist()]


def _pulses(found: Pairs, order: NDArray[np.int64], table: _Table) -> Rows:
    earlier, later = found
    rows = np.zeros(len(order), PULSE)
    rows["at"], rows["apart_ms"] = later.at[order], later.at[order] - earlier.at[order]
    return _place(rows, later, order, table)


def _sparks(singles: Plays, order: NDArray[np.int64], table: _Table) -> Rows:
    rows = np.zeros(len(order), SPARK)
    rows["at"] = singles.at[order]
    return _place(rows, singles, order, table)


def _place(rows: Rows, plays: Plays, order: NDArray[np.int64], table: _Table) -> Rows:
    rows["city"], rows["track"] = plays.city[order], table.numbers(plays.row[order])
    rows["source"] = plays.group[order] % len(SOURCES)
    return rows
