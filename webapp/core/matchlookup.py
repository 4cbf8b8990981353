"""Looks up the match of a visitor's play: the connection or the pulse that it is part of."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.core import frames
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS, SOURCES
from webapp.core.records import Connection, SliceRecord, wire_track_id

_LIVE = SOURCES.index("live")


class Press(msgspec.Struct, frozen=True, array_like=True):
    """A live play, by what a record holds of it.

    Attributes:
        track: its `track.id`.
        city: a city index.
        at_ms: epoch milliseconds.
        after: number of the newest record when the play arrived; the play is in a later one.
    """

    track: str
    city: int
    at_ms: int
    after: int = 0


def known_by_ms(press: Press, window_ms: int) -> tuple[int, int]:
    """Return the ends of the slices with whose closing the play's connection is known, and then its pulse.

    Pulses come a window later: plays in one city are paired when neither can be connected any more.
    """
    return press.at_ms + window_ms + SLICE_MS, press.at_ms + 2 * window_ms + SLICE_MS


def find_connection(record: SliceRecord, press: Press, gazetteer: Gazetteer) -> Connection | None:
    """Return the play's connection, if it is in this record."""
    pairs = record.pairs
    first = (pairs["from_city"] == press.city) & (pairs["at"] - pairs["apart_ms"] == press.at_ms)
    second = (pairs["to_city"] == press.city) & (pairs["at"] == press.at_ms)
    rows = [row for row in _live(pairs, first | second) if _is_of(record, int(pairs["track"][row]), press)]
    return frames.shown(record, rows[:1], gazetteer)[0] if rows else None


def find_pulse_ms(record: SliceRecord, press: Press) -> int | None:
    """Return how far apart the plays of the play's pulse are, if it is in this record."""
    pulses = record.pulses
    then = (pulses["at"] == press.at_ms) | (pulses["at"] - pulses["apart_ms"] == press.at_ms)
    rows = _live(pulses, (pulses["city"] == press.city) & then)
    return next(
        (int(pulses["apart_ms"][row]) for row in rows if _is_of(record, int(pulses["track"][row]), press)), None
    )


def _live(rows: npt.NDArray[np.void], wanted: npt.NDArray[np.bool_]) -> list[int]:
    found: list[int] = np.flatnonzero(wanted & (rows["source"] == _LIVE)).tolist()
    return found


def _is_of(record: SliceRecord, track: int, press: Press) -> bool:
    return wire_track_id(record.tracks[track]).decode() == press.track
