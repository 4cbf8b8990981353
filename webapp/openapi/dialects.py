"""The dialects of music apps: their endpoints, in their own words. Their own documentation says more."""

from __future__ import annotations

from typing import Any

import msgspec

from webapp.ingest import audioscrobbler, lastfm
from webapp.openapi.listenbrainz import operations as of_listenbrainz
from webapp.openapi.operations import (
    FORM,
    HTML,
    JSON,
    TEXT,
    Json,
    Operation,
    Sample,
    answer,
    body,
    errors,
    in_path,
    media,
    of_json,
    query,
    ref,
)
from webapp.openapi.schemas import TEXT as WORDS
from webapp.openapi.schemas import thing

TAG = "Music apps"
METHODS = (
    "auth.getMobileSession",
    "auth.getToken",
    "auth.getSession",
    "track.updateNowPlaying",
    "track.scrobble",
    "user.getInfo",
    "user.getRecentTracks",
)
"""Of Last.fm's web service."""
_LASTFM, _AUDIOSCROBBLER = "https://www.last.fm/api", "https://www.last.fm/api/submissions"
_WEBHOOK = "https://github.com/web-scrobbler/web-scrobbler"
_LINES = {TEXT: media(WORDS, "OK\n")}
_PAGE = {HTML: media(WORDS)}


def schemas() -> dict[str, Json]:
    """Return the schemas of these dialects, by name."""
    names = {"track": WORDS, "artist": WORDS, "album": WORDS}
    song = {"parsed": thing("What the page says.", names, *names)}
    event = {
        "eventName": {**WORDS, "description": "`nowplaying`, `scrobble`, `paused`, `resumedplaying` and others."},
        "time": {"type": "number", "description": "Epoch milliseconds."},
        "data": thing("What it is about.", {"song": thing("The song.", song)}, "song"),
    }
    heard = {"parsed": {"track": "Slow Lighthouse", "artist": "Marisol Vey"}}
    playing = {"eventName": "nowplaying", "time": 1795250489621, "data": {"song": heard}}
    return {
        "WebScrobblerEvent": thing("An event of Web Scrobbler.", event, "time", "data", examples=[playing]),
        "Taken": thing("It was taken.", {"status": {"const": "ok"}}),
        "LastFmError": thing(
            "An error of Last.fm's web service.",
            {"message": WORDS, "error": {"type": "integer"}},
            examples=[{"message": "Invalid session key - Please re-authenticate", "error": 9}],
        ),
    }


def operations() -> list[Operation]:
    """Return the endpoints of all dialects."""
    return [*of_listenbrainz(TAG), *_lastfm(), *_confirmation(), *_audioscrobbler(), *_webscrobbler()]


def _lastfm() -> list[Operation]:
    text = (
        "Query and form are read as one. The answer is XML, or JSON with `format=json`. Clients are set to this "
        f"address in place of `https://ws.audioscrobbler.com/2.0/`; a slash at its end is accepted. Methods: "
        f"{', '.join(f'`{name}`' for name in METHODS)}.\n\n"
        "`auth.getMobileSession` takes the token as its password. `auth.getToken` and `auth.getSession` need the "
        "listener's confirmation at `/api/auth`. Up to 50 plays fit in one `track.scrobble`."
    )
    call = {"method": "track.updateNowPlaying", "api_key": "anykey", "sk": "$SESSION"}
    song = {"artist": "Marisol Vey", "track": "Slow Lighthouse"}
    sent = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in (call | song).items())
    form = thing(
        "The fields of the call; the query may have some of them.", _fields(), *_fields(), additionalProperties=WORDS
    )
    asked = {"method": "user.getInfo", "api_key": call["api_key"], "sk": "$SESSION", "format": "json"}
    common: dict[str, Any] = {
        "path": lastfm.PATH,
        "tag": TAG,
        "text": text,
        "answers": _lastfm_answers(),
        "docs": _LASTFM,
    }
    return [
        Operation(
            id="askLastFm",
            method="get",
            summary="Call Last.fm's web service 2.0",
            parameters=_lastfm_parameters(),
            sample=Sample(query=asked),
            **common,
        ),
        Operation(
            id="callLastFm",
            method="post",
            summary="Call Last.fm's web service 2.0 with a form",
            body=body("The call.", {FORM: media(form, call | song)}),
            sample=Sample(body=sent),
            **common,
        ),
    ]


