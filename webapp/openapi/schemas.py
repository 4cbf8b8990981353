"""The schemas of what is shown: cities, songs, connections, and the messages of the stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from webapp.core.frames import PROTOCOL, RECENT
from webapp.core.mostplayed import CITIES_MOST, CITY_PLAYS_LEAST
from webapp.core.plays import SOURCES
from webapp.core.validation import TEXT_MOST, URL_MOST
from webapp.openapi import examples
from webapp.openapi.operations import Json, ref

COUNT: Json = {"type": "integer", "minimum": 0}
TEXT: Json = {"type": "string"}
EPOCH_S: Json = {"type": "number", "description": "Epoch seconds."}
ID: Json = {"type": "string", "pattern": "^[0-9a-v]{23}$", "description": "The id of a connection."}
TRACK_ID: Json = {"type": "string", "pattern": "^[0-9a-v]{16}$"}
COUNTED = ("plays", "together", "connections", "same_city", "late", "lost", "thinned", "unmatched")
"""Counts of messages and totals; docs/api.md says what each counts."""


_NOW: Json = {"type": "number", "description": "The server's time, epoch seconds."}


def thing(text: str, fields: Mapping[str, Mapping[str, Any]], *optional: str, **more: Any) -> Json:
    """Return the schema of an object with these fields; all but the optional ones are always there."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "description": text, "required": required, "properties": dict(fields), **more}


def items(schema: Json, **more: Any) -> Json:
    """Return the schema of an array."""
    return {"type": "array", "items": schema, **more}


