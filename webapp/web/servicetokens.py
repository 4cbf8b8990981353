"""Tokens of services, which send plays of many listeners to `POST /api/plays`."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized
from werkzeug.wrappers import Request

from webapp.storage.accounts import Accounts
from webapp.web.ingestauth import IngestAuth, authorization_of
from webapp.web.principalrates import PrincipalRates


class PlaySenders:
    """Tells who may send plays of others: those that `IngestAuth` knows, and services.

    Args:
        senders: knows the operator's own tokens.
        accounts: have the tokens of services.
        rates: count their requests.
        is_blocked: tells whether the operator blocks the token with an id, which is then as wrong as any other.
    """

    def __init__(
        self, senders: IngestAuth, accounts: Accounts, rates: PrincipalRates, is_blocked: Callable[[str], bool]
    ) -> None:
        self._senders, self._accounts, self._rates, self._is_blocked = senders, accounts, rates, is_blocked

    def check(self, request: Request) -> None:
        """Refuse a request that may not send plays.

        Raises:
            Unauthorized: the token is missing or wrong.
            Forbidden: it is a listener's, or what `IngestAuth.check` forbids.
            TooManyRequests: the service's rate is used up.
        """
        try:
            self._senders.check(request)
        except Unauthorized:
            if not self._is_of_service(request):
                raise

    def _is_of_service(self, request: Request) -> bool:
        scheme, given = authorization_of(request)
        principal = self._accounts.by_token(given) if scheme == "bearer" else None
        if principal is None or self._is_blocked(principal.id):
            return False
        if principal.scope != "service":
            raise Forbidden("this token is for the players of one listener; plays of many need a service's token")
        rate, is_limited = self._rates.of_token(principal)
        if is_limited:
            raise TooManyRequests(
                f"more than the {rate.limit} requests a minute of this token; try again in {rate.reset_s} s",
                retry_after=rate.reset_s,
            )
        return True
