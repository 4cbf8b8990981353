"""The stream's messages as compact JSON, with their keys in the order of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from numpy import void

from webapp.core.filters import Filter
from webapp.core.gazetteer import City, Gazetteer
from webapp.core.plays import SOURCES
from webapp.core.records import Connection, Counts, SliceRecord, connection_id, wire_artist_key, wire_track_id
from webapp.core.selection import Chosen

PROTOCOL = 1
RECENT = 20

encode = msgspec.json.encode


def hello(
    *, stream: str, seq: int, now_s: float, window_s: float, plays_by_source: Mapping[str, int],
    recent: Sequence[bytes], gap: int | None,
) -> bytes:  # fmt: skip
    """Encode the first message to a viewer; `recent` has connections as JSON, newest first."""
    message = {
        "type": "hello", "protocol": PROTOCOL, "stream": stream, "seq": seq, "now": round(now_s, 3),
        "window_s": window_s, "plays_by_source": plays_by_source, "recent": list(map(msgspec.Raw, recent)), "gap": gap,
    }  # fmt: skip
    return encode(message)


def bye(retry_ms: int) -> bytes:
    """Encode the last message before a close, which asks the viewer to reconnect after `retry_ms`."""
    return encode({"type": "bye", "retry_ms": retry_ms})


def shown(record: SliceRecord, rows: Sequence[int], gazetteer: Gazetteer) -> list[Connection]:
    """Return the pairs of a record that a frame shows."""
    return [_connection(record.pairs[row], record, gazetteer) for row in rows]


def frame(
    seq: int,
    record: SliceRecord,
    chosen: Chosen,
    connections: Sequence[Connection],
    wanted: Filter,
    gazetteer: Gazetteer,
) -> bytes:
    """Encode the frame of one record for all viewers of one filter."""
    made = message(
        seq,
        record.now_ms,
        counts(record, len(connections), chosen.matching if wanted else None),
        connections=[msgspec.Raw(connection_json(connection, gazetteer)) for connection in connections],
        pulses=pulses(record, chosen.pulses, gazetteer),
        sparks=[_spark(record.sparks[row], record, gazetteer) for row in chosen.sparks],
        **({} if wanted else {"crowd": _crowd(record, chosen.crowd, gazetteer)}),
    )
    return encode(made)


@lru_cache(maxsize=4)
def empty_frame(seq: int, record: SliceRecord) -> bytes:
    """Encode the frame of one record for the filters that nothing of it passes, once for all of these."""
    return encode(message(seq, record.now_ms, counts(record, 0, 0)))


def message(
    seq: int,
    now_ms: int,
    counts: Mapping[str, Any],
    *,
    connections: Any = (),
    pulses: Any = (),
    sparks: Any = (),
    **more: Any,
) -> dict[str, Any]:
    """Return a frame with its keys in order, ready for `encode`; the stream and its replay both send this."""
    return {
        "type": "connections", "seq": seq, "now": now_ms / 1000, "connections": connections, "pulses": pulses,
        "sparks": sparks, **more, "counts": counts,
    }  # fmt: skip


def delayed(seq: int, now_s: float) -> bytes:
    """Encode the message that there are no records at present; it has no number of its own."""
    return encode({"type": "delayed", "now": round(now_s, 3), "seq": seq})


def lead(connection: Connection | None, gazetteer: Gazetteer) -> bytes:
    """Encode the message with the lead story; it has no number."""
    told = connection and msgspec.Raw(connection_json(connection, gazetteer))
    return encode({"type": "lead", "connection": told})


def pulses(record: SliceRecord, rows: Sequence[int], gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Return the shown same-city pairs of a record."""
    return [_pulse(record.pulses[row], record, gazetteer) for row in rows]


