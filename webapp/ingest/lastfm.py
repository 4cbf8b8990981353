"""Last.fm's web service 2.0: log-in, now playing, scrobbles, and what clients ask to see whether they are logged in.

Source: https://www.last.fm/api. Calls with our own API key are signed, and the signature is checked. Other apps sign
with secrets of their own, which nobody else knows: there the session's key decides.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import NamedTuple

from webapp.ingest import forms, lastfmanswers, lastfmcalls, lastfmerrors, lfmdocuments, songfields
from webapp.ingest.lastfmcalls import Asked, Message
from webapp.ingest.lastfmerrors import LastFmError
from webapp.ingest.lastfmkeys import API_KEY, SHARED_SECRET, signature
from webapp.ingest.lfmdocuments import Element, Format
from webapp.ingest.submissions import Call, Outcome, RateStatus, Reply, Request

PATH = "/2.0"


class _Method(NamedTuple):
    """A method of the web service.

    Attributes:
        read: translates the request.
        answer: translates what came of it; None if nothing did.
        refusal: the error where the credentials are wrong; None where none are needed.
        is_signed: it must be signed; else it may be.
    """

    read: Callable[[Message], Call | LastFmError]
    answer: Callable[[Asked, Outcome], Element | None]
    refusal: LastFmError | None
    is_signed: bool = True


_METHODS = {
    "auth.getmobilesession": _Method(lastfmcalls.log_in, lastfmanswers.session, lastfmerrors.NOT_AUTHENTICATED),
    "auth.gettoken": _Method(lastfmcalls.request_token, lastfmanswers.request_token, None),
    "auth.getsession": _Method(lastfmcalls.session, lastfmanswers.session, lastfmerrors.NOT_CONFIRMED),
    "track.updatenowplaying": _Method(lastfmcalls.now_playing, lastfmanswers.now_playing, lastfmerrors.NO_SESSION),
    "track.scrobble": _Method(lastfmcalls.scrobble, lastfmanswers.scrobbles, lastfmerrors.NO_SESSION),
    "user.getinfo": _Method(lastfmcalls.look_up, lastfmanswers.user, lastfmerrors.NO_SESSION, False),
    "user.getrecenttracks": _Method(lastfmcalls.look_up, lastfmanswers.recent_tracks, lastfmerrors.NO_SESSION, False),
}


class LastFm:
    """Translates the web service's requests and answers."""

    name = "lastfm"
    body_most = 256 * 1024

    def handles(self, method: str, path: str, query: bytes) -> bool:  # noqa: ARG002  # part of the interface
        """Tell a request by its path alone."""
        return path == PATH or path.startswith(f"{PATH}/")

    def read(self, request: Request) -> Call | Reply:
        """Translate a request, or answer it at once if it is wrong."""
        sent = forms.fields(request.query, request.body)
        asked = Asked(_format(sent, request), request.base, forms.text(sent, "method").lower())
        read = _problem(request, sent, asked) or _METHODS[asked.method].read(Message(request, sent, asked))
        return _failed(read, asked.format) if isinstance(read, LastFmError) else read

    def reply(self, call: Call, outcome: Outcome) -> Reply:
        """Translate what came of a call."""
        asked: Asked = call.about
        method = _METHODS[asked.method]
        if outcome.is_limited:
            return _limited(outcome.rate, asked.format)
        if problem := (method.refusal if outcome.principal is None else asked.problem):
            return _failed(problem, asked.format)
        element = method.answer(asked, outcome)
        return _failed(lastfmerrors.FAILED, asked.format) if element is None else _answered(element, asked.format)

    def failure(self, request: Request, sentence: str, status: int, rate: RateStatus) -> Reply:
        """Return an error with the sentence and the status. A format that only the body names is not known."""
        format = _format(forms.fields(request.query), request)
        if status == lastfmerrors.LIMITED.status:
            return _limited(rate, format)
        error = lastfmerrors.of_status(status)
        return _failed(error._replace(status=status, text=songfields.name(sentence) or error.text), format)

    def dropped(self, request: Request, rate: RateStatus) -> Reply:  # noqa: ARG002  # part of the interface
        """Return the answer to no scrobbles: only of those can a body be so long."""
        counts = {"accepted": 0, "ignored": 0}
        element = Element("scrobbles", attributes=counts, lists=("scrobble",))
        return _answered(element, _format(forms.fields(request.query), request))


def _format(sent: forms.Fields, request: Request) -> Format:
    wanted = forms.text(sent, "format").lower()
    is_json = wanted == "json" or (not wanted and "application/json" in request.headers.get("accept", ""))
    return "json" if is_json else "xml"


def _problem(request: Request, sent: forms.Fields, asked: Asked) -> LastFmError | None:
    """Return what is wrong with a request, whoever sends it."""
    if request.path != PATH:
        return lastfmerrors.NO_SERVICE
    if forms.text(sent, "format").lower() not in ("", "json", "xml"):
        return lastfmerrors.NO_FORMAT
    if asked.method not in _METHODS:
        return lastfmerrors.NO_METHOD if asked.method else lastfmerrors.MISSING
    if not forms.text(sent, "api_key"):
        return lastfmerrors.NO_KEY
    return None if _is_signed(sent, _METHODS[asked.method]) else lastfmerrors.BAD_SIGNATURE


def _is_signed(sent: forms.Fields, method: _Method) -> bool:
    """Tell whether a call is signed as it must be. Of other apps' keys we know no secret."""
    if forms.text(sent, "api_key") != API_KEY or not (method.is_signed or "api_sig" in sent):
        return True
    given = forms.text(sent, "api_sig").lower()
    return hmac.compare_digest(given.encode(), signature(sent, SHARED_SECRET).encode())


def _answered(element: Element, format: Format) -> Reply:
    return _reply(200, lfmdocuments.answer(element, format), format)


def _failed(error: LastFmError, format: Format) -> Reply:
    return _reply(error.status, lfmdocuments.error(error.code, error.text, format), format)


def _limited(rate: RateStatus, format: Format) -> Reply:
    error = lastfmerrors.LIMITED
    body = lfmdocuments.error(error.code, error.text, format)
    return _reply(error.status, body, format, ("Retry-After", str(rate.reset_s)))


def _reply(status: int, body: bytes, format: Format, *headers: tuple[str, str]) -> Reply:
    common = (("Cache-Control", "no-store"), ("Access-Control-Allow-Origin", "*"))
    return Reply(status, body, lfmdocuments.TYPES[format], (*common, *headers))
