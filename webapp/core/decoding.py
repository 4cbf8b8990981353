"""Decodes the body of a request into plays.

All plays at once if all are well-formed. Otherwise each play by itself, so that a bad one costs no other.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from webapp.core import validation
from webapp.core.jsontext import TOO_DEEP, NotJsonError, decoded, elements, loads
from webapp.core.plays import Source
from webapp.core.validation import FieldError

PLAYS_MOST = 10_000
FAULTS_MOST = 20
"""Plays of a body whose errors are described; further bad ones are only counted."""
_LINE = re.compile(rb"\S[^\n]*")
_BLANK = b" \t\r\n"
_BEYOND = 10**400
_REQUIRED = ("track", "listener", "place")
_TOO_DEEP = "nested too deeply to read"
_EXAMPLE = '{"track": {...}, "listener": "...", "place": {...}}'

T = TypeVar("T")


class BodyError(ValueError):
    """The body as a whole cannot be used; nothing of it was taken. `str()` is for a person."""


class TooManyPlaysError(ValueError):
    """More than PLAYS_MOST plays in one body."""


class Play(msgspec.Struct, gc=False):
    """A play as sent. Track and place stay bytes: they recur, and their meaning is interned by these bytes."""

    track: msgspec.Raw
    listener: Annotated[str, msgspec.Meta(min_length=1, max_length=validation.LISTENER_MOST)]
    place: msgspec.Raw
    pressed_at: float | None = None
    source: Source | None = None
    within_s: float | None = None


class Decoded(NamedTuple):
    """The plays that are well-formed, their places in the body, and the errors of the others by place."""

    plays: Sequence[Play]
    rows: Sequence[int]
    faults: dict[int, FieldError]


_PLAY = msgspec.json.Decoder(Play)
_PLAYS = msgspec.json.Decoder(Annotated[list[Play], msgspec.Meta(max_length=PLAYS_MOST)])
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BAD = FieldError(None, "a track, a listener or a place is missing")


def decode_json(body: bytes) -> Decoded:
    """Decode a JSON object, which is one play, or a list of them.

    Raises:
        BodyError: it is not JSON (the message gives the position), or neither an object nor a list.
        TooManyPlaysError: more than PLAYS_MOST plays.
    """
    body = _without_mark(body)
    try:
        return _decode(body, decoded(body))
    except NotJsonError as error:
        raise BodyError(error.within(body)) from None


def _decode(body: bytes, text: str) -> Decoded:
    first = body.lstrip()[:1]
    if first == b"{":
        return _one_by_one([body], _play)
    if first != b"[":
        raise BodyError(f"got {validation.shown(loads(body))}; expected a play or a list of plays")
    try:
        return _all(_PLAYS.decode(body))
    except (msgspec.DecodeError, RecursionError):
        return _one_by_one(elements(text), _element, _is_no_element)


def decode_ndjson(body: bytes) -> Decoded:
    """Decode one play a line; a line that is not JSON is a fault. Blank lines are skipped and not counted.

    Raises:
        BodyError: the body is empty.
        TooManyPlaysError: more than PLAYS_MOST plays.
    """
    body = _without_mark(body)
    try:
        decoded(body)
        return _all(_all_lines(body.strip(_BLANK)))
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        return _one_by_one(map(itemgetter(0), _LINE.finditer(body)), _line, _is_no_line)


def _all_lines(body: bytes) -> list[Play]:
    """Decode a body that has exactly one play a line; raise a DecodeError for any other.

    The decoder ignores line ends. But a brace, a line end and a brace follow one another only between two values. So
    if all line ends are such, and their number fits that of the plays, each play is a line.
    """
    ends = body.count(b"\n")
    if ends < PLAYS_MOST and body.count(b"}\n{") == ends and len(plays := _PLAY.decode_lines(body)) == ends + 1:
        return plays
    raise msgspec.DecodeError


def _all(plays: Sequence[Play]) -> Decoded:
    return Decoded(plays, range(len(plays)), {})


def _one_by_one(
    items: Iterable[T], read: Callable[[T], Play], is_bad: Callable[[T], bool] = lambda _: False
) -> Decoded:
    """Read each play by itself. After FAULTS_MOST bad ones, `is_bad` quickly tells most other bad ones."""
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


def _play(raw: bytes) -> Play:
    return _typed(raw) or _checked(load_part(raw))


def _element(element: tuple[str, Any]) -> Play:
    text, value = element
    return _typed(text.encode()) or _checked(value)


def _line(raw: bytes) -> Play:
    try:
        decoded(raw)
        return _play(raw)
    except NotJsonError as error:
        raise FieldError(None, f"the line is not JSON: {error}") from None


def _typed(raw: bytes) -> Play | None:
    try:
        return _PLAY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _checked(value: Any) -> Play:
    """Return a play that the typed decoder refused, if it is good after all (duplicate keys); else raise its error."""
    if value is TOO_DEEP:
        raise FieldError(None, _TOO_DEEP)
    fields = validation.fields_of(value, None, _EXAMPLE)
    track, who, place = (validation.required(fields, name, name, f"a play such as {_EXAMPLE}") for name in _REQUIRED)
    at_s, source, within_s = fields.get("pressed_at"), fields.get("source"), fields.get("within_s")
    return Play(
        listener=validation.listener(who),
        pressed_at=None if at_s is None else validation.number(at_s, "pressed_at", "a number of epoch seconds"),
        source=None if source is None else validation.source(source),
        track=_raw(track),
        place=_raw(place),
        within_s=None if within_s is None else validation.within_s(within_s),
    )


def _raw(value: object) -> msgspec.Raw:
    try:
        return msgspec.Raw(json.dumps(_writable(value)).encode())
    except RecursionError:
        raise FieldError(None, _TOO_DEEP) from None


def _writable(value: object) -> object:
    """Replace infinity, which JSON lacks, by a number that `loads` reads as infinity."""
    if isinstance(value, float) and math.isinf(value):
        return _BEYOND if value > 0 else -_BEYOND
    if isinstance(value, dict):
        return {name: _writable(part) for name, part in value.items()}
    return [_writable(part) for part in value] if isinstance(value, list) else value


def load_part(raw: bytes) -> Any:
    """Return the value of a part of a play; raise a FieldError if it is nested too deeply."""
    try:
        return loads(raw)
    except RecursionError:
        raise FieldError(None, _TOO_DEEP) from None


def _is_no_line(raw: bytes) -> bool:
    """Tell quickly that a line is no play, be it JSON or not; False if that takes longer."""
    try:
        return not (raw.rstrip(_BLANK).endswith(b"}") and _has_required(_FIELDS.decode(raw)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _is_no_element(element: tuple[str, Any]) -> bool:
    """Tell quickly that an element is no play; False if that takes longer."""
    value = element[1]
    return value is not TOO_DEEP and not (isinstance(value, dict) and _has_required(value))


def _has_required(fields: Mapping[str, object]) -> bool:
    return "track" in fields and "listener" in fields and "place" in fields


def _without_mark(body: bytes) -> bytes:
    """Return the body without a byte order mark; raise a BodyError if nothing is left."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body or body.isspace():
        raise BodyError(f"the body is empty; expected plays such as {_EXAMPLE}")
    return body
