"""Makes the record of a slice from what the matcher found: ids, thinning, tracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.columns import Plays
from webapp.core.gazetteer import Gazetteer
from webapp.core.inexact import Inexact
from webapp.core.matcher import Pairs
from webapp.core.mostplayed import MostPlayed
from webapp.core.plays import SOURCES
from webapp.core.precision import slack_ms
from webapp.core.privacy import Drawn
from webapp.core.recordings import track_numbers
from webapp.core.records import (
    CROWD,
    CROWD_CITY,
    HEAD_BYTES,
    PAIR,
    PULSE,
    SPARK,
    TRACK_ID_BYTES,
    Counts,
    Rows,
    SliceRecord,
    connection_tails,
    wire_track_id,
)
from webapp.core.thinning import (
    PAIRS_MAX,
    PULSES_BYTES,
    PULSES_MAX,
    RECORD_BYTES,
    SPARKS_MAX,
    Room,
    could_be_kept,
    thin,
)
from webapp.core.tracks import Tracks


class RecordBuilder:
    """Makes records. `secret` is the key of connection ids."""

    def __init__(self, gazetteer: Gazetteer, secret: bytes) -> None:
        self._gazetteer, self._secret = gazetteer, secret
        self._country = gazetteer.country.astype(np.int64)

    def record(
        self, end_ms: int, now_ms: int, found: Drawn, plays: Plays, tracks: Tracks, most_played: MostPlayed | None
    ) -> tuple[SliceRecord, int]:
        """Return the record of one slice, with empty counts, and how many pairs thinning cut.

        Args:
            end_ms: end of the slice, exclusive.
            now_ms: when it was closed.
            found: what may be drawn of what the matcher found.
            plays: the plays of the slice, without duplicates; thinning counts each artist's.
            tracks: the tracks of the plays.
            most_played: the song that was played most; None if there was no play.
        """
        crowd, crowd_cities = _crowd(most_played)
        sparks = _sparks(found.singles, self._earliest(found.singles.plays, SPARKS_MAX, tracks))
        pulses = _pulses(found.pulses, self._earliest(found.pulses.later, PULSES_MAX, tracks))
        pulses = pulses[: Room(PULSES_BYTES, tracks.texts).take(pulses)]
        room = Room(RECORD_BYTES - HEAD_BYTES - crowd_cities.nbytes, tracks.texts)
        for kept in (crowd, sparks, pulses):
            room.take(kept)
        rows = self._thinned(found.connections, plays, tracks, room), pulses, sparks, crowd
        record = SliceRecord(end_ms, now_ms, Counts(), *rows, crowd_cities, _number_anew(rows, tracks))
        return record, len(found.connections.later.at) - len(record.pairs)

    def _thinned(self, found: Pairs, plays: Plays, tracks: Tracks, room: Room) -> Rows:
        if len(found.within_s) > PAIRS_MAX and found.within_s.any():
            found = found.take(_exact_first(found))
        if len(found.within_s) <= PAIRS_MAX and room.holds(pairs := self._pairs(found, tracks)[0]):
            return pairs
        track = track_numbers(found.earlier.row)
        artist, played = _artists(track, plays, tracks)
        song = found.earlier.group.astype(np.int64) // len(SOURCES)
        country = np.stack([self._country[found.earlier.city], self._country[found.later.city]], axis=1)
        kept = np.flatnonzero(could_be_kept(found.later.at, artist, played, country, song))
        pairs, order = self._pairs(found.take(kept), tracks)
        by = kept[order]
        return thin(pairs, artist[by], played[by], country[by], song[by], room)

    def _pairs(self, found: Pairs, tracks: Tracks) -> tuple[Rows, NDArray[np.int64]]:
        """Return the pairs as rows sorted by id, and their places in `found`."""
        a, b, within_s = found
        rows = np.zeros(len(a.at), PAIR)
        rows["at"], rows["apart_ms"], rows["track"] = b.at, b.at - a.at, track_numbers(a.row)
        rows["to_track"] = np.where(a.group == b.group, rows["track"], track_numbers(b.row))
        rows["from_city"], rows["to_city"], rows["km"] = a.city, b.city, self._gazetteer.km(a.city, b.city)
        rows["from_listener"], rows["to_listener"], rows["source"] = a.listener, b.listener, a.group % len(SOURCES)
        rows["within_s"], rows["tail"] = within_s, self._tails(rows, found, tracks)
        order = np.lexsort((rows["tail"], rows["at"]))
        return rows[order], order

    def _tails(self, rows: Rows, found: Pairs, tracks: Tracks) -> NDArray[np.uint64]:
        place = self._gazetteer.geoname_id
        plays = [
            column
            for play in (found.earlier, found.later)
            for column in (play.at, play.listener.view(np.int64), place[play.city])
        ]
        used = np.unique(rows["track"])
        ids = np.frombuffer(b"".join(wire_track_id(tracks.texts[number]) for number in used.tolist()), np.uint8)
        letters = ids.reshape(-1, TRACK_ID_BYTES)[np.searchsorted(used, rows["track"])]
        return connection_tails(self._secret, rows["source"], letters, np.stack(plays, axis=1))

    def _earliest(self, plays: Plays, most: int, tracks: Tracks) -> NDArray[np.int64]:
        """Return the rows of the first `most` plays by (at, track id, geoname_id)."""
        rows = np.arange(len(plays.at))
        if len(rows) > most:
            rows = np.flatnonzero(plays.at <= np.partition(plays.at, most - 1)[most - 1])
        ids = (wire_track_id(tracks.texts[number]) for number in track_numbers(plays.row[rows]).tolist())
        place = self._gazetteer.geoname_id[plays.city[rows]].tolist()
        ranked = sorted(zip(plays.at[rows].tolist(), ids, place, rows.tolist(), strict=True))
        return np.array([row for *_, row in ranked[:most]], np.int64)


def _exact_first(found: Pairs) -> NDArray[np.int64]:
    """Return the rows of exact pairs, and of the earliest inexact ones as far as there is room."""
    exact, inexact = np.flatnonzero(found.within_s == 0), np.flatnonzero(found.within_s)
    room = max(PAIRS_MAX - len(exact), 0)
    earliest = np.lexsort((found.later.listener[inexact], found.earlier.listener[inexact], found.later.at[inexact]))
    return np.concatenate((exact, inexact[earliest[:room]]))


def _artists(track: NDArray[np.int64], plays: Plays, tracks: Tracks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a number for the artist of each track, and how many of the plays are by that artist."""
    counts = np.bincount(track_numbers(plays.row), minlength=len(tracks.texts))
    every = np.flatnonzero(counts + np.bincount(track, minlength=len(counts)))  # pairs may be of earlier plays
    artist = np.unique(tracks.artists(every), return_inverse=True)[1]
    played = np.bincount(artist, counts[every]).astype(np.int64)
    whose = artist[np.searchsorted(every, track)]
    return whose, played[whose]


