"""Reads the newest connections that pass a filter from the history's file, in index order, without sorting."""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from webapp.core.moderation import NO_RULES, Rules
from webapp.core.plays import SOURCES
from webapp.core.records import Connection
from webapp.storage import visiblerows
from webapp.storage.keys import key

if TYPE_CHECKING:
    from webapp.core.filters import Filter
    from webapp.core.gazetteer import Gazetteer

Upto = tuple[str, int]

MAX_COUNTED = 5_000
"""Counting the rows of an index stops here when the shortest index is chosen."""

COLUMNS = """c.id, c.source, c.at_ms, c.apart_ms, c.km, t.json, t.track_id, t.artist,
    coalesce(c.to_track_id, t.track_id), c.within_s, c.from_city, c.to_city"""
TRACKS = "CROSS JOIN tracks t ON t.track = c.track"
_FROM = f"FROM connections c {{index}} {TRACKS}"

# Each lookup is an index and the condition that it answers. A place can be at either end, so it has two lookups, and so
# has a track: a connection can join two. Both ends can be in one country; there the second lookup skips what the first
# finds.
_Lookups = tuple[tuple[str, str], ...]
_LOOKUPS: dict[str, _Lookups] = {
    "track": (("connections_song", "c.song = :track_hash"), ("connections_to_track", "c.to_track_id = :track")),
    "artist": (("connections_artist", "c.artist = :artist_hash"),),
    "city": (
        ("connections_from_city", "c.from_city = :city"),
        ("connections_to_city", "c.to_city = :city"),
    ),
    "country": (
        ("connections_from_country", "c.from_country = :country"),
        ("connections_to_country", "c.to_country = :country AND c.from_country <> :country"),
    ),
}
_CONDITIONS = {
    "track": "(c.song = :track_hash AND t.track_id = :track OR c.to_track_id = :track)",
    "artist": "c.artist = :artist_hash AND t.artist = :artist",
    "city": "(c.from_city = :city OR c.to_city = :city)",
    "country": "(c.from_country = :country OR c.to_country = :country)",
}


def latest(
    db: sqlite3.Connection,
    wanted: "Filter",
    limit: int,
    before: str | None,
    upto: Upto | None,
    gazetteer: "Gazetteer",
    rules: Rules = NO_RULES,
    max_counted: int = MAX_COUNTED,
) -> list[Connection]:
    """Return the newest connections of the file that pass the filter, newest first (see `History.latest`).

    Rows are read only until so many were found that are not hidden.
    """
    fields = {name: value for name in _LOOKUPS if (value := getattr(wanted, name)) is not None}
    values = _values(fields, before, upto)
    conditions = [_CONDITIONS[name] for name in fields]
    conditions += visiblerows.CONDITIONS if rules else ["c.id < :before"] if before is not None else []
    conditions += (
        ["(c.seq <= :seq OR c.stream IS NOT (SELECT stream FROM streams WHERE name = :stream))"] if upto else []
    )
    lookups = _shortest_lookups(db, fields, values, max_counted)
    if {"track", "artist"} <= fields.keys() and not _is_by_artist(db, values):
        lookups = _LOOKUPS["track"][1:]
    columns = f"{visiblerows.COLUMNS}, {COLUMNS}" if rules else COLUMNS
    branches = [_branch(f"INDEXED BY {index}", [rule, *conditions], columns) for index, rule in lookups]
    query = " UNION ALL ".join(branches or [_branch("", conditions, columns)]) + " ORDER BY c.id DESC"
    rows = visiblerows.visible(db, query, values, limit, rules) if rules else db.execute(query, values)
    return list(islice(build_connections(rows, gazetteer, limit), limit))


def get(db: sqlite3.Connection, id: str, gazetteer: "Gazetteer") -> Connection | None:
    """Return the connection with that id, or None."""
    rows = db.execute(_branch("", ["c.id = ?"]), (id,))
    return next(build_connections(rows, gazetteer, 1), None)


def tracks(db: sqlite3.Connection, limit: int, rules: Rules = NO_RULES) -> list[bytes]:
    """Return the most recently connected tracks that are not hidden, as wire JSON, the newest first."""
    rows = db.execute("SELECT json FROM tracks ORDER BY last_id DESC")
    found = (json.encode() for (json,) in rows)
    return list(islice((track for track in found if not (rules and rules.hides_track(track))), limit))