def _fields() -> dict[str, Json]:
    """Return the fields that are read of a call."""
    told = {
        "method": "What to do.",
        "api_key": "Any key.",
        "username": "Of `auth.getMobileSession`: any name; with `authToken`, the token's id.",
        "password": "Of `auth.getMobileSession`: the token.",
        "authToken": "Of `auth.getMobileSession`, instead of `password`: MD5 of the user name and of the token's MD5.",
        "token": "Of `auth.getSession`: what `auth.getToken` returned.",
        "sk": "The session's key.",
        "artist": "Who plays. In `track.scrobble`, also `artist[0]` to `artist[49]`, and so for what follows.",
        "track": "The song's title.",
        "album": "The album.",
        "duration": "How long it is, in seconds.",
        "mbid": "The recording's MusicBrainz id.",
        "timestamp": "Of `track.scrobble`: when it was played, epoch seconds.",
        "format": "`json`, or XML.",
        "api_sig": "The signature; checked if the key is ours.",
    }
    return {name: {**WORDS, "description": text} for name, text in told.items()}


def _lastfm_parameters() -> list[Json]:
    return [
        query("method", "What to do.", {"type": "string", "enum": list(METHODS)}, required=True),
        query("api_key", "Any key.", WORDS, required=True),
        query("sk", "The session's key.", WORDS),
        query("api_sig", "The signature; checked if the key is ours.", WORDS),
        query("format", "The format of the answer.", {"type": "string", "enum": ["xml", "json"]}),
    ]


def _lastfm_answers() -> dict[str, Json]:
    def said(text: str, schema: Json) -> Json:
        return answer(text, {"text/xml": media(WORDS), JSON: media(schema)})

    refused = {"400": "The call is wrong.", "403": "The session, the key or the signature is wrong."}
    refused |= {"408": "The body was too slow.", "413": "The body is too large.", "415": "The coding is not supported."}
    refused |= {"429": "Too many requests.", "500": "The server failed.", "503": "Not possible right now."}
    told = {status: said(text, ref("LastFmError")) for status, text in refused.items()}
    return {"200": said("What the method answers.", {"type": "object"}), **told}


def _confirmation() -> list[Operation]:
    wish = {"token": WORDS, "unison_token": {**WORDS, "description": "The listener's token."}}
    form = thing("The form.", wish, *wish)
    done = {"200": answer("It is done.", _PAGE), "410": answer("The request token has expired.", _PAGE)}
    sent = "token=$REQUEST_TOKEN&unison_token=$TOKEN"
    asked = query("token", "The request token of `auth.getToken`.", WORDS)
    return [
        Operation(
            id="showConfirmation",
            method="get",
            path="/api/auth",
            tag=TAG,
            summary="Show the page where a listener connects an app",
            parameters=[asked],
            answers={"200": answer("The page with its form.", _PAGE), "410": done["410"]},
            docs="https://www.last.fm/api/desktopauth",
            sample=Sample(query={"token": "$REQUEST_TOKEN"}),
        ),
        Operation(
            id="confirm",
            method="post",
            path="/api/auth",
            tag=TAG,
            summary="Connect an app, from that page",
            body=body("The form.", {FORM: media(form)}),
            answers={
                **done,
                "403": answer(
                    "The listener's token is wrong, or another site sent this.", {**_PAGE, JSON: media(ref("Error"))}
                ),
                **errors("400", "408", "413", "415", "429"),
            },
            sample=Sample(body=sent),
        ),
    ]


def _audioscrobbler() -> list[Operation]:
    return [_handshake(), *(_submission(*each) for each in _SUBMISSIONS)]