def or_null(schema: Json) -> Json:
    """Return the schema of a value that may be null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def of_struct(struct: type[msgspec.Struct], text: str, **more: Any) -> Json:
    """Return the schema of one of our own structs, which has no others in it."""
    _, found = msgspec.json.schema_components([struct])
    told: Json = {name: value for name, value in found[struct.__name__].items() if name != "title"}
    return told | {"description": text} | more


def source() -> Json:
    """Return the schema of where plays are from."""
    return {
        "type": "string",
        "enum": list(SOURCES),
        "description": "Where plays are from: people (`live`), a program (`synthetic`), or a recording (`replay`).",
    }


def city() -> Json:
    """Return the schema of a city."""
    fields = {
        "geoname_id": {"type": "integer", "minimum": 1},
        "city": {**TEXT, "description": "As the gazetteer has it."},
        "country": {**TEXT, "description": "In English."},
        "country_code": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1."},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "region": or_null(TEXT),
        "tz": {**TEXT, "description": "IANA time zone."},
        "label": {**TEXT, "description": "The city's name for people, which tells it from others."},
    }
    return thing("A city of the gazetteer.", fields, examples=[examples.CONNECTION["from"]])


def track() -> Json:
    """Return the schema of a song on the wire."""
    name = {"type": "string", "minLength": 1, "maxLength": TEXT_MOST}
    address = {"type": ["string", "null"], "format": "uri", "maxLength": URL_MOST}
    fields = {
        "id": TRACK_ID,
        "title": name,
        "artist": name,
        "recording": {"type": ["string", "null"], "pattern": "^(isrc:[A-Z0-9]{12}|mbid:[0-9a-f-]{36})$"},
        "url": address,
        "artwork_url": address,
    }
    return thing("A song.", fields, examples=[examples.CONNECTION["track"]])


def apart() -> dict[str, Json]:
    """Return the fields that say how far apart two plays were pressed; see also NOT_EXACT."""
    return {
        "apart_ms": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Milliseconds between the two presses; null if a time is not exact.",
        },
        "within_s": {
            "type": "integer",
            "minimum": 1,
            "description": "Only where `apart_ms` is null: the presses were at most so many seconds apart.",
        },
    }


NOT_EXACT = {"within_s": {"properties": {"apart_ms": {"type": "null"}}}}


def connection() -> Json:
    """Return the schema of a connection."""
    fields = {
        "id": ID,
        "source": ref("Source"),
        "at": {"type": "number", "description": "When the later listener pressed play, epoch seconds."},
        **apart(),
        "km": {**COUNT, "description": "Kilometres between the cities."},
        "track": ref("Track"),
        "from": ref("City"),
        "to": ref("City"),
    }
    text = "Two plays of one song, in two cities, by two listeners, close in time."
    shown = [examples.CONNECTION, examples.INEXACT]
    return thing(text, fields, "within_s", dependentSchemas=NOT_EXACT, examples=shown)


def pulse() -> Json:
    """Return the schema of two plays in one city."""
    fields = {"source": ref("Source"), "at": EPOCH_S, **apart(), "track": ref("Track"), "city": ref("City")}
    return thing(
        "Two plays of one song in one city.",
        fields,
        "within_s",
        dependentSchemas=NOT_EXACT,
        examples=[examples.PULSE],
    )


def spark() -> Json:
    """Return the schema of a play that waits for another."""
    fields: dict[str, Json] = {
        "source": ref("Source"),
        "at": {"type": "integer"},
        "city": ref("City"),
        "track": ref("Track"),
    }
    return thing("A play that waits for a match. Its time is in whole seconds.", fields, examples=[examples.SPARK])


def by_source() -> Json:
    """Return the schema of numbers of plays by their source."""
    return thing("Numbers of plays, by source.", dict.fromkeys(SOURCES, COUNT))


def counts() -> Json:
    """Return the schema of the counts of a message."""
    fields = dict.fromkeys(COUNTED, COUNT)
    fields |= {"shown": COUNT, "matching": {**COUNT, "description": "Only with a filter."}}
    fields["plays_by_source"] = ref("PlaysBySource")
    optional = ("matching", "unmatched")  # messages that an earlier version recorded have no unmatched
    return thing("What was counted since the message before.", fields, *optional, examples=[examples.COUNTS])


def messages() -> dict[str, Json]:
    """Return the schemas of what the stream sends."""
    return {
        "Hello": _hello(),
        "Frame": _frame(),
        "Bye": thing(
            "The last message, if the server asks you to reconnect.",
            {"type": {"const": "bye"}, "retry_ms": {**COUNT, "description": "How long to wait first."}},
            examples=[{"type": "bye", "retry_ms": 1200}],
        ),
        "Delayed": thing(
            "Only of several servers: each second, while there is no news. It has no number of its own.",
            {"type": {"const": "delayed"}, "now": _NOW, "seq": {**COUNT, "description": "The newest frame's number."}},
            examples=[{"type": "delayed", "now": 1795250489.6, "seq": 41}],
        ),
        "StreamMessage": {
            "description": "A message of the websocket. Ignore types and fields that you do not know.",
            "oneOf": [ref("Hello"), ref("Frame"), ref("Lead"), ref("Delayed"), ref("Bye")],
        },
    }


def _hello() -> Json:
    fields: dict[str, Json] = {
        "type": {"const": "hello"},
        "protocol": {"const": PROTOCOL},
        "stream": {**TEXT, "description": "The name of the stream, for `since`."},
        "seq": {**COUNT, "description": "Where the stream is."},
        "now": _NOW,
        "window_s": {"type": "number", "minimum": 0},
        "plays_by_source": ref("PlaysBySource"),
        "recent": items(ref("Connection"), maxItems=RECENT, description="The latest connections, newest first."),
        "gap": {
            "type": ["integer", "null"],
            "minimum": -1,
            "description": "How many messages you missed: null without `since`, -1 if that is not known.",
        },
    }
    return thing("The first message.", fields, examples=[examples.HELLO])


def _frame() -> Json:
    fields = {
        "type": {"const": "connections"},
        "seq": COUNT,
        "now": EPOCH_S,
        "connections": items(ref("Connection")),
        "pulses": items(ref("Pulse")),
        "sparks": items(ref("Spark")),
        "crowd": {**or_null(ref("Crowd")), "description": "Only without a filter, and not of the past."},
        "counts": ref("Counts"),
    }
    return thing("What the filter shows, at least once a second.", fields, "crowd", examples=[examples.FRAME])


def _crowd() -> Json:
    place = {"city": ref("City"), "plays": {"type": "integer", "minimum": CITY_PLAYS_LEAST}}
    fields = {
        "track": ref("Track"),
        "plays": {"type": "integer", "minimum": 1},
        "cities": items(thing("A city, and how many plays it has.", place), maxItems=CITIES_MOST),
    }
    return thing("The song with the most plays in this slice, and its cities.", fields, examples=[examples.CROWD])


def _lead() -> Json:
    fields = {"type": {"const": "lead"}, "connection": or_null(ref("Connection"))}
    text = "The lead story of these ten seconds. It comes without a filter only, and has no number."
    return thing(text, fields, examples=[examples.LEAD])


def shown() -> dict[str, Json]:
    """Return the schemas of this module, by name."""
    return {
        "Error": thing(
            "What was wrong, for people; `taken` is how many of the first plays were accepted all the same.",
            {"error": TEXT, "taken": COUNT},
            "taken",
            examples=[{"error": "there is no such moment"}],
        ),
        "Source": source(),
        "City": city(),
        "Track": track(),
        "Connection": connection(),
        "Pulse": pulse(),
        "Spark": spark(),
        "PlaysBySource": by_source(),
        "Counts": counts(),
        "Crowd": _crowd(),
        "Lead": _lead(),
        **messages(),
    }
