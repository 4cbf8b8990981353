"""Checks the fields of a play: takes decoded JSON, returns a value or raises a `FieldError` for a person."""

import json
import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any, Self

import msgspec

from webapp.core.gazetteer import Gazetteer, PlaceError
from webapp.core.plays import SOURCES, Source, track_id
from webapp.core.trackurls import AddressError, https_address

TEXT_MOST = 300
LISTENER_MOST = 128
WITHIN_MOST_S = 60
"""The most by which a play may say that its time is wrong."""
URL_MOST = 2_048
_CITY_MOST = 200
_SHOWN = 60
_INVISIBLE = ("Cf", "Zs")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code)
    for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0000, 0xE0FFF), (0xFFF0, 0xFFF8), (0x2065, 0x2065))
    for code in range(first, last + 1)
}
"""Letters, marks and symbols that are invisible: Unicode's Default_Ignorable_Code_Point, such as Hangul fillers and
variation selectors, and the blank of Braille."""

# Embeddings, overrides and isolates would reverse the text beside them, in a feed or on a card.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]+")

_ISRC = re.compile("isrc:[a-z]{2}[a-z0-9]{3}[0-9]{7}", re.IGNORECASE | re.ASCII)
_MBID = re.compile("mbid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_PLACES = {
    "geoname_id": ("geoname_id",),
    "city and country": ("city", "country", "admin1"),
    "lon and lat": ("lon", "lat"),
}


class FieldError(ValueError):
    """A field that cannot be used; `str()` names the value and what would be right.

    Attributes:
        field: its dotted name, such as "track.title"; None for the play as a whole.
    """

    def __init__(self, field: str | None, problem: object) -> None:
        super().__init__(problem)
        self.field = field
        self.problem = problem

    def brief(self) -> str:
        """Return the sentence, without what takes long to find."""
        return self.problem.brief() if isinstance(self.problem, PlaceError) else str(self)

    def bare(self) -> Self:
        """Return a copy without a traceback: thousands of tracebacks keep the garbage collector busy."""
        return type(self)(self.field, self.problem)


def shown(value: object) -> str:
    """Return a value for an error message: on one line, of bounded length, safe to print."""
    if isinstance(value, str):
        return repr(value[:_SHOWN]) + "…" * (len(value) > _SHOWN)
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number too large to read"
    written = json.dumps(value)
    return written[:_SHOWN] + "…" * (len(written) > _SHOWN)


def fields_of(value: object, field: str | None, example: str) -> dict[str, Any]:
    """Return a JSON object unchanged; raise a FieldError for anything else."""
    if not isinstance(value, dict):
        raise FieldError(field, f"got {shown(value)}; expected an object such as {example}")
    return value


def required(fields: dict[str, Any], name: str, field: str, expected: str) -> Any:
    """Return fields[name]; raise a FieldError if it is missing."""
    if name not in fields:
        raise FieldError(field, f"missing; expected {expected}")
    return fields[name]


def text(value: object, field: str, most: int) -> str:
    """Return a text without the whitespace around it; raise a FieldError unless 1 to `most` characters are left."""
    if not isinstance(value, str):
        raise FieldError(field, f"got {shown(value)}; expected text")
    refuse_characters(value, field)
    trimmed = value.strip()
    if not 1 <= len(trimmed) <= most:
        raise FieldError(field, f"got {len(trimmed)} characters, {shown(value)}; expected 1 to {most}")
    if _is_blank(trimmed):
        raise FieldError(field, f"got {shown(value)}; expected visible characters")
    return trimmed


def _is_blank(value: str) -> bool:
    if value.isascii() and value.isprintable():
        return not value.strip()
    return all(unicodedata.category(each) in _INVISIBLE or each in _BLANK for each in value)


def mended(value: str, most: int) -> str:
    """Return a text so that `text` takes it; "" if nothing is left.

    Line breaks and tabs become spaces, other characters that `text` refuses are left out, and the end is cut off.
    """
    head = value[: 4 * most]  # a huge text costs no more than a long one
    kept = _REFUSED.sub("", _BREAKS.sub(" ", head)).strip()[:most].rstrip()
    return "" if _is_blank(kept) else kept


