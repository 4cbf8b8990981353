"""Our own way to send plays, `POST /api/plays`: what its requests say beside their plays, and its answers. Sans-I/O.

Its bodies go to `webapp.core.playparser`, which reads ten thousand plays at once. So it is answered before the front
door of the other dialects.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from webapp.core import validation
from webapp.core.frames import place_json
from webapp.core.gazetteer import Gazetteer
from webapp.core.playparser import ParsedPlays
from webapp.core.plays import Source
from webapp.core.validation import FieldError

PATH = "/api/plays"
JSON, LINES = "application/json", "application/x-ndjson"
SOURCE_HEADER = "X-Unison-Source"
TAKEN = 202

_KINDS = {JSON: False, LINES: True, "application/ndjson": True, "application/jsonl": True}
"""Content types, and whether such a body has one play a line."""
_CHARSETS = ("utf-8", "utf8", "us-ascii")


class ContentTypeError(ValueError):
    """The body is of a type that is not taken; `str()` names it and what would be right."""


class SourceError(ValueError):
    """The header that says where the plays are from cannot be used; `str()` names it and what would be right."""


def are_lines(kind: str, parameters: Mapping[str, str]) -> bool:
    """Tell whether a body has one play a line.

    Args:
        kind: its content type in lower case, without parameters.
        parameters: those of the content type.

    Raises:
        ContentTypeError: bodies of this type are not taken.
    """
    if kind not in _KINDS:
        got = repr(kind[:80]) if kind else "none"
        raise ContentTypeError(f"got {got}; expected Content-Type {JSON}, or {LINES} for one play per line")
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in _CHARSETS:
        raise ContentTypeError(f"got charset {charset[:40]!r}; expected UTF-8")
    return _KINDS[kind]


def source_of(header: str | None) -> Source:
    """Return the source of all plays of a request by its header; live without one.

    Raises:
        SourceError: it names no source.
    """
    if header is None:
        return "live"
    try:
        return validation.source(header.strip())
    except FieldError as error:
        raise SourceError(f"{SOURCE_HEADER}: {error}") from None


def receipt(taken: ParsedPlays, late: int, gazetteer: Gazetteer) -> bytes:
    """Return the answer to plays that were taken: how many, what is wrong with the others, what places mean.

    Args:
        taken: the plays of the request.
        late: how many of them came too late to be matched.
        gazetteer: says which city a place is.
    """
    notes = [{"index": note.index, "city": place_json(gazetteer[note.city])} for note in taken.notes]
    told = {
        "accepted": taken.accepted, "late": late, "rejected": taken.rejected, "errors": taken.errors, "notes": notes,
    }  # fmt: skip
    return msgspec.json.encode(told) + b"\n"
