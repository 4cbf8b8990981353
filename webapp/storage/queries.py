"""Reads connections from the history's file: the newest that pass a filter, in the order of an index, never sorted."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from webapp.core.plays import SOURCES
from webapp.core.records import Connection
from webapp.storage.schema import key

if TYPE_CHECKING:
    from webapp.core.gazetteer import Gazetteer
    from webapp.core.selection import Filter

Upto = tuple[str, int]

ENOUGH = 5_000
"""Rows after which a filter's index counts as long when the shortest is looked for."""

COLUMNS = "c.id, c.source, c.at_ms, c.apart_ms, c.km, t.json, t.track_id, t.artist, c.from_city, c.to_city"
TRACKS = "CROSS JOIN tracks t ON t.track = c.track"
_FROM = f"FROM connections c {{index}} {TRACKS}"

# One way in for each index: its name, and the condition that it answers. A place is at either end: two ways, and where
# both ends can be the same the second leaves out what the first has found, so that nothing is found twice.
_Ways = tuple[tuple[str, str], ...]
_WAYS: dict[str, _Ways] = {
    "track": (("connections_song", "c.song = :song"),),
    "artist": (("connections_artist", "c.artist = :singer"),),
    "city": (
        ("connections_from_city", "c.from_city = :city"),
        ("connections_to_city", "c.to_city = :city"),
    ),
    "country": (
        ("connections_from_country", "c.from_country = :country"),
        ("connections_to_country", "c.to_country = :country AND c.from_country <> :country"),
    ),
}
_ALSO = {
    "track": "c.song = :song AND t.track_id = :track",
    "artist": "c.artist = :singer AND t.artist = :artist",
    "city": "(c.from_city = :city OR c.to_city = :city)",
    "country": "(c.from_country = :country OR c.to_country = :country)",
}


def latest(
    db: sqlite3.Connection, wanted: "Filter", limit: int, before: str | None, upto: Upto | None, gazetteer: "Gazetteer"
) -> list[Connection]:
    """Return the newest connections of the file that pass, by id, newest first (see `History.latest`)."""
    given = {name: value for name in _WAYS if (value := getattr(wanted, name)) is not None}
    if "track" in given and (artist := given.pop("artist", None)) is not None:
        # A track has one artist: where that is another one, all its connections would be read in vain.
        newest = latest(db, replace(wanted, artist=None), 1, before, upto, gazetteer)
        if not newest or newest[0].artist != artist:
            return []
    values = _values(given, before, upto)
    rules = [_ALSO[name] for name in given]
    rules += ["c.id < :before"] if before is not None else []
    rules += ["(c.seq <= :seq OR c.stream IS NOT (SELECT stream FROM streams WHERE name = :stream))"] if upto else []
    branches = [_branch(f"INDEXED BY {index}", [rule, *rules]) for index, rule in _shortest(db, given, values)]
    branches = branches or [_branch("", rules)]
    rows = db.execute(" UNION ALL ".join(branches) + " ORDER BY c.id DESC", values)
    return list(islice(built(rows, gazetteer, limit), limit))


def get(db: sqlite3.Connection, id: str, gazetteer: "Gazetteer") -> Connection | None:
    """Return the connection with that id, or None."""
    rows = db.execute(_branch("", ["c.id = ?"]), (id,))
    return next(built(rows, gazetteer, 1), None)


def tracks(db: sqlite3.Connection, limit: int) -> list[bytes]:
    """Return the tracks that were last in a connection, as wire JSON, the newest first."""
    rows = db.execute("SELECT json FROM tracks ORDER BY last_id DESC LIMIT ?", (limit,))
    return [json.encode() for (json,) in rows]


def oldest_id(db: sqlite3.Connection) -> str | None:
    """Return the smallest id, or None where there is none."""
    found: str | None = db.execute("SELECT min(id) FROM connections").fetchone()[0]
    return found


def pruned_upto(db: sqlite3.Connection) -> str:
    """Return the largest id that pruning took, or ""."""
    upto: str = db.execute("SELECT upto FROM pruned").fetchone()[0]
    return upto


def _values(given: dict[str, object], before: str | None, upto: Upto | None) -> dict[str, object]:
    stream, seq = upto or (None, None)
    hashes = {name: key(str(given[of])) for name, of in (("song", "track"), ("singer", "artist")) if of in given}
    return {**given, **hashes, "before": before, "stream": stream, "seq": seq}


def _branch(index: str, rules: list[str]) -> str:
    where = f" WHERE {' AND '.join(rules)}" if rules else ""
    return f"SELECT {COLUMNS} {_FROM.format(index=index)}{where}"


def _shortest(db: sqlite3.Connection, given: dict[str, object], values: dict[str, object]) -> _Ways:
    """Return the ways in of the filter with the fewest rows, so that what is rare is not sought among the common."""
    if len(given) < 2:
        return _WAYS[next(iter(given))] if given else ()
    return min((_WAYS[name] for name in given), key=lambda ways: sum(_length(db, way, values) for way in ways))


def _length(db: sqlite3.Connection, way: tuple[str, str], values: dict[str, object]) -> int:
    index, rule = way[0], way[1].split(" AND ")[0]
    older = " AND c.id < :before" if values["before"] is not None else ""
    rows = f"SELECT 1 FROM connections c INDEXED BY {index} WHERE {rule}{older} LIMIT {ENOUGH}"
    return int(db.execute(f"SELECT count(*) FROM ({rows})", values).fetchone()[0])


def built(rows: sqlite3.Cursor, gazetteer: "Gazetteer", step: int) -> Iterator[Connection]:
    """Build connections, reading so many rows at a time; one whose city is no longer in the gazetteer is left out."""
    while some := rows.fetchmany(step):
        ends = gazetteer.by_ids(np.array([row[-2:] for row in some])).tolist()
        for (id, source, at_ms, apart_ms, km, json, track_id, artist, *_), (start, end) in zip(some, ends, strict=True):
            if start >= 0 and end >= 0:
                yield Connection(id, SOURCES[source], at_ms, apart_ms, km, json.encode(), track_id, artist, start, end)
