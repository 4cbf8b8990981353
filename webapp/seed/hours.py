"""How much people listen at each local hour. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TROUGH_H = 4.0
PEAK_H = 17.0
SATURDAY_PEAK_H = 12.0
NIGHT = 0.15
"""Listening at the trough, as a share of the peak."""

MIDNIGHT_FADE_H = 2.0
"""Hours after which what began at midnight is down to 1/e."""

_SATURDAY = 5


def activity(hour: Floats, weekday: npt.NDArray[np.int64]) -> Floats:
    """Return the share of the peak, NIGHT to 1, at a local hour (0 to 24) of a weekday (Monday is 0).

    A listening day lasts from one trough, at 04 h, to the next, along two half waves of a cosine. So 02 h on Sunday
    still belongs to Saturday.
    """
    day = np.where(hour < TROUGH_H, (weekday - 1) % 7, weekday)
    since = (hour - TROUGH_H) % 24.0
    rise = np.where(day == _SATURDAY, SATURDAY_PEAK_H, PEAK_H) - TROUGH_H
    phase = np.where(since < rise, since / rise, 1.0 + (since - rise) / (24.0 - rise))
    share: Floats = NIGHT + (1.0 - NIGHT) * (1.0 - np.cos(np.pi * phase)) / 2.0
    return share


def since_midnight(hour: Floats) -> Floats:
    """Return how much of a crowd that came at midnight is left at a local hour (0 to 24): 1 at midnight, then less."""
    left: Floats = np.exp(-hour / MIDNIGHT_FADE_H)
    return left


def local_hours(zones: Iterable[tuple[str, float]], utc_s: float) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return hour (0 to 24) and weekday in each zone at an epoch second.

    Args:
        zones: (name of the timezone, longitude in degrees). If the system does not know the timezone, as in slim
            images, the longitude decides: an hour is 15 degrees.
        utc_s: epoch seconds.
    """
    shifts = np.array([_offset_s(name, lon, utc_s) for name, lon in zones])
    local = utc_s + shifts
    # 1 January 1970 was a Thursday
    return (local % 86_400.0) / 3600.0, (local // 86_400.0 + 3).astype(np.int64) % 7


def _offset_s(name: str, lon: float, utc_s: float) -> float:
    try:
        shift = datetime.fromtimestamp(utc_s, UTC).astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return lon / 15.0 * 3600.0
    return shift.total_seconds() if shift else 0.0
