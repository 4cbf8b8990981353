"""What a listening history tells: who was listened to when, and what is left out. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from webapp.core.validation import TEXT_MOST
from webapp.histories.errors import BadEntryError
from webapp.histories.times import When

_MBID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_ISRC = re.compile("[a-z]{2}[a-z0-9]{3}[0-9]{7}", re.IGNORECASE | re.ASCII)


class Skip(StrEnum):
    """Why an entry in order is left out."""

    PODCAST = "podcasts and audiobooks"
    INCOGNITO = "incognito"
    UNNAMED = "without a track's name"
    PLAYING = "still playing"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Listen:
    """Somebody began to listen to a track.

    Attributes:
        at_ms: when, epoch milliseconds.
        within_s: how precise that is: 1 where the history has seconds, 60 where it has minutes.
        title: the track's name.
        artist: its artists' names.
        recording: "mbid:" or "isrc:" and a code, None if unknown.
    """

    at_ms: int
    within_s: int
    title: str
    artist: str
    recording: str | None = None

    @classmethod
    def of(cls, when: When, title: str | None, artist: str | None, recording: str | None = None) -> "Listen":
        """Return the listen.

        Raises:
            BadEntryError: the track or the artist has no name, or a longer one than the server takes.
        """
        return cls(when.at_ms, when.within_s, _name(title, "track"), _name(artist, "artist"), recording)


Reader = Callable[[bytes], Listen | Skip]
"""Reads one entry as the export has it; raises a BadEntryError."""


def recording_of(mbid: object = None, isrc: object = None) -> str | None:
    """Return the code of a recording as plays have it; None if neither is well-formed."""
    if isinstance(mbid, str) and _MBID.fullmatch(mbid):
        return f"mbid:{mbid.lower()}"
    if isinstance(isrc, str) and _ISRC.fullmatch(bare := isrc.replace("-", "")):
        return f"isrc:{bare.upper()}"
    return None


def _name(value: str | None, what: str) -> str:
    if value is None or not value.strip():
        raise BadEntryError(f"no {what}'s name")
    if len(value) > TEXT_MOST:
        raise BadEntryError(f"the {what}'s name has {len(value):,} characters; at most {TEXT_MOST} can be sent")
    return value.strip()