def refuse_characters(value: str, field: str) -> None:
    """Raise a FieldError if a text has a character that no text of a play may have; see `_REFUSED`."""
    if found := _REFUSED.search(value):
        code, start = f"U+{ord(found[0]):04X}", max(0, found.start() - _SHOWN // 2)
        raise FieldError(
            field, f"{_kind(found[0])} {code} at character {found.start()} of {shown(value[start:])}; remove it"
        )


def _kind(character: str) -> str:
    if _SURROGATE.match(character):
        return "lone surrogate (half of a character)"
    if _BIDI.match(character):
        return "character that changes the direction of text"
    return "control character"


def listener(value: object) -> str:
    """Return a listener's opaque id, unchanged; raise a FieldError unless it has 1 to 128 characters."""
    if not isinstance(value, str):
        raise FieldError("listener", f"got {shown(value)}; expected text")
    if not 1 <= len(value) <= LISTENER_MOST:
        raise FieldError("listener", f"got {len(value)} characters; expected 1 to {LISTENER_MOST}")
    refuse_characters(value, "listener")
    return value


def number(value: object, field: str, expected: str = "a number") -> float:
    """Return a finite number; raise a FieldError for anything else, also for true and "1"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FieldError(field, f"got {shown(value)}; expected {expected}")
    return value


def within_s(value: object) -> float:
    """Return by how many seconds a play's time may be wrong; raise a FieldError unless it is from 0 to 60."""
    expected = f"seconds, from 0 to {WITHIN_MOST_S}"
    within = number(value, "within_s", expected)
    if not 0 <= within <= WITHIN_MOST_S:
        raise FieldError("within_s", f"got {shown(value)}; expected {expected}")
    return within


def source(value: object) -> Source:
    """Return one of SOURCES; raise a FieldError for anything else."""
    for known in SOURCES:
        if value == known:
            return known
    raise FieldError("source", f"got {shown(value)}; expected one of {', '.join(map(repr, SOURCES))}")


def pressed_at(at_s: float | None, now_ms: int, window_ms: tuple[int, int]) -> FieldError:
    """Return the error of a play outside the window [now + window_ms[0], now + window_ms[1]]."""
    before_s, after_s = -window_ms[0] / 1000, window_ms[1] / 1000
    problem = f"got {shown(at_s)}; expected at most {before_s:g} s before and {after_s:g} s after the server's time,"
    return FieldError("pressed_at", f"{problem} {now_ms / 1000:.3f}{_unit_hint(at_s or 0.0)}")


def _unit_hint(at_s: float) -> str:
    for unit, least in (("milliseconds", 1e11), ("microseconds", 1e14), ("nanoseconds", 1e17)):
        if least <= at_s < 1e3 * least:
            return f"; it looks like {unit}, send epoch seconds"
    return ""


def track(value: object) -> bytes:
    """Return a track as wire JSON: compact, its id first."""
    fields = fields_of(value, "track", '{"title": "...", "artist": "..."}')
    title, artist = (_named(fields, name) for name in ("title", "artist"))
    if fields.get("album") is not None:
        text(fields["album"], "track.album", TEXT_MOST)
    wire = {
        "id": track_id(artist, title),
        "title": title,
        "artist": artist,
        "recording": recording(fields.get("recording")),
        "url": _https(fields.get("url"), "track.url"),
        "artwork_url": _https(fields.get("artwork_url"), "track.artwork_url"),
    }
    return msgspec.json.encode(wire)


def _named(fields: dict[str, Any], name: str) -> str:
    field = f"track.{name}"
    return text(required(fields, name, field, f"text of 1 to {TEXT_MOST} characters"), field, TEXT_MOST)


def recording(value: object) -> str | None:
    """Return the code of a recording as it travels, None if there is none; raise a FieldError for anything else."""
    if value is None:
        return None
    if isinstance(value, str) and _ISRC.fullmatch(value):
        return "isrc:" + value[5:].upper()
    if isinstance(value, str) and _MBID.fullmatch(value):
        return value.lower()
    expected = "'isrc:' and 12 letters and digits, without hyphens, or 'mbid:' and a UUID"
    raise FieldError("track.recording", f"got {shown(value)}; expected {expected}")


def _https(value: object, field: str) -> str | None:
    if value is None:
        return None
    try:
        address = https_address(value) if isinstance(value, str) and _may_be_address(value) else None
    except AddressError as error:
        problem = f"got {shown(value)}, but {error}; expected a public https address"
        raise FieldError(field, problem) from None
    if address is None or len(address) > URL_MOST:
        expected = f"an https address of at most {URL_MOST} characters"
        raise FieldError(field, f"got {shown(value)}; expected {expected}")
    return address


def _may_be_address(text: str) -> bool:
    return len(text) <= URL_MOST and not _REFUSED.search(text)


def place(value: object, gazetteer: Gazetteer) -> int:
    """Return the city index of a place, given as text or in exactly one of three other ways."""
    if isinstance(value, str):
        return _found(gazetteer.typed, text(value, "place", _CITY_MOST))
    fields = fields_of(value, "place", '"Osaka, Japan" or {"city": "Osaka", "country": "JP"}')
    fields = {name: given for name, given in fields.items() if given is not None}
    kinds = [kind for kind, names in _PLACES.items() if any(name in fields for name in names)]
    if len(kinds) != 1:
        got = ", and ".join(kinds) or "none"
        raise FieldError("place", f"got {got}; expected one of: {'; '.join(_PLACES)}; text such as 'Osaka, Japan'")
    return _found(_FIND[kinds[0]], fields, gazetteer)


def _found(find: Callable[..., int], *place: Any) -> int:
    try:
        return find(*place)
    except PlaceError as error:
        raise FieldError("place", error.with_traceback(None)) from None


def _by_id(fields: dict[str, Any], gazetteer: Gazetteer) -> int:
    geoname_id = number(fields["geoname_id"], "place.geoname_id", "a whole number")
    if geoname_id != int(geoname_id):
        raise FieldError("place.geoname_id", f"got {shown(geoname_id)}; expected a whole number")
    return gazetteer.by_id(int(geoname_id))


def _by_name(fields: dict[str, Any], gazetteer: Gazetteer) -> int:
    city = text(required(fields, "city", "place.city", "the city's name"), "place.city", _CITY_MOST)
    country = required(fields, "country", "place.country", "its ISO 3166-1 code, such as 'BR'")
    admin1 = fields.get("admin1")
    return gazetteer.by_name(
        city,
        text(country, "place.country", _CITY_MOST),
        None if admin1 is None else text(admin1, "place.admin1", _CITY_MOST),
    )


def _by_point(fields: dict[str, Any], gazetteer: Gazetteer) -> int:
    lon, lat = (
        number(required(fields, name, f"place.{name}", "degrees"), f"place.{name}", f"{least} to {-least} degrees")
        for name, least in (("lon", -180), ("lat", -90))
    )
    return gazetteer.nearest(lon, lat)


_FIND = dict(zip(_PLACES, (_by_id, _by_name, _by_point), strict=True))
