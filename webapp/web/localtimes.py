"""What the clocks of two cities showed when somebody pressed play in each, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_skeleton, format_time

from webapp.web.languages import say
from webapp.web.regional import is_12_hour

LONGEST_LABEL = 28
"""Characters of a city's label with its region; of a longer one only the city is named."""
AFTER_LATIN = "\u200f"
"""Stands after a city's Latin name in a text from right to left, so that the number after it keeps its place."""


def local_times(connection: Mapping[str, Any], locale: Locale) -> str:
    """Return the local times of a connection's cities, and who was first if both presses have an exact time.

    Weekdays are named where they differ. Returns "" if the system does not know a time zone, as in slim images.
    """
    ends = connection["from"], connection["to"]
    try:
        times = [datetime.fromtimestamp(connection["at"], ZoneInfo(end["tz"])) for end in ends]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    one_day = times[0].date() == times[1].date()
    (time, other_time), (city, other) = (_clock(each, locale, one_day) for each in times), _names(ends, locale)
    if time == other_time:
        told = say("{time} in {one} and {other}", time=time, one=city, other=other)
    else:
        values = {"time": time, "one": city, "other_time": other_time, "other": other}
        told = say("{time} in {one}, {other_time} in {other}", **values)
    return say("{times}; {city} was first", times=told, city=city) if connection["apart_ms"] else told


def short_name(city: Mapping[str, str]) -> str:
    """Return a city's label, or its name where that is too long for a picture or a sentence."""
    return city["label"] if len(city["label"]) <= LONGEST_LABEL else city["city"]


def _names(ends: tuple[Mapping[str, str], ...], locale: Locale) -> list[str]:
    mark = AFTER_LATIN if locale.text_direction == "rtl" else ""
    return [short_name(end) + mark for end in ends]


def _clock(time: datetime, locale: Locale, one_day: bool) -> str:
    if one_day:
        return format_time(time, "short", locale=locale)
    return format_skeleton("Ehm" if is_12_hour(locale) else "EHm", time, locale=locale)
