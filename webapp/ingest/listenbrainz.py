"""ListenBrainz's API, as its clients use it: https://listenbrainz.readthedocs.io/en/latest/users/api/. Sans-I/O.

People type its base in many ways, and clients add to it in many ways. So a path may begin with `/apis/listenbrainz`,
with `/1`, with both, or with `/1` twice. A POST to the bare base submits listens: some clients ask for that address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from webapp.ingest.listens import LISTEN_BYTES, LISTENS_MOST, ListensError, read_listens
from webapp.ingest.submissions import Call, Outcome, RateStatus, Reply, Request, TokenGiven

_OURS = re.compile(r"/(?:1|apis/listenbrainz)(?:/|$)")
_BASE = re.compile(r"(?:/apis/listenbrainz)?(?:/1(?![0-9])){0,2}/?")
_ENDPOINT = re.compile(
    r"""
    (?P<submit> submit-listens | )
    | (?P<validate> validate-token)
    | (?P<latest_import> latest-import)
    | (?P<done> delete-listen | playing-now/delete | feedback/recording-feedback)
    | (?P<lookup> metadata/lookup)
    | (?P<stats> stats/user/.+)
    | feedback/user/.+/(?P<feedback> get-feedback)
    | user/(?P<user> .+)/(?: (?P<count> listen-count) | (?P<listens> listens) | (?P<playing> playing-now)
        | (?P<following> following) | (?P<followers> followers)
        | (?P<playlists> playlists (?: /createdfor | /collaborator )? ) )
    """,
    re.VERBOSE | re.DOTALL,
)
"""After the base; the last group that matches names the endpoint."""
_AUTHORIZATION = re.compile(r"(?:token|bearer)\s+(\S+)", re.IGNORECASE)
_CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Max-Age", "21600"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
)
_EXPOSED = "X-RateLimit-Remaining,X-RateLimit-Limit,X-RateLimit-Reset,X-RateLimit-Reset-In"
LONG_BYTES = 1 << 16
"""A longer body is only read if its token is good."""
_OK = {"status": "ok"}
_SUBMIT_METHODS = "POST, OPTIONS"
_PAGE = 25
"""How many playlists ListenBrainz lists at most, unless asked otherwise."""
_NO_HEADER = "You need to provide an Authorization header."
_LIMITED = "You have exceeded your rate limit. See the X-RateLimit-* response headers for more information."


@dataclass(frozen=True, slots=True)
class _About:
    """What a reply needs to know of its call.

    Attributes:
        methods: that the endpoint has, for browsers.
        answer: what to say if the token is good; None if nothing.
        status: of the answer.
        is_open: whether a request without a good token gets the answer, too.
        lacking: what to say to a request without a token.
    """

    methods: str
    answer: Any
    status: int = 200
    is_open: bool = False
    lacking: str = _NO_HEADER


Reader = Callable[[Request, str, str], Call]
"""Translates a request, given the user that its path names and the endpoint's methods."""


class ListenBrainz:
    """The dialect of ListenBrainz's clients."""

    name = "listenbrainz"
    body_most = LISTENS_MOST * LISTEN_BYTES

    def handles(self, method: str, path: str, query: bytes) -> bool:  # noqa: ARG002 - as all dialects
        """Tell whether a request is in this dialect: all below its bases, and its endpoints without one."""
        if not path:
            return method in ("POST", "OPTIONS")
        return bool(_OURS.match(path) or _endpoint(path))

    def read(self, request: Request) -> Call | Reply:
        """Translate a request."""
        found = _endpoint(request.path)
        readers = _READERS[found.lastgroup or ""] if found else {}
        methods = ", ".join([*readers, "OPTIONS"])
        if request.method == "OPTIONS":
            return Call("describe", None, about=_About(methods, None, is_open=True))
        reader = readers.get("GET" if request.method == "HEAD" else request.method)
        if found and reader:
            return reader(request, _user(found), methods)
        status, sentence = (405, "This endpoint has no such method.") if found else (404, "There is no such endpoint.")
        return _refusal(request, methods, status, sentence)

    def reply(self, call: Call, outcome: Outcome) -> Reply:
        """Translate what came of a call."""
        about: _About = call.about
        if outcome.is_limited:
            return _error(429, _LIMITED, about.methods, outcome.rate)
        if outcome.principal is None and not about.is_open:
            sentence = "Invalid authorization token." if call.credentials else about.lacking
            return _error(401, sentence, about.methods, outcome.rate)
        if call.submissions and len(outcome.refused) == len(call.submissions):
            return _error(400, next(iter(outcome.refused.values())), about.methods, outcome.rate)
        if call.action == "describe":
            headers = [*_cors(about.methods), *_rate(outcome.rate, 200), ("Allow", about.methods)]
            return Reply(200, b"", "text/plain", headers)
        answer = _validity(outcome) if call.action == "validate" else about.answer
        return _reply(about.status, answer, about.methods, outcome.rate)

    def failure(self, request: Request, sentence: str, status: int, rate: RateStatus) -> Reply:  # noqa: ARG002 - as all
        """Return the answer where nothing could be taken."""
        return _error(status, sentence, _SUBMIT_METHODS, rate)

    def dropped(self, request: Request, rate: RateStatus) -> Reply:  # noqa: ARG002 - as all dialects
        """Return the answer to listens that were taken."""
        return _reply(200, _OK, _SUBMIT_METHODS, rate)


def _endpoint(path: str) -> re.Match[str] | None:
    base = _BASE.match(path)
    return _ENDPOINT.fullmatch(path, base.end() if base else 0)


def _user(found: re.Match[str]) -> str:
    return (found["user"] or "").encode("utf-8", "replace").decode()


