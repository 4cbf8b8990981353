"""What our own pages ask: a visitor's own plays."""

from __future__ import annotations

from webapp.core.nearplays import NEAR_S, Searched
from webapp.openapi.operations import JSON, WRITES, Json, Operation, Sample, body, errors, in_path, media, of_json, ref
from webapp.openapi.schemas import EPOCH_S, NOT_EXACT, TEXT, TRACK_ID, apart, of_struct, or_null, thing
from webapp.web import visitorplays

TAG = "Visitors"
SIGNED = visitorplays.TOKEN
_PRESS = {"track": "apg06aese3g8gv62", "city": 1853909}
OFF = "The operator has not allowed it, or there is no such thing."


def schemas() -> dict[str, Json]:
    """Return the schemas of requests and answers, by name."""
    again = {"type": ["number", "null"], "description": "When to ask again, in seconds; null if all is known."}
    return {
        "VisitorToken": thing("For one tab.", {"token": TEXT, "now": EPOCH_S}),
        "Press": _press(),
        "PressTaken": thing(
            "The play was taken.",
            {
                "pressed_at": {"type": "number", "description": "When it counts as pressed, epoch seconds."},
                "late": {"type": "boolean", "description": "It came late, and counts from its arrival."},
                "source": ref("Source"),
                "place": ref("City"),
                "press": {**TEXT, "description": "The name under which to ask what came of it."},
                "ask_after_s": again,
            },
        ),
        "PressOutcome": thing(
            "What came of a press.",
            {
                "met": or_null(ref("Connection")),
                "pulse": or_null(ref("PressPulse")),
                "near": or_null(ref("NearMiss")),
                "searched": or_null(ref("PressSearched")),
                "ask_after_s": again,
                "alone": {"type": "boolean", "description": "Nobody can have pressed within the window."},
            },
        ),
        "PressPulse": thing(
            "Someone else in the same city.",
            {**apart(), "place": ref("City")},
            "within_s",
            dependentSchemas=NOT_EXACT,
        ),
        "NearMiss": _near_miss(),
        "PressSearched": thing(
            "How many seconds before and after the press were searched for `near`; null if none were.",
            {name: {"type": "integer", "minimum": 0, "maximum": NEAR_S} for name in Searched._fields},
        ),
    }


def _near_miss() -> Json:
    seconds = {
        "type": "integer",
        "minimum": -NEAR_S,
        "maximum": NEAR_S,
        "description": "From the press to it, in seconds of the clock; negative if it came before.",
    }
    within_s = {"type": "integer", "minimum": 1, "description": "Only if its time is not exact."}
    fields = {"city": ref("City"), "seconds": seconds, "source": ref("Source"), "within_s": within_s}
    return thing("The play of the song that came closest to a press that met nobody.", fields, "within_s")


def _press() -> Json:
    told = of_struct(visitorplays.Sent, "A visitor pressed play on a song of the page.", examples=[_PRESS])
    told["properties"]["track"] = TRACK_ID
    return told


def operations() -> list[Operation]:
    """Return what our own pages ask."""
    signed: list[str | None] = ["visitor"]
    name = in_path("press", "What `POST /play` returned.", {"type": "string", "minLength": 1}, "$PRESS")
    return [
        Operation(
            id="getPlayToken",
            method="get",
            path="/play/token",
            tag=TAG,
            summary="Get a token for a tab",
            answers={"200": of_json("The token.", "VisitorToken"), **errors("403", _404=OFF)},
        ),
        Operation(
            id="press",
            method="post",
            path="/play",
            tag=TAG,
            summary="Press play on a song of the page",
            body=body("The press.", {JSON: media(ref("Press"), _PRESS)}),
            answers={"202": of_json("It was taken.", "PressTaken"), **errors("403", "503", *WRITES, _404=OFF)},
            security=signed,
            sample=Sample(
                headers={f"{visitorplays.TOKEN}": "$TOKEN", "Content-Type": JSON},
                body='{"track": "apg06aese3g8gv62", "city": 1853909}',
            ),
        ),
        Operation(
            id="getPress",
            method="get",
            path="/play/{press}",
            tag=TAG,
            summary="Ask whom a visitor met",
            parameters=[name],
            answers={"200": of_json("What is known.", "PressOutcome"), **errors("429", _404=OFF)},
        ),
    ]