_OF_STREAM = "stream = (SELECT stream FROM streams WHERE name = ?)"


def newest_record(db: sqlite3.Connection, stream: str) -> int:
    """Return the number of a stream's newest record; 0 if there is none."""
    return int(db.execute(f"SELECT max(seq) FROM records WHERE {_OF_STREAM}", (stream,)).fetchone()[0] or 0)


def records_between(db: sqlite3.Connection, stream: str, after_ms: int, until_ms: int) -> tuple[int, int] | None:
    """Return the numbers of a stream's first and last record in a period; None if there is none."""
    rows = f"records INDEXED BY records_at_ms WHERE at_ms > ? AND at_ms <= ? AND {_OF_STREAM}"
    first, last = db.execute(f"SELECT min(seq), max(seq) FROM {rows}", (after_ms, until_ms, stream)).fetchone()
    return None if first is None else (first, last)


def oldest_id(db: sqlite3.Connection) -> str | None:
    """Return the smallest id, or None if there is none."""
    found: str | None = db.execute("SELECT min(id) FROM connections").fetchone()[0]
    return found


def pruned_upto(db: sqlite3.Connection) -> str:
    """Return the largest id that pruning deleted, or ""."""
    upto: str = db.execute("SELECT upto FROM pruned").fetchone()[0]
    return upto


def _values(fields: dict[str, object], before: str | None, upto: Upto | None) -> dict[str, object]:
    stream, seq = upto or (None, None)
    hashes = {f"{name}_hash": key(str(fields[name])) for name in ("track", "artist") if name in fields}
    return {**fields, **hashes, "before": before, "stream": stream, "seq": seq}


def _branch(index: str, conditions: list[str], columns: str = COLUMNS) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {columns} {_FROM.format(index=index)}{where}"


def _shortest_lookups(
    db: sqlite3.Connection, fields: dict[str, object], values: dict[str, object], max_counted: int
) -> _Lookups:
    """Return the lookups of the filter's field with the fewest rows, so that few rows are read."""
    if len(fields) < 2:
        return _LOOKUPS[next(iter(fields))] if fields else ()

    def length(name: str) -> int:
        return sum(_count_rows(db, lookup, values, max_counted) for lookup in _LOOKUPS[name])

    return _LOOKUPS[min(fields, key=length)]


def _is_by_artist(db: sqlite3.Connection, values: dict[str, object]) -> bool:
    """Return whether the track is the artist's: all connections that it begins have one artist, maybe another one."""
    newest = "SELECT artist FROM connections INDEXED BY connections_song WHERE song = ? ORDER BY id DESC LIMIT 1"
    return bool(db.execute(newest, (values["track_hash"],)).fetchone() == (values["artist_hash"],))


def _count_rows(db: sqlite3.Connection, lookup: tuple[str, str], values: dict[str, object], max_counted: int) -> int:
    index, rule = lookup[0], lookup[1].split(" AND ")[0]
    older = " AND c.id < :before" if values["before"] is not None else ""
    rows = f"SELECT 1 FROM connections c INDEXED BY {index} WHERE {rule}{older} LIMIT {max_counted}"
    return int(db.execute(f"SELECT count(*) FROM ({rows})", values).fetchone()[0])


def build_connections(rows: Iterator[tuple[Any, ...]], gazetteer: "Gazetteer", step: int) -> Iterator[Connection]:
    """Yield connections, reading `step` rows at a time; skip those whose city is no longer in the gazetteer."""
    while batch := list(islice(rows, step)):
        ends = gazetteer.by_ids(np.array([row[-2:] for row in batch])).tolist()
        for row, (start, end) in zip(batch, ends, strict=True):
            if start >= 0 and end >= 0:
                id, source, at_ms, apart_ms, km, json, track_id, artist, to_track_id, within_s, *_ = row
                track, source = json.encode(), SOURCES[source]
                yield Connection(
                    id, source, at_ms, apart_ms, km, track, track_id, artist, to_track_id, start, end, within_s
                )
