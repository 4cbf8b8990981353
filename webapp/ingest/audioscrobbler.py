"""Audioscrobbler's submission protocol 1.2 (and 1.2.1): a handshake, now-playing messages, submissions.

Source: https://www.last.fm/api/submissions. Every answer has the HTTP status 200; its first line says what it is.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from webapp.core import precision
from webapp.ingest import forms, songfields
from webapp.ingest.lastfmkeys import API_KEY, SHARED_SECRET, md5_of
from webapp.ingest.submissions import (
    Call,
    Credentials,
    DigestGiven,
    Kind,
    Outcome,
    RateStatus,
    Reply,
    Request,
    SessionGiven,
    Submission,
)

NOW_PLAYING, SUBMISSION = "/audioscrobbler/1.2/nowplaying", "/audioscrobbler/1.2/submission"
_CLOCK_MOST_S = 3_600
"""How wrong a client's clock may be. We need no clock but our own; within an hour lies one that ignores summer time."""
_PLAYS_MOST = 50
"""In a submission. Those beyond are left out, and the answer is still OK: a client would send refused ones forever."""
_FIELDS = frozenset("atilbm")
"""Of a play: artist, title, when it began, its length, album, MusicBrainz id."""


@dataclass(frozen=True, slots=True)
class _Handshake:
    """What the answer to a handshake needs: what addresses begin with."""

    base: str


class Audioscrobbler:
    """Translates the protocol's requests and answers."""

    name = "audioscrobbler"
    body_most = 256 * 1024

    def handles(self, method: str, path: str, query: bytes) -> bool:  # noqa: ARG002  # part of the interface
        """Tell a handshake, which comes to the root as pages do, and what follows it."""
        return (path == "" and b"hs=true" in query.split(b"&")) or path in (NOW_PLAYING, SUBMISSION)

    def read(self, request: Request) -> Call | Reply:
        """Translate a request."""
        sent = forms.fields(request.query, request.body)
        if request.path == NOW_PLAYING:
            return _in_session(sent, list(_plays(sent, "now_playing"))[:1])
        if request.path == SUBMISSION:
            return _submission(sent)
        return _handshake(sent, request)

    def reply(self, call: Call, outcome: Outcome) -> Reply:
        """Translate what came of a call."""
        if outcome.is_limited:
            return _failed(f"Too many requests: try again in {outcome.rate.reset_s} s")
        if isinstance(call.about, _Handshake):
            return _begun(call.about, outcome)
        return _lines("BADSESSION" if outcome.principal is None else "OK")

    def failure(self, request: Request, sentence: str, status: int, rate: RateStatus) -> Reply:  # noqa: ARG002  # part of the interface
        """Return FAILED and the sentence; BANNED where the status is 403."""
        return _lines("BANNED") if status == 403 else _failed(sentence)

    def dropped(self, request: Request, rate: RateStatus) -> Reply:  # noqa: ARG002  # part of the interface
        """Return OK."""
        return _lines("OK")


def _handshake(sent: forms.Fields, request: Request) -> Call | Reply:
    version, timestamp = forms.text(sent, "p"), forms.whole(sent, "t")
    if version not in ("", "1.2", "1.2.1"):
        return _failed(f"This server speaks version 1.2 of the protocol, not {songfields.name(version)[:10]}")
    if not (sent.get("a") and sent.get("t") and (sent.get("u") or sent.get("sk"))):
        return _lines("BADAUTH")
    if timestamp is None or abs(timestamp - request.now_s) > _CLOCK_MOST_S:
        return _lines("BADTIME")
    credentials = _credentials(sent)
    if credentials is None:
        return _lines("BADAUTH")
    client = precision.of_client((forms.text(sent, "c"), request.headers.get("user-agent", "")))
    return Call("session", credentials, precision=client, about=_Handshake(request.base))


def _credentials(sent: forms.Fields) -> Credentials | None:
    """Return who asks: by a digest with the token, or by a session's key, whose digest is made with an app's secret.

    Only our own secret is known, so with another app's key the session's key decides. None: the digest is wrong.
    """
    timestamp, digest = sent["t"].strip(), forms.text(sent, "a").lower()
    if "sk" not in sent:
        return DigestGiven(forms.text(sent, "u"), lambda token: _fits(md5_of(token.encode()), timestamp, digest))
    if forms.text(sent, "api_key") == API_KEY and not _fits(SHARED_SECRET, timestamp, digest):
        return None
    return SessionGiven(forms.text(sent, "sk"))


def _fits(secret: str, timestamp: bytes, digest: str) -> bool:
    return hmac.compare_digest(md5_of(secret.encode() + timestamp).encode(), digest.encode())


def _submission(sent: forms.Fields) -> Call | Reply:
    if not forms.numbered(sent, _FIELDS):
        return _failed("No plays: send a[0], t[0] and i[0]")
    return _in_session(sent, list(_plays(sent, "scrobble")))


def _in_session(sent: forms.Fields, submissions: list[Submission]) -> Call | Reply:
    key = forms.text(sent, "s")
    return Call("submit", SessionGiven(key), submissions) if key else _lines("BADSESSION")


def _plays(sent: forms.Fields, kind: Kind) -> Iterator[Submission]:
    """Yield the plays that have title and artist. Their precision is the session's, which its key holds."""
    for play in list(forms.numbered(sent, _FIELDS).values())[:_PLAYS_MOST]:
        title, artist, album = (forms.name(play, field) for field in "tab")
        played = forms.song(title, artist, album, forms.text(play, "l"), forms.text(play, "m"))
        if played is not None:
            began_s = None if kind == "now_playing" else forms.whole(play, "i")
            yield Submission(played, kind, precision.UNKNOWN, listened_s=began_s)


def _begun(handshake: _Handshake, outcome: Outcome) -> Reply:
    if outcome.principal is None:
        return _lines("BADAUTH")
    if outcome.session is None:
        return _failed("No session could be started: try again")
    if not handshake.base:
        return _failed("This server does not know itself by this name: its operator can add it to UNISON_HOSTS")
    return _lines("OK", outcome.session, handshake.base + NOW_PLAYING, handshake.base + SUBMISSION)


def _failed(sentence: str) -> Reply:
    return _lines(f"FAILED {songfields.name(sentence)}")


def _lines(*lines: str) -> Reply:
    """Return an answer of lines; mpdscribble needs the last one ended, and Quod Libet exactly four after OK."""
    body = "".join(f"{line}\n" for line in lines).encode()
    return Reply(200, body, "text/plain; charset=utf-8", (("Cache-Control", "no-store"),))
