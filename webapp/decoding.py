"""From the body of a request to plays as columns: fast where all is well, play by play where it is not. Pure."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from webapp import checks
from webapp.checks import FieldError
from webapp.gazetteer import Gazetteer
from webapp.jsontext import NotJsonError, decoded, elements, loads
from webapp.known import Known
from webapp.plays import SOURCES, PlayBatch, Source

PLAYS_MOST = 10_000
ERRORS_MOST = 20
WINDOW_MS = (-5_000, 1_000)

_LINE = re.compile(rb"\S[^\n]*")
_TOO_DEEP = "nested too deeply to read"
_EXAMPLE = '{"track": {...}, "listener": "...", "place": {...}}'

# By code: how true a source is, and back. Synthetic is the least true.
_TRUTH = np.array([2, 0, 1], np.uint8)
_BY_TRUTH = np.array([1, 2, 0], np.uint8)
_CODES: dict[Source | None, int] = {name: code for code, name in enumerate(SOURCES)} | {None: 0}

T = TypeVar("T")


class BodyError(ValueError):
    """The body as a whole cannot be used; nothing of it was taken. `str()` is for a person."""


class TooManyPlaysError(ValueError):
    """More than PLAYS_MOST plays in one body."""


class _Play(msgspec.Struct, gc=False):
    """A play as sent. Track and place stay bytes: they recur, and what they mean is kept by them."""

    track: msgspec.Raw
    listener: Annotated[str, msgspec.Meta(min_length=1, max_length=checks.LISTENER_MOST)]
    place: msgspec.Raw
    pressed_at: float | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a play was not taken: its number in the body from 0, the dotted name of the field, a sentence."""

    index: int
    field: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body held: the good plays, how many were bad, and what was wrong with the first of these."""

    plays: PlayBatch
    rejected: int
    errors: tuple[Rejected, ...]


class PlayReader:
    """Reads bodies of plays; keeps what tracks and places it met mean, so that a play costs about a microsecond."""

    def __init__(self, gazetteer: Gazetteer, secret: bytes) -> None:
        """Start with nothing known.

        Args:
            gazetteer: where places are looked up.
            secret: key of the listener hashes; the same for all nodes of a cluster.
        """
        self._tracks: Known[bytes] = Known(lambda raw: checks.track(_loads(raw)))
        self._cities: Known[int] = Known(lambda raw: checks.place(_loads(raw), gazetteer))
        key = hashlib.blake2b(secret, digest_size=32, person=b"unison listener").digest()
        self._keyed = hashlib.blake2b(digest_size=8, key=key)
        self._play = msgspec.json.Decoder(_Play)
        self._plays = msgspec.json.Decoder(Annotated[list[_Play], msgspec.Meta(max_length=PLAYS_MOST)])

    def read_json(self, body: bytes, now_ms: int, source: Source = "live") -> Reading:
        """Read a JSON object, which is one play, or a list of them.

        Args:
            body: UTF-8.
            now_ms: epoch milliseconds: the time of arrival.
            source: of this and a play's own source the less true one counts.

        Raises:
            BodyError: it is not JSON (the message gives the position), or neither an object nor a list.
            TooManyPlaysError: more than PLAYS_MOST plays.
        """
        body = _without_mark(body)
        try:
            decoded(body)
            return self._reading(self._decode(body), now_ms, source)
        except NotJsonError as error:
            raise BodyError(_in_whole(body, error).within(body)) from None

    def read_ndjson(self, body: bytes, now_ms: int, source: Source = "live") -> Reading:
        """Read a play a line; a line that is not JSON is a rejected play. Blank lines are skipped and not counted.

        Args and errors are those of `read_json`, but for lines that are not JSON.
        """
        found = islice(_LINE.finditer(_without_mark(body)), PLAYS_MOST + 1)
        return self._reading(_each([match[0] for match in found], self._line), now_ms, source)

    def _decode(self, body: bytes) -> "_Decoded":
        first = body.lstrip()[:1]
        if first == b"{":
            return _each([body], self._one)
        if first != b"[":
            raise BodyError(f"expected a play or a list of plays, got {checks.shown(loads(body))}")
        try:
            plays = self._plays.decode(body)
            return _Decoded(plays, range(len(plays)), {})
        except (msgspec.DecodeError, RecursionError):
            return _each(elements(body), self._element)

    def _element(self, place: tuple[int, bytes]) -> _Play:
        start, raw = place
        try:
            return self._one(raw)
        except NotJsonError as error:
            raise NotJsonError(error.problem, start + error.at) from None

    def _line(self, raw: bytes) -> _Play:
        try:
            decoded(raw)
            return self._one(raw)
        except NotJsonError as error:
            raise FieldError(None, f"the line is not JSON: {error}") from None

    def _one(self, raw: bytes) -> _Play:
        try:
            return self._play.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return _patiently(raw)

    def _reading(self, decoded: "_Decoded", now_ms: int, source: Source) -> Reading:
        plays, rows, faults = decoded
        columns = _Columns(
            plays,
            self._tracks.find([bytes(play.track) for play in plays]),
            self._cities.find([bytes(play.place) for play in plays]),
            _pressed_ms(plays, now_ms),
        )
        for row, error in columns.faults(now_ms):
            faults.setdefault(rows[row], error)
        if faults:
            columns = columns.take([row for row, index in enumerate(rows) if index not in faults])
        errors = tuple(
            Rejected(index, faults[index].field, str(faults[index])) for index in sorted(faults)[:ERRORS_MOST]
        )
        return Reading(columns.batch(self._hashes, _CODES[source]), len(faults), errors)

    def _hashes(self, listeners: Iterable[str]) -> npt.NDArray[np.uint64]:
        digests, start = [], self._keyed.copy
        for listener in listeners:
            hashing = start()
            hashing.update(listener.encode())
            digests.append(hashing.digest())
        return np.frombuffer(b"".join(digests), "<u8")


class _Decoded(NamedTuple):
    """The plays that have the right shape, which of the body they are, and what is wrong with the others."""

    plays: Sequence[_Play]
    rows: Sequence[int]
    faults: dict[int, FieldError]


class _Columns(NamedTuple):
    """The same plays by what is known of them, a row each; what is wrong stands in the place of what it should be."""

    plays: Sequence[_Play]
    tracks: Sequence[bytes | FieldError]
    cities: Sequence[int | FieldError]
    at: npt.NDArray[np.float64]

    def faults(self, now_ms: int) -> Iterator[tuple[int, FieldError]]:
        """Rows and what is wrong with them; a row may come more than once."""
        for values in (self.tracks, self.cities):
            if FieldError in set(map(type, values)):
                yield from ((row, value) for row, value in enumerate(values) if isinstance(value, FieldError))
        if not "".join(play.listener for play in self.plays).isprintable():
            yield from _unfit_listeners(self.plays)
        fits = (self.at >= now_ms + WINDOW_MS[0]) & (self.at <= now_ms + WINDOW_MS[1])
        for row in np.flatnonzero(~fits).tolist():
            yield row, checks.pressed_at(self.plays[row].pressed_at, now_ms, WINDOW_MS)

    def take(self, rows: Sequence[int]) -> "_Columns":
        """Return these rows."""
        plays, tracks, cities = self.plays, self.tracks, self.cities
        return _Columns([plays[i] for i in rows], [tracks[i] for i in rows], [cities[i] for i in rows], self.at[rows])

    def batch(self, hashes: Callable[[Iterable[str]], npt.NDArray[np.uint64]], source: int) -> PlayBatch:
        """Return rows without a fault as a batch."""
        numbers: dict[Any, int] = {}
        track = [numbers.setdefault(wire, len(numbers)) for wire in self.tracks]
        own = np.array([_CODES[play.source] for play in self.plays], np.uint8)
        return PlayBatch(
            at=self.at.astype(np.int64),
            source=_BY_TRUTH[np.minimum(_TRUTH[own], _TRUTH[source])],
            city=np.array(self.cities, np.uint16),
            listener=hashes(play.listener for play in self.plays),
            track=np.array(track, np.uint32),
            tracks=tuple(numbers),
        )


def _each(items: Sequence[T], read: Callable[[T], _Play]) -> _Decoded:
    """Read play by play, so that a bad one costs no other."""
    if len(items) > PLAYS_MOST:
        raise TooManyPlaysError(f"more than {PLAYS_MOST} plays in one request; send them in several")
    plays, rows, faults = [], [], {}
    for index, item in enumerate(items):
        try:
            plays.append(read(item))
            rows.append(index)
        except FieldError as error:
            faults[index] = error
    return _Decoded(plays, rows, faults)


def _patiently(raw: bytes) -> _Play:
    """Read what the typed decoder refused: find what is wrong, or that it is right all the same (duplicate keys)."""
    fields = checks.fields_of(_loads(raw), None, _EXAMPLE)
    track, listener, place = (
        checks.required(fields, name, name, f"a play such as {_EXAMPLE}") for name in ("track", "listener", "place")
    )
    at_s, source = fields.get("pressed_at"), fields.get("source")
    return _Play(
        track=msgspec.Raw(json.dumps(track).encode()),
        listener=checks.listener(listener),
        place=msgspec.Raw(json.dumps(place).encode()),
        pressed_at=None if at_s is None else checks.number(at_s, "pressed_at", "a number of epoch seconds"),
        source=None if source is None else checks.source(source),
    )


def _loads(raw: bytes) -> Any:
    try:
        return loads(raw)
    except RecursionError:
        raise FieldError(None, _TOO_DEEP) from None


def _unfit_listeners(plays: Iterable[_Play]) -> Iterator[tuple[int, FieldError]]:
    for row, play in enumerate(plays):
        try:
            checks.listener(play.listener)
        except FieldError as error:
            yield row, error


def _pressed_ms(plays: Sequence[_Play], now_ms: int) -> npt.NDArray[np.float64]:
    """Whole epoch milliseconds; the time of arrival where none is given."""
    at_s = np.array([play.pressed_at for play in plays], np.float64)  # None becomes NaN, which JSON cannot say
    with np.errstate(over="ignore"):
        return np.where(np.isnan(at_s), now_ms, np.rint(at_s * 1000))


def _without_mark(body: bytes) -> bytes:
    """Return the body without a byte order mark; a BodyError if nothing is in it."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body or body.isspace():
        raise BodyError(f"the body is empty; expected plays such as {_EXAMPLE}")
    return body


def _in_whole(body: bytes, error: NotJsonError) -> NotJsonError:
    """Return the error as reading the whole body in order gives it, where that can be done."""
    try:
        loads(body)
    except NotJsonError as first:
        return first
    except RecursionError:
        return error
    return error
