"""A front door without a server: it knows one token and one session, and answers a dialect's requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.requests_fixtures import BASE, NOW_S
from webapp.core import precision
from webapp.core.principals import Principal
from webapp.ingest.sessions import Session, Sessions
from webapp.ingest.submissions import (
    Call,
    ConfirmedGiven,
    Dialect,
    DigestGiven,
    Outcome,
    RateStatus,
    Reply,
    Request,
    SessionGiven,
    TokenGiven,
)

TOKEN, TOKEN_ID = "0d6a5c1e-8f3b-4c27-9a54-b1e2d3f40516", "mzxw6ytboi"
REQUEST_TOKEN = "9f86d081884c7d659a2feaa0c55ad015"
PRINCIPAL = Principal(TOKEN_ID, "listener", None, 60, 1_764_000_000.0)
RATE = RateStatus(limit=60, remaining=59, reset_s=12, now_s=NOW_S)
SESSIONS = Sessions(b"a secret for tests")
SESSION = SESSIONS.key(Session(TOKEN_ID, precision.UNKNOWN))


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Answers requests in one dialect.

    Attributes:
        dialect: which.
        is_limited: the rate is used up.
        is_confirmed: the listener has confirmed REQUEST_TOKEN.
        refused: submissions that are refused, by their place.
    """

    dialect: Dialect
    is_limited: bool = False
    is_confirmed: bool = True
    refused: Mapping[int, str] = field(default_factory=dict)

    def ask(self, request: Request) -> tuple[Call | None, Reply]:
        """Return the call that a request is translated to, None if it was answered at once, and the answer."""
        read = self.dialect.read(request)
        if isinstance(read, Reply):
            return None, read
        if read.rest and self._is_good(read):
            read = read.rest()
        return read, self.dialect.reply(read, self._outcome(read))

    def _outcome(self, call: Call) -> Outcome:
        principal = PRINCIPAL if self._is_good(call) else None
        outcome = Outcome(principal, RATE, is_limited=self.is_limited, refused=self.refused)
        if call.action == "request_token":
            return replace(outcome, request_token=REQUEST_TOKEN)
        is_begun = call.action == "session" and principal is not None
        return replace(outcome, session=SESSIONS.key(Session(TOKEN_ID, call.precision)) if is_begun else None)

    def _is_good(self, call: Call) -> bool:
        match call.credentials:
            case TokenGiven(token):
                return token == TOKEN
            case DigestGiven(_, fits):
                return fits(TOKEN)
            case SessionGiven(key):
                return SESSIONS.read(key) is not None
            case ConfirmedGiven(token):
                return self.is_confirmed and token == REQUEST_TOKEN
        return False


def request(
    method: str = "POST",
    path: str = "",
    query: bytes = b"",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return a request as the front door makes it; the headers' names are in lower case."""
    return Request(method, path, query, headers or {}, body, BASE, NOW_S)
