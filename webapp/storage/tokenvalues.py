"""What the bus has of a token: two values, each with a version. Neither has the token in clear."""

from __future__ import annotations

import math
from sys import intern

import msgspec

from webapp.core import versioned
from webapp.core.principals import Principal, Scope
from webapp.storage.accounts import Activity, LastSong
from webapp.storage.accountstable import Row
from webapp.storage.sharedstore import Item

VERSION = 1


class _Token(msgspec.Struct, array_like=True):
    digest: bytes
    scope: Scope
    city: int | None
    per_minute: int
    created_s: float


class _Use(msgspec.Struct, array_like=True):
    used_s: float | None
    client: str
    song: tuple[int, float, float | None] | None
    presses: int
    scrobbles: int
    marks: tuple[int, ...]


def token(principal: Principal, digest: bytes) -> bytes:
    """Return what never changes of a token."""
    known = _Token(digest, principal.scope, principal.city, principal.per_minute, principal.created_s)
    return versioned.encode(VERSION, known)


def row(id: str, item: Item) -> Row:
    """Read that; its revision is the token's number.

    Raises:
        MessageError: a newer Unison wrote it.
    """
    known = versioned.decode(VERSION, _Token, "a token", item.value)
    principal = Principal(id, known.scope, known.city, known.per_minute, known.created_s)
    return Row(item.revision, known.digest, principal, Activity())


def use(activity: Activity, marks: tuple[int, ...]) -> bytes:
    """Return what is known of a token's use, with the marks of those who wrote it last, each with one for each time."""
    song = (activity.song.song, activity.song.at_s, activity.song.duration_s) if activity.song else None
    known = _Use(activity.used_s, activity.client, song, activity.presses, activity.scrobbles, marks)
    return versioned.encode(VERSION, known)


def activity(value: bytes) -> tuple[Activity, tuple[int, ...]]:
    """Read that: the activity, and the marks.

    Raises:
        MessageError: a newer Unison wrote it.
    """
    known = versioned.decode(VERSION, _Use, "a token's use", value)
    song = LastSong(*known.song) if known.song else None
    return Activity(known.used_s, intern(known.client), song, known.presses, known.scrobbles), known.marks


def alive_s(item: Item | None) -> float | None:
    """Return when a server last ran, epoch seconds; None if that is not known."""
    try:
        found_s = float(item.value) if item else math.nan
    except ValueError:
        found_s = math.nan
    return found_s if math.isfinite(found_s) else None
