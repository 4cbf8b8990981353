"""ListenBrainz's endpoints, as its clients use them."""

from __future__ import annotations

import msgspec

from webapp.ingest.listens import LISTEN_BYTES, LISTENS_MOST
from webapp.openapi import examples
from webapp.openapi.operations import JSON, Json, Operation, Sample, answer, body, in_path, media, of_json, query, ref
from webapp.openapi.schemas import COUNT, TEXT, items, thing

_DOCS = "https://listenbrainz.readthedocs.io/en/latest/users/api/"
_REASONS = {
    "400": "The request is wrong, as ListenBrainz would say it.",
    "401": "The token is missing or wrong.",
    "408": "The body was too slow.",
    "413": "The body is too large.",
    "415": "The coding is not supported.",
    "429": "Too many requests. Wait for `X-RateLimit-Reset-In`.",
    "503": "Not possible right now.",
}
_USER = in_path("user", "Any name.", {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}, "$USER")
_LOOKED_UP = (
    ("getListenCount", "listen-count", "Count a user's listens"),
    ("getListens", "listens", "List a user's listens"),
    ("getPlayingNow", "playing-now", "Ask what a user plays"),
    ("getFollowing", "following", "List whom a user follows"),
    ("getFollowers", "followers", "List a user's followers"),
    ("getPlaylists", "playlists", "List a user's playlists"),
)


def schemas() -> dict[str, Json]:
    """Return the schemas of ListenBrainz, by name."""
    metadata = thing(
        "The song.",
        {
            "track_name": {"type": "string", "minLength": 1},
            "artist_name": {"type": "string", "minLength": 1},
            "release_name": {"type": ["string", "null"]},
            "additional_info": {
                "type": ["object", "array", "null"],
                "items": {},
                "description": "What is wrong in it is ignored.",
            },
        },
        *("release_name", "additional_info"),
    )
    listen = thing(
        f"A listen, of at most {LISTEN_BYTES:,} bytes.",
        {
            "track_metadata": metadata,
            "listened_at": {"type": ["integer", "null"], "description": "Epoch seconds; not with `playing_now`."},
        },
        "listened_at",
    )
    kinds = {
        "type": "string",
        "enum": ["playing_now", "single", "import"],
        "description": "`playing_now` is a press. The others are counted, and shown nowhere.",
    }
    return {
        "Listens": thing(
            "What ListenBrainz's clients submit. `playing_now` and `single` have exactly one listen.",
            {"listen_type": kinds, "payload": items(listen, minItems=1, maxItems=LISTENS_MOST)},
            examples=[examples.LISTEN],
        ),
        "ListenBrainzError": thing(
            "An error of ListenBrainz's API.",
            {"code": {"type": "integer"}, "error": TEXT},
            examples=[{"code": 401, "error": "Invalid authorization token."}],
        ),
        "TokenValidity": thing(
            "Whether a token is good.",
            {"code": {"const": 200}, "message": TEXT, "valid": {"type": "boolean"}, "user_name": TEXT},
            "user_name",
        ),
        "LatestImport": thing("Always 0.", {"musicbrainz_id": TEXT, "latest_import": COUNT}),
    }


def operations(tag: str) -> list[Operation]:
    """Return the endpoints."""
    return [_submit(tag), _validate(tag), *_imports(tag), *(_looked_up(tag, *each) for each in _LOOKED_UP)]


def _answers(*refused: str, **said: Json) -> dict[str, Json]:
    told = {status[1:]: each for status, each in said.items()}
    return told | {each: answer(_REASONS[each], {JSON: media(ref("ListenBrainzError"))}) for each in refused}


_SUBMIT = ("400", "401", "408", "413", "415", "429", "503")


def _submit(tag: str) -> Operation:
    return Operation(
        id="submitListens",
        method="post",
        path="/1/submit-listens",
        tag=tag,
        summary="Announce what plays, by ListenBrainz's API",
        text=(
            "Clients are set to this server in place of `https://api.listenbrainz.org`. The base may also be "
            "`/apis/listenbrainz`, with `/1` or without, and a POST to the base alone does the same. "
            "The Content-Type does not matter.\n\n"
            "All answers have the headers `X-RateLimit-Limit`, `-Remaining`, `-Reset` and `-Reset-In`, and pages of "
            "other sites may read them. `delete-listen`, `playing-now/delete` and `feedback/recording-feedback` are "
            "accepted and do nothing; `metadata/lookup`, `stats/user/…` and `feedback/user/…` find nothing."
        ),
        body=body("The listens.", {JSON: media(ref("Listens"), examples.LISTEN)}),
        answers=_answers(*_SUBMIT, _200=of_json("They were taken.", "Taken")),
        security=["listener"],
        docs="https://listenbrainz.readthedocs.io/en/latest/users/json.html",
        sample=Sample(headers={"Authorization": "Token $TOKEN"}, body=msgspec.json.encode(examples.LISTEN).decode()),
    )


def _validate(tag: str) -> Operation:
    return Operation(
        id="validateToken",
        method="get",
        path="/1/validate-token",
        tag=tag,
        summary="Ask whether a token is good, by ListenBrainz's API",
        text="The token stands in the header or in the query. A wrong one is no error.",
        parameters=[query("token", "The token, where the header has none.", TEXT)],
        answers=_answers("429", "503", "400", _200=of_json("Whether it is good.", "TokenValidity")),
        security=["listener", None],
        docs=_DOCS,
        sample=Sample(headers={"Authorization": "Token $TOKEN"}),
    )


def _imports(tag: str) -> list[Operation]:
    user = query("user_name", "Any name.", TEXT, required=False)
    return [
        Operation(
            id="getLatestImport",
            method="get",
            path="/1/latest-import",
            tag=tag,
            summary="Ask for the time of the latest import, by ListenBrainz's API",
            parameters=[user],
            answers=_answers("429", "503", _200=of_json("It is always 0.", "LatestImport")),
            docs=_DOCS,
            sample=Sample(query={"user_name": "$USER"}),
        ),
        Operation(
            id="setLatestImport",
            method="post",
            path="/1/latest-import",
            tag=tag,
            summary="Set the time of the latest import, by ListenBrainz's API",
            text="It is accepted and does nothing.",
            answers=_answers(*_SUBMIT, _200=of_json("It was taken.", "Taken")),
            security=["listener"],
            docs=_DOCS,
            sample=Sample(headers={"Authorization": "Token $TOKEN"}),
        ),
    ]


def _looked_up(tag: str, id: str, path: str, summary: str) -> Operation:
    return Operation(
        id=id,
        method="get",
        path=f"/1/user/{{user}}/{path}",
        tag=tag,
        summary=f"{summary}, by ListenBrainz's API",
        text="For clients that look before they send: well-formed, and always empty.",
        parameters=[_USER],
        answers=_answers("429", "503", _200=answer("Nothing.", {JSON: media({"type": "object"})})),
        docs=_DOCS,
    )
