"""The webhook of Web Scrobbler, the browser extension: JSON that it posts to the address that its user types. Sans-I/O.

It sends no headers of its own, so the token is part of the address: `/webhook/TOKEN` or `/webhook?token=TOKEN`. The
form of its messages is not documented; this is that of version 3: https://github.com/web-scrobbler/web-scrobbler
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from webapp.core import precision
from webapp.ingest import songfields
from webapp.ingest.submissions import Call, Kind, Outcome, RateStatus, Reply, Request, Song, Submission, TokenGiven

_PATH = re.compile(r"/webhook(?:/([^/]+))?")
_METHODS = "POST, OPTIONS"
_CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Max-Age", "21600"),
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Allow-Methods", _METHODS),
)
_OK = {"status": "ok"}
_SONGS_MOST = 50
"""As many as it sends to ListenBrainz at once."""
_MS_LEAST = 100_000_000_000
"""A larger time is in milliseconds."""
_Scalar = str | int | float | bool | None
"""A field that is text or a number, as a rule; of a larger value nothing is kept."""


class BodyError(ValueError):
    """A body that is not Web Scrobbler's; `str()` says why."""


class _Fields(msgspec.Struct):
    track: _Scalar = None
    artist: _Scalar = None
    album: _Scalar = None
    duration: _Scalar = None
    originUrl: _Scalar = None  # noqa: N815 - its name


class _Metadata(msgspec.Struct):
    startTimestamp: _Scalar = None  # noqa: N815 - its name


class _Played(msgspec.Struct):
    parsed: _Fields | None = None
    processed: _Fields | None = None
    metadata: _Metadata | None = None


# Places for the most songs. Elements beyond are skipped: a list of very many costs neither memory nor time.
_Songs = msgspec.defstruct("_Songs", [(f"at_{n}", _Played | None, None) for n in range(_SONGS_MOST)], array_like=True)


class _Data(msgspec.Struct):
    song: _Played | None = None
    songs: _Songs | None = None  # type: ignore[valid-type]  # a class made at run time


class _Event(msgspec.Struct):
    eventName: str  # noqa: N815 - its name
    time: _Scalar = None
    data: _Data | None = None


_EVENT = msgspec.json.Decoder(_Event)


class WebScrobbler:
    """The dialect of Web Scrobbler's webhook."""

    name = "webscrobbler"
    body_most = 1 << 19

    def handles(self, method: str, path: str, query: bytes) -> bool:  # noqa: ARG002 - as all dialects
        """Tell whether a request is in this dialect."""
        return bool(_PATH.fullmatch(path))

    def read(self, request: Request) -> Call | Reply:
        """Translate a request; only a browser's question which methods there are is answered at once."""
        if request.method == "OPTIONS":
            return Reply(200, b"", "text/plain", [*_CORS, ("Allow", _METHODS)])
        given = _token(request)
        if request.method != "POST":
            return Call("look_up", given, about=(405, "This address is for Web Scrobbler, which posts to it."))
        if given is None:
            return Call("look_up", None)
        try:
            return Call("submit", given, read_event(request.body, request.now_s))
        except BodyError as error:
            return Call("look_up", given, about=(400, str(error)))

    def reply(self, call: Call, outcome: Outcome) -> Reply:
        """Translate what came of a call; the extension only looks at the status."""
        if outcome.is_limited:
            return _failed("too many requests", 429, outcome.rate)
        if call.about and call.about[0] == 405:
            return _failed(call.about[1], 405, outcome.rate)
        if outcome.principal is None:
            return _failed("the address must end with a token that is good", 401, outcome.rate)
        if call.about:
            return _failed(call.about[1], call.about[0], outcome.rate)
        if call.submissions and len(outcome.refused) == len(call.submissions):
            return _failed(next(iter(outcome.refused.values())), 400, outcome.rate)
        return _reply(200, _OK)

    def failure(self, request: Request, sentence: str, status: int, rate: RateStatus) -> Reply:  # noqa: ARG002 - as all
        """Return the answer where nothing could be taken."""
        return _failed(sentence, status, rate)

    def dropped(self, request: Request, rate: RateStatus) -> Reply:  # noqa: ARG002 - as all dialects
        """Return the answer to an event that was taken."""
        return _reply(200, _OK)


def read_event(body: bytes, now_s: float) -> list[Submission]:
    """Return the plays that an event announces; none where it is no play, such as a pause.

    Args:
        body: as it was sent.
        now_s: the time of arrival, epoch seconds.

    Raises:
        BodyError: it is no event, or its song has no title or no artist.
    """
    try:
        event = _EVENT.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BodyError(f"the body is not an event of Web Scrobbler: {error}") from None
    except RecursionError:
        raise BodyError("the body is nested too deeply") from None
    if event.eventName == "nowplaying":
        return [_submission(_songs(event)[0], "now_playing", None)]
    if event.eventName == "scrobble":
        return [_submission(each, "scrobble", _played_s(each, event, now_s)) for each in _songs(event)]
    return []


def _songs(event: _Event) -> Sequence[_Played]:
    data = event.data or _Data()
    several = data.songs if event.eventName == "scrobble" else None
    songs: list[_Played] = [each for each in msgspec.structs.astuple(several) if each] if several else []
    songs = songs or ([data.song] if data.song else [])
    if not songs:
        raise BodyError("the event has no song")
    return songs


def _submission(played: _Played, kind: Kind, listened_s: float | None) -> Submission:
    return Submission(_song(played), kind, precision.of_client(["Web Scrobbler"]), listened_s=listened_s)


def _song(played: _Played) -> Song:
    """Return a song as the extension shows it: its user's corrections come before what the page says."""
    parsed, processed = played.parsed or _Fields(), played.processed or _Fields()
    title, artist, album = (
        songfields.name(getattr(processed, field)) or songfields.name(getattr(parsed, field))
        for field in ("track", "artist", "album")
    )
    if not (title and artist):
        raise BodyError("the song has no title or no artist")
    length_s = songfields.duration_s(parsed.duration) or songfields.duration_s(processed.duration)
    return Song(title, artist, album or None, length_s, url=songfields.link(parsed.originUrl))


def _played_s(played: _Played, event: _Event, now_s: float) -> float:
    """Return when a song began, else when the event was sent, else when it arrived."""
    began = songfields.number(played.metadata.startTimestamp) if played.metadata else None
    for told in (began, songfields.number(event.time)):
        if told and told > 0:
            return told / 1000 if told > _MS_LEAST else told
    return now_s


def _token(request: Request) -> TokenGiven | None:
    found = _PATH.fullmatch(request.path)
    token = (found and found[1]) or _asked(request)
    return TokenGiven(token) if token else None


def _asked(request: Request) -> str:
    query = request.query.decode("utf-8", "replace")
    return dict(parse_qsl(query, errors="replace")).get("token", "").strip()


def _failed(sentence: str, status: int, rate: RateStatus) -> Reply:
    waits = [("Retry-After", str(max(1, rate.reset_s)))] if status == 429 else []
    allowed = [("Allow", _METHODS)] if status == 405 else []
    return _reply(status, {"error": sentence}, waits + allowed)


def _reply(status: int, answer: dict[str, Any], headers: Sequence[tuple[str, str]] = ()) -> Reply:
    return Reply(status, msgspec.json.encode(answer), "application/json", [*_CORS, *headers])
