"""What `/connect` asks: a listener's token for their own player."""

from __future__ import annotations

from webapp.openapi.operations import (
    HTML,
    JSON,
    SAME,
    WRITES,
    Json,
    Operation,
    Sample,
    answer,
    body,
    errors,
    media,
    of_json,
    ref,
)
from webapp.openapi.schemas import COUNT, EPOCH_S, TEXT, of_struct, or_null, thing
from webapp.openapi.visitors import OFF, TAG
from webapp.web import connect

_PATH = "/connect"
_WISH = {"city": 1853909}
_OWN = {"Authorization": "Bearer $TOKEN"}
_STATES = ("waiting", "connected", "polling", "playing")
_STATE = (
    "Nothing came yet (`waiting`), something that is no press (`connected`), plays that are counted and not drawn "
    "(`polling`), or a press (`playing`)."
)


def schemas() -> dict[str, Json]:
    """Return the schemas of requests and answers, by name."""
    song = thing("The song of the last press.", {"title": TEXT, "artist": TEXT})
    told = {
        "user": {**TEXT, "description": "The token's id."},
        "city": or_null(ref("City")),
        "state": {"type": "string", "enum": list(_STATES), "description": _STATE},
        "pressed_at": or_null(EPOCH_S),
        "pressed_in": or_null(ref("City")),
        "song": or_null(song),
        "presses": COUNT,
        "scrobbles": COUNT,
    }
    return {
        "Signed": thing("For one tab.", {"token": TEXT}),
        "Wish": of_struct(connect.Wish, "The city that the token is for, a GeoNames id.", examples=[_WISH]),
        "NewToken": thing(
            "The token, told this once.",
            {"token": TEXT, "user": {**TEXT, "description": "Its id, which some apps want."}, "city": ref("City")},
        ),
        "Heard": thing("What has come from a listener's player.", told),
        "Deleted": thing("The token, and all that was kept of it, is gone.", {"deleted": TEXT}),
    }


def operations() -> list[Operation]:
    """Return what `/connect` asks."""
    return [_page(), _sign(), _make(), _status(), _delete()]


def _page() -> Operation:
    return Operation(
        id="showConnect",
        method="get",
        path=_PATH,
        tag=TAG,
        summary="Show the page where listeners get a token",
        answers={"200": answer("The page.", {HTML: media(TEXT)}), **SAME, **errors("404", "429")},
    )


def _sign() -> Operation:
    return Operation(
        id="getSignedText",
        method="get",
        path=f"{_PATH}/csrf",
        tag=TAG,
        summary="Get the signed text with which a page may ask for a token",
        answers={"200": of_json("The text.", "Signed"), **errors("403", _404=OFF)},
    )


def _make() -> Operation:
    return Operation(
        id="makeToken",
        method="post",
        path=_PATH,
        tag=TAG,
        summary="Get a token for a player",
        body=body("The city.", {JSON: media(ref("Wish"), _WISH)}),
        answers={"201": of_json("The token.", "NewToken"), **errors("403", "503", *WRITES, _404=OFF)},
        security=["connect"],
        sample=Sample(headers={connect.SIGNED: "$SIGNED", "Content-Type": JSON}, body='{"city": 1853909}'),
    )


def _status() -> Operation:
    return Operation(
        id="getHeard",
        method="get",
        path=f"{_PATH}/status",
        tag=TAG,
        summary="Ask what has come from a player",
        answers={"200": of_json("What came.", "Heard"), **errors("401", "403", "429", "503", _404=OFF)},
        security=["ownToken"],
        sample=Sample(headers=_OWN),
    )


def _delete() -> Operation:
    return Operation(
        id="deleteToken",
        method="delete",
        path=_PATH,
        tag=TAG,
        summary="Delete a token, and all that is kept of it",
        answers={"200": of_json("It is gone.", "Deleted"), **errors("401", "403", "429", "503", _404=OFF)},
        security=["ownToken"],
        sample=Sample(headers=_OWN),
    )
