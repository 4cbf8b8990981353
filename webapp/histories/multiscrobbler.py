"""multi-scrobbler's plays, as its API gives them and its database keeps them. Pure.

Artists are objects, in earlier versions names. Source: src/core/Atomic.ts (JsonPlayObject) and
src/core/Api.ts of multi-scrobbler.
"""

from typing import Any

import msgspec

from webapp.histories import times
from webapp.histories.errors import BadEntryError
from webapp.histories.jsonscan import Members, is_object, members_of
from webapp.histories.listens import Listen, recording_of


class _Data(msgspec.Struct, rename="camel"):
    """What was played; `playDate` is when it began, ISO 8601."""

    track: str | None = None
    artists: list[Any] = []
    play_date: str | None = None
    isrc: str | None = None
    meta: Any = None


_data = msgspec.json.Decoder(_Data)


def fits(members: Members) -> bool:
    """Tell whether an entry is a play, or has one beside what multi-scrobbler did with it."""
    wrapped = "play" in members
    inner = members.get("play" if wrapped else "data")
    return inner is not None and is_object(inner) and ("data" if wrapped else "track") in members_of(inner)


def read(entry: bytes) -> Listen:
    """Read a play."""
    members = members_of(entry)
    if "play" in members:
        members = members_of(members["play"])
    if "data" not in members:
        raise BadEntryError("no data of a play")
    data = _data.decode(members["data"])
    if data.play_date is None:
        raise BadEntryError("no playDate")
    artists = (each.get("name") if isinstance(each, dict) else each for each in data.artists)
    names = ", ".join(name for name in artists if isinstance(name, str))
    return Listen.of(times.of_text(data.play_date), data.track, names, _recording(data))


def _recording(data: _Data) -> str | None:
    brainz = data.meta.get("brainz") if isinstance(data.meta, dict) else None
    return recording_of(brainz.get("recording") if isinstance(brainz, dict) else None, data.isrc)
