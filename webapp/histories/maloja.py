"""Maloja's export: `{"maloja": {...}, "scrobbles": [...]}`. Pure.

Source: maloja/proccontrol/tasks/export.py.
"""

import msgspec

from webapp.histories import times
from webapp.histories.listens import Listen


class _Track(msgspec.Struct):
    title: str
    artists: list[str]


class _Scrobble(msgspec.Struct):
    """A scrobble; `time` is in epoch seconds."""

    time: float
    track: _Track


_scrobble = msgspec.json.Decoder(_Scrobble)


def read(entry: bytes) -> Listen:
    """Read a scrobble."""
    scrobble = _scrobble.decode(entry)
    return Listen.of(times.of_number(scrobble.time), scrobble.track.title, ", ".join(scrobble.track.artists))
