"""Looks up the matches of visitors' plays: the connection or the pulse that each is part of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from webapp.core import frames
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS, SOURCES, Source
from webapp.core.precision import SLACK_MOST_MS
from webapp.core.records import Connection, SliceRecord, wire_track_id

End = tuple[str, int, int, int]
"""A play by its track, listener, time and source."""


class Press(msgspec.Struct, frozen=True, array_like=True):
    """A visitor's play, by what a record holds of it.

    Attributes:
        track: its `track.id`.
        listener: the listener's hash.
        at_ms: epoch milliseconds.
        after: number of the newest record when the play arrived; the play is in a later one.
        source: "live", or "synthetic" in a demo.
    """

    track: str
    listener: int
    at_ms: int
    after: int = 0
    source: Source = "live"


class Pulse(NamedTuple):
    """What is told of a play's pulse.

    Attributes:
        apart_ms: how far apart both plays arrived.
        within_s: 0 if both times are exact; else they were pressed within about so many seconds.
        city: a city index; another place may stand for that of the play.
    """

    apart_ms: int
    within_s: int
    city: int


class KnownBy(NamedTuple):
    """The ends of the slices with whose closing it is known what came of a press.

    Attributes:
        connection: whether it is connected with an exact play.
        pulse: whether it is in a pulse: plays in one city are paired a window later, when no exact play can be
            connected with them any more.
        inexact: whether it is connected with an inexact play, which may arrive much later.
    """

    connection: int
    pulse: int
    inexact: int


def known_by_ms(press: Press, window_ms: int) -> KnownBy:
    """Return when it is known what came of a press, epoch milliseconds."""
    after_ms = window_ms, 2 * window_ms, window_ms + SLACK_MOST_MS
    return KnownBy(*(press.at_ms + each + SLICE_MS for each in after_ms))


def find_connections(record: SliceRecord, presses: Iterable[Press], gazetteer: Gazetteer) -> dict[Press, Connection]:
    """Return the connections of plays that are in this record, by play."""
    ends, pairs = _by_end(presses), record.pairs
    first_at = pairs["at"] - pairs["apart_ms"]
    met = dict[int, list[Press]]()
    for row in _rows_at(ends, first_at, pairs["at"]):
        track, pair = _track_of(record, pairs, row), pairs[row]
        source = int(pair["source"])
        first = track, int(pair["from_listener"]), int(first_at[row]), source
        second = _track_of(record, pairs, row, "to_track"), int(pair["to_listener"]), int(pair["at"]), source
        if those := [*ends[first], *ends[second]]:
            met[row] = those
    shown = frames.shown(record, list(met), gazetteer)
    return {press: connection for those, connection in zip(met.values(), shown, strict=True) for press in those}


def find_pulses(record: SliceRecord, presses: Iterable[Press]) -> dict[Press, Pulse]:
    """Return what is told of the pulses of plays that are in this record, by play."""
    ends, pulses = _by_end(presses), record.pulses
    first_at = pulses["at"] - pulses["apart_ms"]
    found = dict[Press, Pulse]()
    for row in _rows_at(ends, first_at, pulses["at"]):
        track, pulse = _track_of(record, pulses, row), pulses[row]
        told = Pulse(*(int(pulse[name]) for name in ("apart_ms", "within_s", "city")))
        for listener, at_ms in ((pulse["from_listener"], first_at[row]), (pulse["to_listener"], pulse["at"])):
            found |= dict.fromkeys(ends[track, int(listener), int(at_ms), int(pulse["source"])], told)
    return found


def _by_end(presses: Iterable[Press]) -> defaultdict[End, list[Press]]:
    """Return plays by what a record holds of them."""
    ends = defaultdict[End, list[Press]](list)
    for press in presses:
        ends[press.track, press.listener, press.at_ms, SOURCES.index(press.source)].append(press)
    return ends


def _rows_at(ends: Iterable[End], *columns: npt.NDArray[np.int64]) -> list[int]:
    """Return the rows with the time of an end in one of these columns."""
    times = list({at_ms for _, _, at_ms, _ in ends})
    found: list[int] = np.flatnonzero(np.logical_or(*(np.isin(column, times) for column in columns))).tolist()
    return found


def _track_of(record: SliceRecord, rows: npt.NDArray[np.void], row: int, column: str = "track") -> str:
    return wire_track_id(record.tracks[int(rows[column][row])]).decode()
