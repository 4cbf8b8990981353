"""What every dialect translates requests to, and answers from.

A dialect reads a `Request` and returns a `Call`: who asks, and what for. The front door finds the principal, counts the
rate, takes the submissions, and gives the dialect an `Outcome`, which it turns into its own `Reply`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from webapp.core.principals import Principal

Kind = Literal["now_playing", "scrobble", "import"]
"""A now-playing message is a press. A scrobble or an import is answered and counted, and never a press."""
Action = Literal["submit", "validate", "request_token", "session", "look_up", "describe"]
"""What to do.

submit: take submissions. validate: tell whether credentials are good. request_token: make a token that a listener then
confirms on a page of ours. session: start a session. look_up: answer a question about the principal.
describe: answer what anybody may know, such as which methods there are; only the rate is needed for it.
"""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as a dialect reads it.

    Attributes:
        method: in capitals.
        path: decoded, without our base path, with double slashes collapsed, and without a slash at its end: "" is the
            root.
        query: as it was sent, percent-encoded.
        headers: by name in lower case.
        body: as it was sent, without its transfer and content encodings.
        base: what absolute addresses begin with, with explicit port and without a slash at the end; "" if not known.
        now_s: the time of arrival, epoch seconds.
    """

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    base: str
    now_s: float


@dataclass(frozen=True, slots=True)
class Song:
    """What is played. Texts are as sent, stripped; title and artist are not empty."""

    title: str
    artist: str
    album: str | None = None
    duration_s: float | None = None
    recording: str | None = None
    """`mbid:` or `isrc:` and the code, as in a native play."""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One play that a client announces.

    Attributes:
        song: what is played.
        kind: see `Kind`.
        precision: a code of `webapp.core.precision`: how well its arrival tells when the listener pressed play.
        place: what the message itself says of the place, in a native play's form; None if nothing.
        listened_s: when a scrobble or an import says that it was played, epoch seconds.
    """

    song: Song
    kind: Kind
    precision: int
    place: Any = None
    listened_s: float | None = None


@dataclass(frozen=True, slots=True)
class TokenGiven:
    """A token in clear."""

    token: str


@dataclass(frozen=True, slots=True)
class DigestGiven:
    """A user name, which is the token's id if the listener typed that, and a digest made with the token.

    Attributes:
        user: as sent.
        fits: tells whether a token gives the digest.
    """

    user: str
    fits: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class SessionGiven:
    """A session's key; see `webapp.ingest.sessions`."""

    key: str


@dataclass(frozen=True, slots=True)
class ConfirmedGiven:
    """A request token that a listener may have confirmed: then it stands for that listener, for one session."""

    request_token: str


Credentials = TokenGiven | DigestGiven | SessionGiven | ConfirmedGiven


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for.

    Attributes:
        action: see `Action`.
        credentials: None if there are none.
        submissions: what to take.
        precision: for `session`: the client's class, kept in the session's key.
        about: the dialect's own, for its reply.
        rest: of `submit`, where the body takes long to read: reads it, and returns the whole call. It is called only
            for good credentials, and perhaps in another thread.
    """

    action: Action
    credentials: Credentials | None
    submissions: Sequence[Submission] = ()
    precision: int = 0
    about: Any = None
    rest: Callable[[], Call] | None = None


@dataclass(frozen=True, slots=True)
class RateStatus:
    """What is left of a principal's rate: requests that fit in one window, those left, seconds until it is full.

    `now_s` is when this was so, epoch seconds.
    """

    limit: int
    remaining: int
    reset_s: int
    now_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call.

    Attributes:
        principal: whose it is; None if the credentials are missing or wrong.
        request_token: for `request_token`: the new one, with 32 hexadecimal digits.
        session: for `session`: the new key.
        session_precision: of a call with a session's key: the precision that the key holds.
        rate: always there, also where the principal is unknown (then the address's).
        is_limited: the rate is used up; nothing was taken.
        refused: why a submission was refused, by its place in the call's.
    """

    principal: Principal | None
    rate: RateStatus
    request_token: str | None = None
    session: str | None = None
    session_precision: int | None = None
    is_limited: bool = False
    refused: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in the dialect's words."""

    status: int
    body: bytes
    content_type: str
    headers: Sequence[tuple[str, str]] = ()


class Dialect(Protocol):
    """One way in which clients announce what they play."""

    name: str
    """In metrics and logs."""
    body_most: int
    """Bytes of a body; the front door gives `too_large` beyond."""

    def handles(self, method: str, path: str, query: bytes) -> bool:
        """Tell whether a request is in this dialect; path and query as in `Request`. It must be quick."""
        ...

    def read(self, request: Request) -> Call | Reply:
        """Translate a request, or answer it at once: an error in it, or a question that needs nobody."""
        ...

    def reply(self, call: Call, outcome: Outcome) -> Reply:
        """Translate what came of a call."""
        ...

    def failure(self, request: Request, sentence: str, status: int, rate: RateStatus) -> Reply:
        """Return the answer where nothing could be taken: a body too large, slow or broken, the server at its end.

        The request has no body here, for it was not read.
        """
        ...

    def dropped(self, request: Request, rate: RateStatus) -> Reply:
        """Return the answer to plays that were dropped unread, for the server has no room: that all is well.

        Clients answer a refusal with floods. The request has no body here.
        """
        ...
