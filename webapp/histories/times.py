"""The times in listening histories, all UTC: epoch seconds or milliseconds, ISO 8601, "06 Sep 2026, 14:23". Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from webapp.core.validation import shown
from webapp.histories.errors import BadEntryError

SECOND, MINUTE = 1, 60
"""How precise a time is, in seconds."""
FIRST_S, LAST_S = 946_684_800, 4_102_444_800
"""The years 2000 to 2099. Broken clocks say 1970; no service kept histories before 2002."""

_MILLIS_FROM = 100_000_000_000
"""A larger number is epoch milliseconds."""
_EPOCH = re.compile(r"[0-9]{1,13}(\.[0-9]+)?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_FIRST = re.compile(r"(\d{1,2}) ([a-z]{3})[a-z]* (\d{4}),? *(\d{1,2}):(\d\d)(?::(\d\d))?", re.IGNORECASE | re.ASCII)
_HAS_CLOCK = re.compile(r"\d[T ]\d\d?:\d\d(:\d\d)?", re.ASCII)
_EXAMPLES = "expected epoch seconds, 2026-09-06T14:23:05Z or 06 Sep 2026, 14:23"


@dataclass(frozen=True, slots=True)
class When:
    """A time (epoch milliseconds), and how precise it is: SECOND or MINUTE."""

    at_ms: int
    within_s: int = SECOND

    def less(self, ms: float) -> "When":
        """Return the time that many milliseconds earlier."""
        return When(self.at_ms - round(ms), self.within_s)


def of_number(value: float) -> When:
    """Return the time of epoch seconds or milliseconds."""
    seconds = value / 1000 if value > _MILLIS_FROM else value
    if not FIRST_S <= seconds < LAST_S:
        raise BadEntryError(f"the time {value:.12g} is not between the years 2000 and 2100")
    return When(round(seconds * 1000))


def of_text(text: str) -> When:
    """Return the time that a text says; UTC where it says no zone.

    Raises:
        BadEntryError: it says none, or not the minute.
    """
    text = text.strip()
    if _EPOCH.fullmatch(text):
        return of_number(float(text))
    when = _day_first(text) or _iso(text)
    if when is None:
        raise BadEntryError(f"the time is {shown(text)}; {_EXAMPLES}")
    if not FIRST_S <= when.at_ms / 1000 < LAST_S:
        raise BadEntryError(f"the time {shown(text)} is not between the years 2000 and 2100")
    return when


def is_time(text: str) -> bool:
    """Tell whether a text is a time, also one that is out of range."""
    text = text.strip()
    return bool(_EPOCH.fullmatch(text) and len(text) > 8) or bool(_day_first(text) or _iso(text))


def _day_first(text: str) -> When | None:
    """Read "06 Sep 2026, 14:23", as Last.fm writes times, whatever this machine's language."""
    if not (found := _DAY_FIRST.fullmatch(text)) or (month := found[2].lower()) not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group] or 0) for group in (1, 3, 4, 5, 6))
    try:
        at = datetime(year, _MONTHS.index(month) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return When(round(at.timestamp() * 1000), SECOND if found[6] else MINUTE)


def _iso(text: str) -> When | None:
    if not (clock := _HAS_CLOCK.search(text)):
        return None
    try:
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return When(round(at.timestamp() * 1000), SECOND if clock[1] else MINUTE)