def _number_anew(columns: Sequence[Rows], tracks: Tracks) -> tuple[bytes, ...]:
    """Number the tracks in these rows anew, in the order of their bytes, and return them in that order."""
    columns = [rows[name] for rows in columns for name in ("track", "to_track") if name in (rows.dtype.names or ())]
    used = np.unique(np.concatenate(columns))
    texts = sorted((tracks.texts[number], place) for place, number in enumerate(used.tolist()))
    anew = np.empty(len(used), np.uint32)
    anew[[place for _, place in texts]] = np.arange(len(used))
    for column in columns:
        column[:] = anew[np.searchsorted(used, column)]
    return tuple(text for text, _ in texts)


def _pulses(found: Pairs, order: NDArray[np.int64]) -> Rows:
    earlier, later, within_s = found
    rows = np.zeros(len(order), PULSE)
    rows["at"], rows["apart_ms"] = later.at[order], later.at[order] - earlier.at[order]
    rows["within_s"] = within_s[order]
    rows["from_listener"], rows["to_listener"] = earlier.listener[order], later.listener[order]
    return _place(rows, later, order)


def _sparks(singles: Inexact, order: NDArray[np.int64]) -> Rows:
    rows = np.zeros(len(order), SPARK)
    rows["at"] = singles.plays.at[order]
    rows["within_s"] = [-(-slack_ms(each) // 1000) for each in singles.precision[order].tolist()]
    return _place(rows, singles.plays, order)


def _crowd(most: MostPlayed | None) -> tuple[Rows, Rows]:
    if most is None:
        return np.empty(0, CROWD), np.empty(0, CROWD_CITY)
    cities = np.zeros(len(most.city), CROWD_CITY)
    cities["city"], cities["plays"] = most.city, most.city_plays
    return np.array([(most.track, most.plays)], CROWD), cities


def _place(rows: Rows, plays: Plays, order: NDArray[np.int64]) -> Rows:
    rows["city"], rows["track"] = plays.city[order], track_numbers(plays.row[order])
    rows["source"] = plays.group[order] % len(SOURCES)
    return rows
