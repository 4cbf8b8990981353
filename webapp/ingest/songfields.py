"""Fields of songs as clients send them, right or wrong, made fit for a play. What is no use is left out. Sans-I/O."""

from __future__ import annotations

import math
import re

from webapp.core import validation
from webapp.core.validation import TEXT_MOST, FieldError

DURATION_MOST_S = 24 * 86_400
"""The longest song that ListenBrainz takes."""

_LINK = re.compile(
    r"https://(?:open\.spotify\.com/track/[0-9A-Za-z]{22}|www\.deezer\.com/track/[0-9]{1,19}|"
    r"(?:www|music)\.youtube\.com/watch\?v=[0-9A-Za-z_-]{11})(?![0-9A-Za-z_-])"
)


def name(value: object) -> str:
    """Return a title, an artist or an album, cut after TEXT_MOST characters; "" if there is none."""
    return validation.mended(value, TEXT_MOST) if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """Return a number, also one sent as text; None if it is not a finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def duration_s(value: object, unit: int = 1) -> float | None:
    """Return a duration in seconds; None if it is none.

    Args:
        value: as sent.
        unit: how many of its units a second has.
    """
    length = number(value)
    return length / unit if length is not None and 0 < length <= DURATION_MOST_S * unit else None


def recording(mbid: object, isrc: object) -> str | None:
    """Return the code of a recording as in a play: by its MusicBrainz id, else by its ISRC; None if neither is good."""
    spellings = (f"mbid:{mbid.strip()}" if isinstance(mbid, str) else None, _isrc(isrc))
    return next((code for spelling in spellings if (code := _code(spelling))), None)


def _isrc(value: object) -> str | None:
    return f"isrc:{value.strip().replace('-', '')}" if isinstance(value, str) else None


def _code(spelling: str | None) -> str | None:
    try:
        return validation.recording(spelling)
    except FieldError:
        return None


def link(*addresses: object) -> str | None:
    """Return the first address that names a recording at a public service, without what follows; None if none does.

    Other addresses are often of the listener's own server, with credentials in them.
    """
    texts = (each for each in addresses if isinstance(each, str))
    return next((found[0] for each in texts if (found := _LINK.match(each))), None)