def _submit(request: Request, _user: str, methods: str) -> Call:
    given, lacking = _token(request)
    if given is None:
        return Call("look_up", None, about=_About(methods, _OK, lacking=lacking))
    if len(request.body) <= LONG_BYTES:
        return _submitted(request, given, methods)
    return Call("submit", given, about=_About(methods, _OK), rest=lambda: _submitted(request, given, methods))


def _submitted(request: Request, given: TokenGiven, methods: str) -> Call:
    try:
        submissions = read_listens(request.body, request.headers.get("user-agent", ""), request.now_s)
    except ListensError as error:
        return Call("look_up", given, about=_About(methods, _fault(400, str(error)), 400))
    return Call("submit", given, submissions, about=_About(methods, _OK))


def _validate(request: Request, _user: str, methods: str) -> Call:
    given, _ = _token(request)
    given = given or _token_asked(request)
    if given is None:
        return _refusal(request, methods, 400, "You need to provide an Authorization token.")
    return Call("validate", given, about=_About(methods, None, is_open=True))


def _done(request: Request, _user: str, methods: str) -> Call:
    given, lacking = _token(request)
    return Call("look_up", given, about=_About(methods, _OK, lacking=lacking))


def _latest_import(request: Request, _user: str, methods: str) -> Call:
    answer = {"musicbrainz_id": _asked(request, "user_name"), "latest_import": 0}
    return Call("look_up", _token(request)[0], about=_About(methods, answer, is_open=True))


def _empty(answer: Callable[[str], Any], status: int = 200) -> Reader:
    """Return a reader of questions to which the answer is always that there is nothing, whoever the user is."""

    def read(request: Request, user: str, methods: str) -> Call:
        return Call("look_up", _token(request)[0], about=_About(methods, answer(user), status, is_open=True))

    return read


_READERS: Mapping[str, Mapping[str, Reader]] = {
    "submit": {"POST": _submit},
    "validate": {"GET": _validate},
    "latest_import": {"GET": _latest_import, "POST": _done},
    "done": {"POST": _done},
    "lookup": {"GET": _empty(lambda _: {})},
    "stats": {"GET": _empty(lambda _: None, 204)},
    "feedback": {"GET": _empty(lambda _: {"feedback": [], "count": 0, "total_count": 0, "offset": 0})},
    "count": {"GET": _empty(lambda _: {"payload": {"count": 0}})},
    "listens": {
        "GET": _empty(
            lambda user: {
                "payload": {"count": 0, "latest_listen_ts": 0, "listens": [], "oldest_listen_ts": 0, "user_id": user}
            }
        )
    },
    "playing": {
        "GET": _empty(lambda user: {"payload": {"count": 0, "listens": [], "playing_now": True, "user_id": user}})
    },
    "following": {"GET": _empty(lambda user: {"following": [], "user": user})},
    "followers": {"GET": _empty(lambda user: {"followers": [], "user": user})},
    "playlists": {"GET": _empty(lambda _: {"playlists": [], "playlist_count": 0, "offset": 0, "count": _PAGE})},
}


def _refusal(request: Request, methods: str, status: int, sentence: str) -> Call:
    return Call("look_up", _token(request)[0], about=_About(methods, _fault(status, sentence), status, is_open=True))


def _token(request: Request) -> tuple[TokenGiven | None, str]:
    """Return the token of a request's header; if there is none, what to say."""
    header = request.headers.get("authorization", "").strip()
    if not header:
        return None, _NO_HEADER
    found = _AUTHORIZATION.match(header)
    return (TokenGiven(found[1]), "") if found else (None, "Provided Authorization header is invalid.")


def _token_asked(request: Request) -> TokenGiven | None:
    token = _asked(request, "token").strip()
    return TokenGiven(token) if token else None


def _asked(request: Request, name: str) -> str:
    query = request.query.decode("utf-8", "replace")
    return dict(parse_qsl(query, errors="replace")).get(name, "")


def _validity(outcome: Outcome) -> dict[str, Any]:
    if outcome.principal is None:
        return {"code": 200, "message": "Token invalid.", "valid": False}
    return {"code": 200, "message": "Token valid.", "valid": True, "user_name": outcome.principal.id}


def _fault(status: int, sentence: str) -> dict[str, Any]:
    return {"code": status, "error": sentence}


def _error(status: int, sentence: str, methods: str, rate: RateStatus) -> Reply:
    return _reply(status, _fault(status, sentence), methods, rate)


def _reply(status: int, answer: Any, methods: str, rate: RateStatus) -> Reply:
    body = b"" if answer is None else msgspec.json.encode(answer)
    headers = [*_cors(methods), ("Access-Control-Expose-Headers", _EXPOSED), *_rate(rate, status)]
    headers += [("Allow", methods)] if status == 405 else []
    return Reply(status, body, "application/json" if body else "text/plain", headers)


def _cors(methods: str) -> list[tuple[str, str]]:
    return [*_CORS, ("Access-Control-Allow-Methods", methods)]


def _rate(rate: RateStatus, status: int) -> list[tuple[str, str]]:
    """Return the headers of a rate; a client that reads "Remaining: 0" sleeps, so only a limited one gets that."""
    is_limited = status == 429
    reset_s = max(1, rate.reset_s) if is_limited else rate.reset_s
    told = {
        "X-RateLimit-Limit": rate.limit,
        "X-RateLimit-Remaining": 0 if is_limited else max(1, rate.remaining),
        "X-RateLimit-Reset": int(rate.now_s) + reset_s,
        "X-RateLimit-Reset-In": reset_s,
    }
    # Clients that try again by themselves wait only if they are told in the usual way.
    waits = [("Retry-After", str(reset_s))] if is_limited else []
    return [*((name, str(value)) for name, value in told.items()), *waits]
