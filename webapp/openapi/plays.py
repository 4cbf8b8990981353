"""`POST /api/plays`: our own way to send plays."""

from __future__ import annotations

import msgspec

from webapp.core.decoding import PLAYS_MOST
from webapp.core.playparser import ERRORS_MOST, NOTES_MOST, WINDOW_MS
from webapp.core.plays import SOURCES
from webapp.core.validation import LISTENER_MOST, TEXT_MOST, URL_MOST, WITHIN_MOST_S
from webapp.ingest import native
from webapp.openapi import examples
from webapp.openapi.operations import WRITES, Json, Operation, Sample, answer, body, errors, header, media, ref
from webapp.openapi.schemas import COUNT, TEXT, items, or_null, thing

TAG = "Plays"
PLACE_MOST = 200
"""Characters of a place that is given as text."""
_ISRC = "isrc:[A-Za-z]{2}[A-Za-z0-9]{3}[0-9]{7}"
_MBID = "mbid:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_RECORDING = f"^({_ISRC}|{_MBID})$"


def schemas() -> dict[str, Json]:
    """Return the schemas of plays and of the answer, by name."""
    return {
        "Play": _play(),
        "Place": _place(),
        "Receipt": thing(
            "What became of the plays.",
            {
                "accepted": {**COUNT, "description": "Plays that were taken, with those that are late."},
                "late": {**COUNT, "description": "Plays that arrived too late to be matched."},
                "rejected": COUNT,
                "errors": items(ref("Rejected"), maxItems=ERRORS_MOST),
                "notes": items(ref("Note"), maxItems=NOTES_MOST),
            },
            examples=[examples.RECEIPT],
        ),
        "Rejected": thing(
            "Why a play was rejected.",
            {"index": {**COUNT, "description": "In the body, from 0."}, "field": or_null(TEXT), "error": TEXT},
        ),
        "Note": thing("Which city a place given as text was understood as.", {"index": COUNT, "city": ref("City")}),
    }


def _play() -> Json:
    name = {"type": "string", "minLength": 1, "maxLength": TEXT_MOST}
    address = {"type": ["string", "null"], "format": "uri", "pattern": "^https://", "maxLength": URL_MOST}
    song = thing(
        "The song, in any usual spelling.",
        {
            "title": name,
            "artist": name,
            "album": or_null(name),
            "recording": {
                "type": ["string", "null"],
                "pattern": _RECORDING,
                "description": "`isrc:` with 12 letters and digits, or `mbid:` with a UUID.",
            },
            "url": address,
            "artwork_url": address,
        },
        *("album", "recording", "url", "artwork_url"),
    )
    before_s, after_s = -WINDOW_MS[0] // 1000, WINDOW_MS[1] // 1000
    pressed = f"Epoch seconds, from {before_s} s ago to {after_s} s ahead; the time of arrival if left out."
    fields = {
        "track": song,
        "listener": {
            "type": "string",
            "minLength": 1,
            "maxLength": LISTENER_MOST,
            "description": "An opaque id of the listener; never a name.",
        },
        "place": ref("Place"),
        "pressed_at": {"type": ["number", "null"], "description": pressed},
        "source": {"enum": [*SOURCES, None], "description": "`live` if left out."},
        "within_s": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": WITHIN_MOST_S,
            "description": "By how many seconds the time may be wrong. Plays above 5 are counted, not matched.",
        },
    }
    shown = [examples.PLAY, {**examples.PLAY, "place": "Osaka, Japan", "pressed_at": 1795250489.6, "within_s": 1}]
    return thing("A listener pressed play.", fields, "pressed_at", "source", "within_s", examples=shown)


def _place() -> Json:
    name = {"type": "string", "minLength": 1, "maxLength": PLACE_MOST}
    degrees = {"lon": {"type": "number"}, "lat": {"type": "number"}}
    ways = [
        {**name, "title": "As people type it"},
        thing("By its GeoNames id.", {"geoname_id": {"type": "integer"}}, title="By id"),
        thing(
            "By name, in any common spelling. `admin1`, a region, chooses between cities of one name.",
            {"city": name, "country": name, "admin1": or_null(name)},
            "admin1",
            title="By name",
        ),
        thing("The nearest city, within 100 km.", degrees, title="By coordinates"),
    ]
    shown = ["Portland, Maine", {"geoname_id": 1853909}, {"city": "São Paulo", "country": "BR"}]
    return {"description": "Where the listener is.", "oneOf": ways, "examples": [*shown, {"lon": -46.6, "lat": -23.5}]}


def operations(security: list[str | None]) -> list[Operation]:
    """Return how plays are sent; `security` is what a sender needs."""
    play = msgspec.json.encode(examples.PLAY).decode()
    other = {**examples.PLAY, "listener": "b09d11", "place": {"city": "Recife", "country": "BR"}}
    many: Json = {
        "oneOf": [ref("Play"), items(ref("Play"), maxItems=PLAYS_MOST, title="Several plays")],
        "description": "One play, or an array of plays.",
    }
    lines = items(ref("Play"), maxItems=PLAYS_MOST, description="One play per line.")
    kinds = {native.JSON: media(many, examples.PLAY), native.LINES: media(lines, [examples.PLAY, other])}
    return [
        Operation(
            id="sendPlays",
            method="post",
            path=native.PATH,
            tag=TAG,
            summary="Send plays",
            text=(
                "One play, an array of plays, or one play per line (NDJSON, also as `application/ndjson` or "
                "`application/jsonl`). "
                f"A request takes up to {PLAYS_MOST:,} plays and 10 MiB.\n\n"
                "Two plays of one song match if they are by two listeners in two cities, and not further apart than "
                "the window (1 s unless the operator sets another).\n\n"
                "A play that is rejected does not affect the others: the answer is 202 all the same, and says why. "
                "With any other status, no play was taken."
            ),
            parameters=[
                header(native.SOURCE_HEADER, "Marks all plays of the request.", ref("Source")),
                header("Content-Encoding", "How the body is packed.", {"type": "string", "enum": ["gzip", "identity"]}),
            ],
            body=body("The plays.", kinds),
            answers={
                str(native.TAKEN): answer("The plays were taken.", {native.JSON: media(ref("Receipt"))}),
                **errors("401", "403", "503", *WRITES),
            },
            security=security,
            sample=Sample(
                headers={"Authorization": "Bearer $TOKEN", "Content-Type": native.JSON},
                body=play,
            ),
        )
    ]
