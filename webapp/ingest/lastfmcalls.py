"""What each method of Last.fm's web service asks for, as a call; `webapp.ingest.lastfm` has the rest."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from webapp.core import precision
from webapp.ingest import forms, lastfmerrors
from webapp.ingest.lastfmerrors import LastFmError
from webapp.ingest.lastfmkeys import md5_of
from webapp.ingest.lfmdocuments import Format
from webapp.ingest.submissions import (
    Call,
    ConfirmedGiven,
    DigestGiven,
    Request,
    SessionGiven,
    Song,
    Submission,
    TokenGiven,
)

_PLAYS_MOST = 50
NAMES = ("track", "artist", "album", "albumArtist")
"""Of a play, in the order of the answer."""
_FIELDS = frozenset((*NAMES, "timestamp", "duration", "mbid"))
_REQUEST_TOKEN = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Play:
    """A play as it was sent.

    Attributes:
        names: by the field's name.
        stamp: when it was played, epoch seconds; None if nothing is said of it.
        song: None if title or artist is empty: then the play is ignored.
        is_complete: title and artist were sent, be they empty; else a parameter is missing.
    """

    names: dict[str, str]
    stamp: int | None
    song: Song | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer needs of its request.

    Attributes:
        format: of the answer.
        base: what addresses of ours begin with.
        method: in lower case.
        problem: what is wrong with the plays; told only to those who have a session.
        plays: of the request.
    """

    format: Format
    base: str
    method: str
    problem: LastFmError | None = None
    plays: Sequence[Play] = ()


class Message(NamedTuple):
    """A request, its fields, and what its answer needs."""

    request: Request
    sent: forms.Fields
    asked: Asked


def log_in(message: Message) -> Call | LastFmError:
    """Read auth.getMobileSession: its password is the token; its authToken is made with the token."""
    if message.request.method != "POST":
        return lastfmerrors.NOT_POST
    if password := forms.text(message.sent, "password"):
        return Call("session", TokenGiven(password), precision=_client(message), about=message.asked)
    if not message.sent.get("username") or not message.sent.get("authToken"):
        return lastfmerrors.MISSING
    user, digest = forms.text(message.sent, "username"), forms.text(message.sent, "authToken").lower()
    return Call("session", DigestGiven(user, _fits(user, digest)), precision=_client(message), about=message.asked)


def _fits(user: str, digest: str) -> Callable[[str], bool]:
    """Return what tells whether a token gives a digest; some apps write the user's name in lower case in it."""

    def fits(token: str) -> bool:
        password = md5_of(token.encode())
        made = [md5_of(f"{name}{password}".encode()) for name in {user, user.lower()}]
        return any(hmac.compare_digest(each.encode(), digest.encode()) for each in made)

    return fits


def request_token(message: Message) -> Call | LastFmError:
    """Read auth.getToken: the listener then confirms the token at /api/auth."""
    return Call("request_token", None, about=message.asked)


def session(message: Message) -> Call | LastFmError:
    """Read auth.getSession, which apps repeat until the listener has confirmed their token."""
    token = forms.text(message.sent, "token")
    if not _REQUEST_TOKEN.fullmatch(token):
        return lastfmerrors.NO_TOKEN if token else lastfmerrors.MISSING
    return Call("session", ConfirmedGiven(token), precision=_client(message), about=message.asked)


def look_up(message: Message) -> Call | LastFmError:
    """Read a question about a user. It is always the session's, whatever name is asked for."""
    return Call("look_up", SessionGiven(forms.text(message.sent, "sk")), about=message.asked)


def now_playing(message: Message) -> Call | LastFmError:
    """Read track.updateNowPlaying.

    cmusfm sends it with empty texts, to see whether its session is good: then it is ignored, and no error.
    """
    plays = _plays(message.sent)[:1]
    submissions = [Submission(play.song, "now_playing", _client(message)) for play in plays if play.song]
    asked = _with_plays(message.asked, plays)
    return Call("submit", SessionGiven(forms.text(message.sent, "sk")), submissions, about=asked)


def scrobble(message: Message) -> Call | LastFmError:
    """Read track.scrobble: up to 50 plays. One without a song costs its neighbours nothing."""
    plays = _plays(message.sent)
    asked = _with_plays(message.asked, plays)
    submissions = [] if asked.problem else _scrobbles(plays, _client(message))
    return Call("submit", SessionGiven(forms.text(message.sent, "sk")), submissions, about=asked)


def _with_plays(asked: Asked, plays: Sequence[Play]) -> Asked:
    return Asked(asked.format, asked.base, asked.method, _problem(plays), plays)


def _problem(plays: Sequence[Play]) -> LastFmError | None:
    if len(plays) > _PLAYS_MOST:
        return lastfmerrors.TOO_MANY
    return None if any(play.is_complete for play in plays) else lastfmerrors.MISSING


def _scrobbles(plays: Sequence[Play], client: int) -> list[Submission]:
    return [Submission(play.song, "scrobble", client, listened_s=play.stamp) for play in plays if play.song]


def _plays(sent: forms.Fields) -> list[Play]:
    """Return the plays, and at most one more than are allowed."""
    return [_play(fields) for fields in list(forms.numbered(sent, _FIELDS).values())[: _PLAYS_MOST + 1]]


def _play(sent: forms.Fields) -> Play:
    names = {field: forms.name(sent, field) for field in NAMES}
    title, artist, album, _ = names.values()
    song = forms.song(title, artist, album, forms.text(sent, "duration"), forms.text(sent, "mbid"))
    return Play(names, forms.whole(sent, "timestamp"), song, "track" in sent and "artist" in sent)


def _client(message: Message) -> int:
    words = (message.request.headers.get("user-agent", ""), forms.text(message.sent, "api_key"))
    return precision.of_client(words)
