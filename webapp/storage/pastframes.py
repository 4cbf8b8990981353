"""Reads past frames from the history's file."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from webapp.core import frames
from webapp.core.moderation import NO_RULES, Rules
from webapp.core.plays import SLICE_MS
from webapp.core.records import id_floor
from webapp.storage.queries import COLUMNS, TRACKS, build_connections

if TYPE_CHECKING:
    from webapp.core.filters import Filter
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.records import Connection

MAX_CONNECTIONS = 20_000
"""Most connections read for one answer, the oldest first: far more than anybody can follow."""

NO_RECORD = ("", -1)

_RECORDS = """SELECT name, seq, at_ms, counts, pulses FROM records JOIN streams USING (stream)
    WHERE at_ms > :after AND at_ms <= :until ORDER BY at_ms, stream, seq"""
_WHERE = "WHERE c.id >= :first AND c.id < :last AND (c.everyone = 1 OR :filtered) ORDER BY c.id LIMIT :most"
_RECORD_KEYS = f"SELECT c.id, s.name, c.seq FROM connections c JOIN streams s ON s.stream = c.stream {_WHERE}"
_CONNECTIONS = f"SELECT {COLUMNS} FROM connections c {TRACKS} {_WHERE}"


@dataclass(frozen=True, slots=True)
class PastFrame:
    """The stored part of a frame; `at_ms` is the end of its slice, counts and pulses are JSON."""

    seq: int
    at_ms: int
    counts: bytes
    pulses: bytes
    connections: "list[Connection]" = field(default_factory=list)

    def add(self, connections: "Iterable[Connection]") -> None:
        """Add connections that it does not have yet, in order of their ids."""
        found = {connection.id: connection for connection in (*self.connections, *connections)}
        self.connections[:] = (found[id] for id in sorted(found))


def read(
    db: sqlite3.Connection,
    after_ms: int,
    until_ms: int,
    wanted: "Filter",
    gazetteer: "Gazetteer",
    rules: Rules = NO_RULES,
) -> dict[tuple[str, int], PastFrame]:
    """Return the frames whose slices end in a period, in order, by stream and number.

    Args:
        db: the file.
        after_ms: start of the period, epoch milliseconds, not included.
        until_ms: end of the period, epoch milliseconds, included.
        wanted: the filter for connections; an empty one passes those that everyone was shown, and no others.
        gazetteer: the cities.
        rules: what is left out.
    """
    rows = db.execute(_RECORDS, {"after": after_ms, "until": until_ms}).fetchall()
    found = {
        (stream, seq): PastFrame(seq, at, counts.encode(), visible(pulses.encode(), rules))
        for stream, seq, at, counts, pulses in rows
    }
    span = {
        "first": id_floor((after_ms - SLICE_MS) / 1000),
        "last": id_floor(until_ms / 1000),
        "filtered": bool(wanted),
        "most": MAX_CONNECTIONS,
    }
    places = {id: (stream, seq) for id, stream, seq in db.execute(_RECORD_KEYS, span)}
    for connection in build_connections(db.execute(_CONNECTIONS, span), gazetteer, 1000):
        frame = found.get(places.get(connection.id, NO_RECORD))
        if frame and wanted.accepts(connection, gazetteer) and not rules.hides_connection(connection, gazetteer):
            frame.connections.append(connection)
    return found


class _City(msgspec.Struct):
    geoname_id: int


class _Pulse(msgspec.Struct):
    track: msgspec.Raw
    city: _City


def visible(pulses: bytes, rules: Rules) -> bytes:
    """Return the pulses of a record that are not hidden, as JSON."""
    if not rules:
        return pulses
    stored = msgspec.json.decode(pulses, type=list[msgspec.Raw])
    return msgspec.json.encode([pulse for pulse in stored if not _is_hidden(pulse, rules)])


def _is_hidden(pulse: msgspec.Raw, rules: Rules) -> bool:
    told = msgspec.json.decode(pulse, type=_Pulse)
    return rules.hides(bytes(told.track), "", told.city.geoname_id)


def message(past: PastFrame, wanted: "Filter", gazetteer: "Gazetteer") -> dict[str, Any]:
    """Return a past frame as it was sent, but without sparks, and under a filter without pulses."""
    counts = msgspec.json.decode(past.counts)
    counts.pop("echoes", None)  # in rows of earlier versions
    return frames.message(
        past.seq,
        past.at_ms,
        counts | {"shown": len(past.connections)},
        connections=[msgspec.Raw(frames.connection_json(c, gazetteer)) for c in past.connections],
        pulses=() if wanted else msgspec.Raw(past.pulses),
    )


def oldest_ms(db: sqlite3.Connection) -> int | None:
    """Return when the oldest frame's slice ended, epoch milliseconds, or None if there is none."""
    oldest: int | None = db.execute("SELECT min(at_ms) FROM records").fetchone()[0]
    return oldest
