"""The front door: takes what music clients send, in whatever dialect they speak, before Flask's dispatch.

Each dialect is a module of `webapp.ingest`: to add one, write it and name it in DIALECTS.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.core.gazetteer import Gazetteer
from webapp.core.precision import UNKNOWN
from webapp.core.principals import Principal
from webapp.engine.announcements import Announcements
from webapp.engine.clock import Clock
from webapp.ingest import submissions
from webapp.ingest.audioscrobbler import Audioscrobbler
from webapp.ingest.lastfm import LastFm
from webapp.ingest.listenbrainz import ListenBrainz
from webapp.ingest.sessions import Session
from webapp.ingest.submissions import Call, Dialect, Outcome, RateStatus, Reply, Submission
from webapp.ingest.webscrobbler import WebScrobbler
from webapp.metrics import Metrics
from webapp.storage.accounts import Accounts
from webapp.web.clientaddress import client_address
from webapp.web.dialectreading import DialectReader
from webapp.web.dialectrequests import SMALL, Answer, Bases, normal_path, to_dialect, without_body
from webapp.web.errors import http_error
from webapp.web.locating import Locator
from webapp.web.principalrates import PrincipalRates
from webapp.web.principals import Found, Principals
from webapp.web.requestbodies import MemoryBudget, NoRoomError, drain
from webapp.web.requestmetrics import ROUTE, SECRET_PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DIALECTS: Sequence[Dialect] = (Audioscrobbler(), LastFm(), WebScrobbler(), ListenBrainz())
"""A request is in the first dialect that says so."""

log = logging.getLogger(__name__)


class AccountsUnreadable(HTTPException):
    """The tokens cannot be read, so nobody's is known."""

    code = 503


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Answers requests in dialects.

    Attributes:
        settings: the server's.
        bases: tell what absolute addresses begin with.
        gazetteer: the cities.
        accounts: the tokens.
        principals: tells whose a request is.
        locator: tells where it is from.
        announcements: takes what it announces.
        rates: count requests.
        bodies: bounds the memory of their bodies.
        metrics: counts messages.
        clock: tells the time.
        reader: has dialects read requests.
    """

    settings: Settings
    bases: Bases
    gazetteer: Gazetteer
    accounts: Accounts
    principals: Principals
    locator: Locator
    announcements: Announcements
    rates: PrincipalRates
    bodies: MemoryBudget
    metrics: Metrics
    clock: Clock
    reader: DialectReader

    def answer(self, dialect: Dialect, request: Request, start: Callable[[], None]) -> Answer:
        """Return the dialect's answer, whatever happens; `start` starts the application unless it has started."""
        address = client_address(request, self.settings)
        rate, is_limited = self.rates.of_address(address)
        try:
            if is_limited:
                self.metrics.message(dialect.name, "any", "limited")
                sentence = f"too many requests; try again in {rate.reset_s} s"
                reply = dialect.failure(self._unread(request), sentence, 429, rate)
            else:
                start()
                reply = self._reply(dialect, request, address, rate)
        except NoRoomError:
            self.metrics.message(dialect.name, "any", "dropped")
            reply = dialect.dropped(self._unread(request), rate)
        except Exception as error:
            reply = self._failed(dialect, request, error, rate)
            self.metrics.message(dialect.name, "any", "failed" if reply.status >= 500 else "malformed")
        return drain(request, Answer(reply))

    def _failed(self, dialect: Dialect, request: Request, error: Exception, rate: RateStatus) -> Reply:
        """Return the dialect's answer to a request that raised this; a failure of ours is logged."""
        found = http_error(error)
        if found is None:
            log.error("a request failed", exc_info=error)
        sentence = (found and found.description) or "the server could not answer this request"
        return dialect.failure(self._unread(request), sentence, (found and found.code) or 500, rate)

    def _unread(self, request: Request) -> submissions.Request:
        return without_body(request, self.bases.of(request), self.clock.now())

    def _reply(self, dialect: Dialect, request: Request, address: str, rate: RateStatus) -> Reply:
        with self.bodies.account(SMALL) as hold:
            asked = to_dialect(request, dialect, self.bases.of(request), hold, self.clock.now())
            return self._answered(dialect, asked, request, address, rate)

    def _answered(
        self, dialect: Dialect, asked: submissions.Request, request: Request, address: str, rate: RateStatus
    ) -> Reply:
        call = self.reader.read(dialect, asked)
        if isinstance(call, Reply):
            self.metrics.message(dialect.name, "any", "answered")
            return call
        outcome = self._outcome(dialect, call, request, address, rate)
        if call.rest and outcome.principal and not outcome.is_limited:
            call = self.reader.rest(call, asked)
            outcome = replace(
                outcome, refused=self._taken(dialect, call, outcome.principal, outcome.session_precision, request)
            )
        return dialect.reply(call, outcome)

    def _outcome(self, dialect: Dialect, call: Call, request: Request, address: str, rate: RateStatus) -> Outcome:
        if call.action == "request_token":
            return self._request_token(dialect, call, address, rate)
        if call.action == "describe":
            self._count(dialect, call, "answered")
            return Outcome(None, rate)
        found = self.principals.find(call.credentials, address)
        if found.principal is None:
            return self._unknown(dialect, call, found, rate)
        rate, is_limited = self.rates.of_token(found.principal)
        if is_limited:
            self._count(dialect, call, "limited")
            return Outcome(found.principal, rate, is_limited=True)
        return Outcome(
            found.principal,
            rate,
            session=self._session(call, found.principal),
            session_precision=found.precision,
            refused=self._taken(dialect, call, found.principal, found.precision, request),
        )

    def _request_token(self, dialect: Dialect, call: Call, address: str, rate: RateStatus) -> Outcome:
        if wait_s := self.principals.askings.spend(address):
            return self._limited(dialect, call, wait_s, rate)
        return Outcome(None, rate, request_token=self.principals.request_tokens.make())

    def _limited(self, dialect: Dialect, call: Call, wait_s: int, rate: RateStatus) -> Outcome:
        self._count(dialect, call, "limited")
        return Outcome(None, replace(rate, remaining=0, reset_s=wait_s), is_limited=True)

    def _unknown(self, dialect: Dialect, call: Call, found: Found, rate: RateStatus) -> Outcome:
        """Return what comes of missing or wrong credentials, unless these cannot be told from good ones now."""
        if found.wait_s:
            return self._limited(dialect, call, found.wait_s, rate)
        if call.credentials and self.accounts.problem:
            raise AccountsUnreadable("the tokens cannot be read now; try again later")
        self._count(dialect, call, "refused")
        return Outcome(None, rate)

    def _session(self, call: Call, principal: Principal) -> str | None:
        if call.action != "session":
            return None
        return self.principals.sessions.key(Session(principal.id, call.precision))

    def _taken(
        self, dialect: Dialect, call: Call, principal: Principal, precision: int | None, request: Request
    ) -> dict[int, str]:
        """Take what is submitted; return why parts of it are refused."""
        if call.rest:
            return {}
        if call.action != "submit":
            self._count(dialect, call, "answered")
            return {}
        told = [_by_session(each, precision) for each in call.submissions]
        return self.announcements.take(dialect.name, principal, told, self._finder(principal, request))

    def _finder(self, principal: Principal, request: Request) -> Callable[[Any], tuple[int, int] | None]:
        """Return what finds the city of a message, with its GeoNames id."""

        def find(place: Any) -> tuple[int, int] | None:
            city = self.locator.find(principal, place, request)
            return None if city is None else (city, self.gazetteer[city].geoname_id)

        return find

    def _count(self, dialect: Dialect, call: Call, fate: str) -> None:
        """Count all messages of a call that have one fate."""
        kinds: list[str] = [each.kind for each in call.submissions]
        for kind in kinds or [call.action]:
            self.metrics.message(dialect.name, kind, fate)


def _by_session(said: Submission, precision: int | None) -> Submission:
    """Return a message with the precision of its session, where that says more than the message does."""
    return said if precision in (None, UNKNOWN) else replace(said, precision=precision)


def init_app(app: Flask, door: FrontDoor, start: Callable[[], None]) -> None:
    """Answer what is in a dialect before Flask's dispatch; `start` starts the application unless it has started."""
    others, dialects = app.wsgi_app, DIALECTS

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = environ["REQUEST_METHOD"], normal_path(environ.get("PATH_INFO", "")), _query(environ)
        for dialect in dialects:
            if dialect.handles(*asked):
                environ[ROUTE], environ[SECRET_PATH] = dialect.name, True
                return door.answer(dialect, Request(environ, populate_request=False), start)(environ, start_response)
        return others(environ, start_response)

    app.wsgi_app = answered  # type: ignore[method-assign]  # as Flask's documentation has it


def _query(environ: WSGIEnvironment) -> bytes:
    return str(environ.get("QUERY_STRING", "")).encode("latin-1", "replace")