def counts(record: SliceRecord, shown: int, matching: int | None) -> dict[str, Any]:
    """Return the counts of a record for a frame; `matching` is None without a filter.

    Echoes are left out: they would tell a sender who knows a listener's id whether that listener just played a song.
    """
    c = record.counts
    return {
        "plays": c.plays, "together": c.together, "connections": c.connections, "same_city": c.same_city,
        "shown": shown, **({} if matching is None else {"matching": matching}),
        "late": c.late, "lost": c.lost, "thinned": c.thinned, "unmatched": c.unmatched,
        "plays_by_source": c.plays_by_source,
    }  # fmt: skip


def totals(c: Counts) -> dict[str, Any]:
    """Return counts for /api/stats: without echoes, like those of a frame."""
    return {name: getattr(c, name) for name in Counts.__slots__ if name not in (*SOURCES, "echoes")}


def connection_json(connection: Connection, gazetteer: Gazetteer) -> bytes:
    """Encode one connection."""
    c = connection
    return encode({
        "id": c.id, "source": c.source, "at": c.at_ms / 1000, **apart(c.apart_ms, c.within_s), "km": c.km,
        "track": msgspec.Raw(c.track),
        "from": place_json(gazetteer[c.from_city]), "to": place_json(gazetteer[c.to_city]),
    })  # fmt: skip


def apart(apart_ms: int, within_s: int) -> dict[str, int | None]:
    """Return how far apart two plays were pressed: in milliseconds, or where that is not known, within some seconds."""
    return {"apart_ms": None, "within_s": within_s} if within_s else {"apart_ms": apart_ms}


def _connection(pair: void, record: SliceRecord, gazetteer: Gazetteer) -> Connection:
    track, at_ms, a, b = record.tracks[pair["track"]], int(pair["at"]), int(pair["from_city"]), int(pair["to_city"])
    return Connection(
        id=connection_id(at_ms, int(pair["tail"])),
        source=SOURCES[pair["source"]],
        at_ms=at_ms,
        apart_ms=int(pair["apart_ms"]),
        km=gazetteer.geodesic_km(a, b),
        track=track,
        track_id=wire_track_id(track).decode(),
        artist=wire_artist_key(track),
        to_track_id=wire_track_id(record.tracks[pair["to_track"]]).decode(),
        from_city=a,
        to_city=b,
        within_s=int(pair["within_s"]),
    )


def _pulse(row: void, record: SliceRecord, gazetteer: Gazetteer) -> dict[str, Any]:
    return {
        "source": SOURCES[row["source"]], "at": int(row["at"]) / 1000,
        **apart(int(row["apart_ms"]), int(row["within_s"])),
        "track": msgspec.Raw(record.tracks[row["track"]]), "city": place_json(gazetteer[int(row["city"])]),
    }  # fmt: skip


def _spark(row: void, record: SliceRecord, gazetteer: Gazetteer) -> dict[str, Any]:
    """Return a spark. It is one person's play, so its time is given as whole seconds."""
    return {
        "source": SOURCES[row["source"]], "at": int(row["at"]) // 1000,
        "city": place_json(gazetteer[int(row["city"])]), "track": msgspec.Raw(record.tracks[row["track"]]),
    }  # fmt: skip


def _crowd(record: SliceRecord, rows: Sequence[int] | None, gazetteer: Gazetteer) -> dict[str, Any] | None:
    """Return the most played song of a record, with its cities."""
    if rows is None:
        return None
    most = record.crowd[0]
    cities = [
        {"city": place_json(gazetteer[int(city)]), "plays": int(plays)} for city, plays in record.crowd_cities[rows]
    ]
    return {"track": msgspec.Raw(record.tracks[most["track"]]), "plays": int(most["plays"]), "cities": cities}


@lru_cache(maxsize=8192)
def place_json(city: City) -> msgspec.Raw:
    """Encode a city."""
    fields = {
        "geoname_id": city.geoname_id, "city": city.name, "country": city.country, "country_code": city.country_code,
        "lon": city.lon, "lat": city.lat, "region": city.region, "tz": city.timezone, "label": city.label,
    }  # fmt: skip
    return msgspec.Raw(encode(fields))