_SUBMISSIONS = (
    ("announceTo12", audioscrobbler.NOW_PLAYING, "Announce what plays", "s=$SESSION&a=Marisol+Vey&t=Slow+Lighthouse"),
    (
        "submitTo12",
        audioscrobbler.SUBMISSION,
        "Submit scrobbles",
        "s=$SESSION&a[0]=Marisol+Vey&t[0]=Slow+Lighthouse&i[0]=1795250489",
    ),
)


def _handshake() -> Operation:
    given = (
        ("p", "The version: `1.2` or `1.2.1`."),
        ("c", "The client's name."),
        ("v", "Its version."),
        ("u", "The user name: the token's id, as the set-up page shows it."),
        ("t", "The time, epoch seconds."),
        ("a", "MD5 of the token's MD5 and `t`."),
    )
    return Operation(
        id="shakeHands",
        method="get",
        path="/",
        tag=TAG,
        summary="Begin a session of Audioscrobbler 1.2",
        text=(
            "The status is always 200. The first line of the answer says what became of it: `OK`, and then the "
            "session and two addresses, or `BADAUTH`, `BADTIME`, `BANNED` or `FAILED` and a reason.\n\n"
            "Without `hs=true`, this is the globe's page."
        ),
        parameters=[
            query("hs", "Asks for a handshake.", {"const": "true"}, required=True, example="true"),
            *(query(name, text, WORDS) for name, text in given),
        ],
        answers={"200": answer("The lines; or the page.", {TEXT: media(WORDS), HTML: media(WORDS)})},
        docs=_AUDIOSCROBBLER,
        sample=Sample(
            query={"hs": "true", "p": "1.2.1", "c": "tst", "v": "1.0", "u": "$USER", "t": "$TIME", "a": "$DIGEST"}
        ),
    )


def _submission(id: str, path: str, summary: str, sent: str) -> Operation:
    told = {"s": "The session.", "a": "Who plays.", "t": "The title.", "b": "The album.", "l": "Seconds."}
    told |= {"n": "The number on the album.", "m": "The recording's MusicBrainz id."}
    if path == audioscrobbler.SUBMISSION:
        told = {name if name == "s" else f"{name}[0]": text for name, text in told.items()}
        told |= {"i[0]": "When it was played, epoch seconds. Up to 50 plays, from 0."}
    properties = {name: {**WORDS, "description": text} for name, text in told.items()}
    fields = thing("The fields.", properties, *[name for name in told if name != "s"], additionalProperties=WORDS)
    return Operation(
        id=id,
        method="post",
        path=path,
        tag=TAG,
        summary=f"{summary}, by Audioscrobbler 1.2",
        text="The status is always 200. The first line is `OK`, `BADSESSION`, or `FAILED` and a reason.",
        body=body("The form.", {FORM: media(fields)}),
        answers={"200": answer("The line.", _LINES)},
        docs=_AUDIOSCROBBLER,
        sample=Sample(body=sent),
    )


def _webscrobbler() -> list[Operation]:
    token = "The listener's token; the extension sends no headers."
    schema = {"type": "string", "minLength": 1}
    told = (
        {
            "id": "takeEvent",
            "path": "/webhook/{token}",
            "parameters": [in_path("token", token, schema, "$TOKEN")],
        },
        {
            "id": "takeEventByQuery",
            "path": "/webhook",
            "parameters": [query("token", token, schema, required=True)],
            "sample": Sample(query={"token": "$TOKEN"}),
        },
    )
    return [_event(**each) for each in told]


def _event(id: str, path: str, parameters: list[Json], sample: Sample = Sample()) -> Operation:  # noqa: B008
    event = schemas()["WebScrobblerEvent"]["examples"][0]
    return Operation(
        id=id,
        method="post",
        path=path,
        tag=TAG,
        summary="Take an event of Web Scrobbler",
        text="For the webhook of the browser extension. Events that announce no song are taken and ignored.",
        parameters=parameters,
        body=body("The event.", {JSON: media(ref("WebScrobblerEvent"), event)}),
        answers={"200": of_json("It was taken.", "Taken"), **errors("400", "401", "408", "413", "415", "429", "503")},
        docs=_WEBHOOK,
        sample=Sample(sample.query, {"Content-Type": JSON}, msgspec.json.encode(event).decode()),
    )
