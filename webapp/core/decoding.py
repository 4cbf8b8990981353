"""From the body of a request to single plays: all at once where all is well, play by play where it is not."""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from webapp.core import validation
from webapp.core.jsontext import NotJsonError, decoded, elements, loads
from webapp.core.plays import Source
from webapp.core.validation import FieldError

PLAYS_MOST = 10_000
FAULTS_MOST = 20
"""Plays of a body for which it is found out what is wrong with them; of more it is only counted that they are bad."""
_COMMAS_MOST = 50 * PLAYS_MOST  # with more, and it may be millions of tiny elements, each an object of 60 bytes
_LINE = re.compile(rb"\S[^\n]*")
_BLANK = b" \t\r\n"
_BEYOND = 10**400
_REQUIRED = ("track", "listener", "place")
_EXAMPLE = '{"track": {...}, "listener": "...", "place": {...}}'

T = TypeVar("T")


class BodyError(ValueError):
    """The body as a whole cannot be used; nothing of it was taken. `str()` is for a person."""


class TooManyPlaysError(ValueError):
    """More than PLAYS_MOST plays in one body."""


class Play(msgspec.Struct, gc=False):
    """A play as sent. Track and place stay bytes: they recur, and what they mean is kept by them."""

    track: msgspec.Raw
    listener: Annotated[str, msgspec.Meta(min_length=1, max_length=validation.LISTENER_MOST)]
    place: msgspec.Raw
    pressed_at: float | None = None
    source: Source | None = None


class Decoded(NamedTuple):
    """The plays that have the right shape, which of the body they are, and what is wrong with the others."""

    plays: Sequence[Play]
    rows: Sequence[int]
    faults: dict[int, FieldError]


class _Outline(msgspec.Struct, gc=False):
    """What every play has."""

    track: msgspec.Raw
    listener: msgspec.Raw
    place: msgspec.Raw


_PLAY = msgspec.json.Decoder(Play)
_OUTLINE = msgspec.json.Decoder(_Outline)
_BAD = FieldError(None, "a track, a listener or a place is missing")
_PLAYS = msgspec.json.Decoder(Annotated[list[Play], msgspec.Meta(max_length=PLAYS_MOST)])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


def decode_json(body: bytes) -> Decoded:
    """Decode a JSON object, which is one play, or a list of them.

    Raises:
        BodyError: it is not JSON (the message gives the position), or neither an object nor a list.
        TooManyPlaysError: more than PLAYS_MOST plays.
    """
    body = _without_mark(body)
    try:
        decoded(body)
        return _decode(body)
    except NotJsonError as error:
        raise BodyError(_in_whole(body, error).within(body)) from None


def decode_ndjson(body: bytes) -> Decoded:
    """Decode a play a line; a line that is not JSON is a fault. Blank lines are skipped and not counted.

    Raises:
        BodyError: nothing is in it.
        TooManyPlaysError: more than PLAYS_MOST plays.
    """
    body = _without_mark(body)
    try:
        decoded(body)
        plays = _all_lines(body.strip(_BLANK))
        return Decoded(plays, range(len(plays)), {})
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        # One more than there may be is enough to tell; millions of tiny lines would be an object each.
        return _each([match[0] for match in islice(_LINE.finditer(body), PLAYS_MOST + 1)], _line, _is_no_line)


def _all_lines(body: bytes) -> list[Play]:
    """Decode a body of nothing but plays, one a line: a DecodeError if it is none.

    The decoder minds no line ends. But a brace, a line end and a brace come one after the other between two values
    only, so if all line ends are such, and there is one between any two plays, then each play is a line.
    """
    ends = body.count(b"\n")
    if ends < PLAYS_MOST and body.count(b"}\n{") == ends and len(plays := _PLAY.decode_lines(body)) == ends + 1:
        return plays
    raise msgspec.DecodeError


