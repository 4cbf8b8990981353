"""Parses the body of a request into plays as columns."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.core import precision, validation
from webapp.core.columns import distinct
from webapp.core.decoding import FAULTS_MOST, PLAYS_MOST, Decoded, Play, decode_json, decode_ndjson, load_part
from webapp.core.gazetteer import Gazetteer
from webapp.core.interning import InternedTexts, InternTable
from webapp.core.listenerhashes import ListenerHashes
from webapp.core.plays import AHEAD_MS, SOURCES, PlayBatch, Source, encoded_alone
from webapp.core.validation import FieldError

ERRORS_MOST = NOTES_MOST = FAULTS_MOST
HINTS_MOST = 3
"""Errors of a body that say which similar city there is."""
TYPED = 1 << 16
"""Added to the city index of a place that is given as text, beyond the 16 bits of the index."""
WINDOW_MS = (-5_000, AHEAD_MS)

# From a source's code to its rank, and back. The truer a source is, the higher it ranks.
_RANKS = np.array([2, 0, 1], np.uint8)
_BY_RANK = np.array([1, 2, 0], np.uint8)
_CODES: dict[Source | None, int] = {name: code for code, name in enumerate(SOURCES)} | {None: 0}

_NOT_ASCII_PRINTABLE = re.compile("[^ -~]")
_TRACK, _PLACE, _LISTENER = attrgetter("track"), attrgetter("place"), attrgetter("listener")
_AS_BYTES = b"".__add__  # what bytes() gives, in half the time
_PRESSED_AT, _SOURCE, _WITHIN = attrgetter("pressed_at"), attrgetter("source"), attrgetter("within_s")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a play was rejected: its place in the body from 0, the dotted name of the field, a sentence."""

    index: int
    field: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Note:
    """Which city a place given as text was understood as: the play's place in the body from 0, and a city index."""

    index: int
    city: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The good plays of a body, the number of bad ones, the first errors of these, and the first notes."""

    plays: PlayBatch
    rejected: int
    errors: tuple[Rejected, ...]
    notes: tuple[Note, ...]


class ManyTypedError(ValueError):
    """More places are given as text than may be looked up here; nothing was taken."""


class ParsedPlays(msgspec.Struct, frozen=True):
    """The plays of a body, ready for the bus.

    Attributes:
        batch: the good plays, as `PlayBatch.encode` writes them.
        by_source: number of good plays by source, for sources with plays.
        rejected: number of bad plays.
        errors: the errors of the first of these.
        notes: the cities that the first places given as text were understood as.
    """

    batch: bytes
    by_source: dict[str, int]
    rejected: int
    errors: tuple[Rejected, ...]
    notes: tuple[Note, ...]

    @property
    def accepted(self) -> int:
        """Number of good plays."""
        return sum(self.by_source.values())


class PlayParser:
    """Parses bodies of plays. It interns tracks and places, so that a play costs about a microsecond."""

    def __init__(self, gazetteer: Gazetteer, secret: bytes) -> None:
        """Start with empty tables.

        Args:
            gazetteer: where places are looked up.
            secret: key of the listener hashes; the same for all nodes of a cluster.
        """
        self._tracks = InternedTexts(lambda raw: validation.track(load_part(raw)))
        self._cities = InternTable(lambda raw: _city(raw, gazetteer))
        self._listeners = ListenerHashes(hashlib.blake2b(secret, digest_size=32, person=b"unison listener").digest())

    def read(self, body: bytes, now_ms: int, source: Source = "live", *, lines: bool = False) -> Reading:
        """Read a body of plays.

        Args:
            body: UTF-8: a JSON object (one play), a JSON list of plays, or one play a line.
            now_ms: the time of arrival, epoch milliseconds.
            source: the request's source; of it and a play's own source the less true one counts.
            lines: whether the body has one play a line (NDJSON).

        Raises:
            BodyError: the body as a whole cannot be used; nothing of it is taken.
            TooManyPlaysError: it has too many plays.
        """
        return self._read(decode_ndjson(body) if lines else decode_json(body), now_ms, source)

    def parse(
        self, body: bytes, now_ms: int, source: Source = "live", *, lines: bool = False, typed_most: int = PLAYS_MOST
    ) -> ParsedPlays:
        """Read a body of plays and encode them for the bus; see `read`.

        Raises:
            ManyTypedError: more than `typed_most` places are given as text.
        """
        decoded = decode_ndjson(body) if lines else decode_json(body)
        if len(decoded.plays) > typed_most and sum(map(_is_typed, decoded.plays)) > typed_most:
            raise ManyTypedError
        alone = decoded.plays[0] if len(decoded.plays) == 1 and not decoded.faults else None
        if alone and (parsed := self._parse_one(alone, now_ms, source)):
            return parsed
        reading = self._read(decoded, now_ms, source)
        counts = np.bincount(reading.plays.source, minlength=len(SOURCES)).tolist()
        return ParsedPlays(
            batch=reading.plays.encode(),
            by_source={name: count for name, count in zip(SOURCES, counts, strict=True) if count},
            rejected=reading.rejected,
            errors=reading.errors,
            notes=reading.notes,
        )

    def _parse_one(self, play: Play, now_ms: int, source: Source) -> ParsedPlays | None:
        """Parse a single play, for which columns would be slow; return None if something is wrong with it."""
        try:
            city = self._cities.number(bytes(play.place))
            track = self._tracks.texts[self._tracks.number(bytes(play.track))]
        except FieldError:
            return None
        at_ms = now_ms if play.pressed_at is None else play.pressed_at * 1000
        if not math.isfinite(at_ms) or not now_ms + WINDOW_MS[0] <= round(at_ms) <= now_ms + WINDOW_MS[1]:
            return None
        within_s = play.within_s or 0.0
        if not play.listener.isprintable() or not 0 <= within_s <= validation.WITHIN_MOST_S:
            return None
        code = min(_CODES[source], _CODES[play.source], key=_RANKS.__getitem__)
        notes = (Note(0, city ^ TYPED),) if city & TYPED else ()
        hashed, precise = self._listeners.one(play.listener), precision.of_spread(within_s)
        batch = encoded_alone(round(at_ms), code, city & ~TYPED, hashed, track, precise)
        return ParsedPlays(batch, {SOURCES[code]: 1}, 0, (), notes)

    def parse_one(
        self, track: Mapping[str, object], listener: str, city: int | None, now_ms: int, source: Source, precise: int
    ) -> ParsedPlays:
        """Encode a single play that arrives now.

        Args:
            track: as in a play's JSON.
            listener: the listener's opaque id.
            city: a city index; None if it is not known, and then the play is counted and not matched.
            now_ms: the time of arrival, epoch milliseconds.
            source: where it comes from.
            precise: the precision of its time; see `webapp.core.precision`.

        Raises:
            FieldError: the track or the listener is not valid.
        """
        text = self._tracks.texts[self._tracks.number(msgspec.json.encode(track))]
        hashed, code = self._listeners.one(validation.listener(listener)), _CODES[source]
        place, precise = (0, precision.UNMATCHED) if city is None else (city, precise)
        return ParsedPlays(encoded_alone(now_ms, code, place, hashed, text, precise), {source: 1}, 0, (), ())

    def _read(self, decoded: Decoded, now_ms: int, source: Source) -> Reading:
        plays, rows, faults = decoded
        tracks, bad_tracks = self._tracks.find(list(map(_AS_BYTES, map(_TRACK, plays))))
        cities, bad_cities = self._cities.find(list(map(_AS_BYTES, map(_PLACE, plays))))
        listeners, within_s = list(map(_LISTENER, plays)), list(map(_WITHIN, plays))
        columns = _Columns(plays, tracks, cities, listeners, _pressed_ms(plays, now_ms), within_s)
        for row, error in chain(bad_tracks.items(), bad_cities.items(), columns.faults(now_ms)):
            faults.setdefault(rows[row], error)
        if faults:
            kept = [row for row, index in enumerate(rows) if index not in faults]
            columns, rows = columns.take(kept), [rows[row] for row in kept]
        errors = tuple(
            Rejected(index, faults[index].field, str(faults[index]) if at < HINTS_MOST else faults[index].brief())
            for at, index in enumerate(sorted(faults)[:ERRORS_MOST])
        )
        typed = np.flatnonzero(columns.city & TYPED)[:NOTES_MOST].tolist()
        notes = tuple(Note(rows[row], int(columns.city[row]) ^ TYPED) for row in typed)
        return Reading(columns.batch(self._listeners, self._tracks.texts, _CODES[source]), len(faults), errors, notes)


class _Columns(NamedTuple):
    """Plays with what was looked up about them, one row a play."""

    plays: Sequence[Play]
    track: npt.NDArray[np.int64]
    city: npt.NDArray[np.int64]
    listeners: Sequence[str]
    at: npt.NDArray[np.float64]
    within_s: Sequence[float | None]

    def faults(self, now_ms: int) -> Iterator[tuple[int, FieldError]]:
        """Yield rows with the errors of their listeners and times; a row may occur more than once."""
        ids = "".join(self.listeners)
        if _NOT_ASCII_PRINTABLE.search(ids) and not ids.isprintable():  # this alone takes four times as long
            yield from _unfit(self.listeners)
        fits = (self.at >= now_ms + WINDOW_MS[0]) & (self.at <= now_ms + WINDOW_MS[1])
        for row in np.flatnonzero(~fits).tolist():
            yield row, validation.pressed_at(self.plays[row].pressed_at, now_ms, WINDOW_MS)
        if any(self.within_s):
            yield from _not_within(self.within_s)

    def take(self, rows: list[int]) -> "_Columns":
        """Return these rows."""
        plays, listeners = [self.plays[row] for row in rows], [self.listeners[row] for row in rows]
        within_s = [self.within_s[row] for row in rows]
        return _Columns(plays, self.track[rows], self.city[rows], listeners, self.at[rows], within_s)

    def batch(self, hashes: ListenerHashes, tracks: Sequence[bytes], source: int) -> PlayBatch:
        """Return the rows as a batch; none may have a fault. `tracks` are the interned tracks by number."""
        used = distinct(self.track)
        place = np.empty(len(tracks), np.uint32)  # of each used track, its place among these
        place[used] = np.arange(len(used))
        return PlayBatch(
            at=self.at.astype(np.int64),
            source=self._sources(source),
            city=(self.city & ~TYPED).astype(np.uint16),
            listener=hashes.of(self.listeners),
            track=place[self.track],
            precision=self._precisions(),
            tracks=tuple(map(tracks.__getitem__, used.tolist())),
        )

    def _precisions(self) -> npt.NDArray[np.uint16]:
        if not any(self.within_s):
            return np.zeros(len(self.within_s), np.uint16)
        return np.array([precision.of_spread(each or 0.0) for each in self.within_s], np.uint16)

    def _sources(self, source: int) -> npt.NDArray[np.uint8]:
        """Return the less true of the request's source and each play's own."""
        own = np.zeros(len(self.plays), np.uint8)
        if any(sources := list(map(_SOURCE, self.plays))):
            own[:] = list(map(_CODES.__getitem__, sources))
        lesser: npt.NDArray[np.uint8] = _BY_RANK[np.minimum(_RANKS[own], _RANKS[source])]
        return lesser


def _is_typed(play: Play) -> bool:
    return bytes(play.place).startswith(b'"')


def _city(raw: bytes, gazetteer: Gazetteer) -> int:
    """Return a place's city index, with TYPED if it is text."""
    place = load_part(raw)
    return validation.place(place, gazetteer) | (TYPED if isinstance(place, str) else 0)


def _unfit(listeners: Sequence[str]) -> Iterator[tuple[int, FieldError]]:
    for row, listener in enumerate(listeners):
        try:
            validation.listener(listener)
        except FieldError as error:
            yield row, error


def _not_within(within_s: Sequence[float | None]) -> Iterator[tuple[int, FieldError]]:
    for row, each in enumerate(within_s):
        try:
            validation.within_s(each or 0.0)
        except FieldError as error:
            yield row, error


def _pressed_ms(plays: Sequence[Play], now_ms: int) -> npt.NDArray[np.float64]:
    """Return whole epoch milliseconds; the time of arrival for plays without a time."""
    at_s = np.fromiter(map(_PRESSED_AT, plays), np.float64, len(plays))  # None becomes NaN, which JSON cannot say
    with np.errstate(over="ignore"):
        return np.where(np.isnan(at_s), now_ms, np.rint(at_s * 1000))