def _decode(body: bytes) -> Decoded:
    first = body.lstrip()[:1]
    if first == b"{":
        return _each([body], _one)
    if first != b"[":
        raise BodyError(f"got {validation.shown(loads(body))}; expected a play or a list of plays")
    try:
        plays = _PLAYS.decode(body)
        return Decoded(plays, range(len(plays)), {})
    except (msgspec.DecodeError, RecursionError):
        return _singly(body)


def _singly(body: bytes) -> Decoded:
    try:
        raws = _RAWS.decode(body) if body.count(b",") < _COMMAS_MOST else None
    except (msgspec.DecodeError, RecursionError):  # to msgspec a lone surrogate in one play spoils them all
        raws = None
    if raws is not None:
        return _each(map(bytes, raws), _one, _is_no_play)
    starts, slices = elements(body, PLAYS_MOST + 1)
    return _each(zip(starts, slices, strict=True), _element)


def _element(place: tuple[int, bytes]) -> Play:
    start, raw = place
    try:
        return _one(raw)
    except NotJsonError as error:
        raise NotJsonError(error.problem, start + error.at) from None


def _line(raw: bytes) -> Play:
    try:
        decoded(raw)
        return _one(raw)
    except NotJsonError as error:
        raise FieldError(None, f"the line is not JSON: {error}") from None


def _one(raw: bytes) -> Play:
    try:
        play = _PLAY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        play = None
    return _patiently(raw) if play is None else play


def _each(items: Iterable[T], read: Callable[[T], Play], is_bad: Callable[[T], bool] = lambda _: False) -> Decoded:
    """Read play by play, so that a bad one costs no other. After FAULTS_MOST of them, `is_bad` may tell the others."""
    plays, rows, faults = [], [], dict[int, FieldError]()
    for index, item in enumerate(items):
        if index == PLAYS_MOST:
            raise TooManyPlaysError(f"more than {PLAYS_MOST} plays in one request; send them in several")
        if len(faults) >= FAULTS_MOST and is_bad(item):
            faults[index] = _BAD
            continue
        try:
            plays.append(read(item))
            rows.append(index)
        except FieldError as error:
            faults[index] = error.bare()
    return Decoded(plays, rows, faults)


def _is_no_play(raw: bytes) -> bool:
    """Tell quickly whether JSON is surely no play; what is right all the same may be told later."""
    try:
        _OUTLINE.decode(raw)
    except msgspec.ValidationError:
        return True
    except (msgspec.DecodeError, RecursionError):
        return False
    return False


def _is_no_line(raw: bytes) -> bool:
    """Tell quickly whether a line is surely no play, be it JSON or not."""
    return not raw.rstrip(_BLANK).endswith(b"}") or _is_no_play(raw)


def _patiently(raw: bytes) -> Play:
    """Read what the typed decoder refused: find what is wrong, or that it is right all the same (duplicate keys)."""
    fields = validation.fields_of(load_part(raw), None, _EXAMPLE)
    track, who, place = (validation.required(fields, name, name, f"a play such as {_EXAMPLE}") for name in _REQUIRED)
    at_s, source = fields.get("pressed_at"), fields.get("source")
    return Play(
        listener=validation.listener(who),
        pressed_at=None if at_s is None else validation.number(at_s, "pressed_at", "a number of epoch seconds"),
        source=None if source is None else validation.source(source),
        track=_raw(track),
        place=_raw(place),
    )


def _raw(value: object) -> msgspec.Raw:
    try:
        return msgspec.Raw(json.dumps(_writable(value)).encode())
    except RecursionError:
        raise FieldError(None, "nested too deeply to read") from None


def _writable(value: object) -> object:
    """Return what `loads` reads back as it was: JSON has no word for a number beyond all floats, only its digits."""
    if isinstance(value, float) and math.isinf(value):
        return _BEYOND if value > 0 else -_BEYOND
    if isinstance(value, dict):
        return {name: _writable(part) for name, part in value.items()}
    return [_writable(part) for part in value] if isinstance(value, list) else value


def load_part(raw: bytes) -> Any:
    """Return what a part of a play says; a FieldError if it cannot be read."""
    try:
        return loads(raw)
    except RecursionError:
        raise FieldError(None, "nested too deeply to read") from None


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
