"""Whose request it is: by a token, by a user name with a digest of a token, by a session's key or what begins one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from webapp.core.principals import Principal
from webapp.engine.offload import offload
from webapp.ingest.sessions import Sessions
from webapp.ingest.submissions import ConfirmedGiven, Credentials, DigestGiven, SessionGiven, TokenGiven
from webapp.storage.accounts import Accounts
from webapp.web.ratelimits import Rate, RateLimits
from webapp.web.requesttokens import RequestTokens

TRIED_MOST = 1_000
"""Tokens used last that a digest is tried against."""
NAMES_MOST = 10_000
"""User names whose token is remembered."""
SEARCHES = Rate(burst=30, per_s=0.5)
"""Digests that do not fit the user's name, for one address: each costs a thousand hashes."""
SEARCHES_OF_ALL = Rate(burst=200, per_s=10.0)

ASKINGS = Rate(burst=30, per_s=1 / 60)
"""Request tokens for one address."""
ASKINGS_OF_ALL = Rate(burst=5_000, per_s=100.0)


class Found(NamedTuple):
    """Whose request it is.

    Attributes:
        principal: None if the credentials are missing or wrong.
        precision: the client's, as its session's key has it; None without such a key.
        wait_s: seconds until the next try with a digest; 0 if this one was made.
    """

    principal: Principal | None
    precision: int | None = None
    wait_s: int = 0


class Principals:
    """Finds principals.

    Args:
        accounts: has them.
        secret: returns the server's secret, once it has one.
        is_blocked: tells whether the operator blocks the token with an id.

    Attributes:
        request_tokens: those that listeners confirm.
        askings: limit how many of them there are.
    """

    def __init__(
        self, accounts: Accounts, secret: Callable[[], bytes], is_blocked: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._accounts, self._secret, self._is_blocked = accounts, secret, is_blocked
        self.request_tokens, self.askings = RequestTokens(time.monotonic), RateLimits(ASKINGS_OF_ALL, ASKINGS)
        self._limits = RateLimits(SEARCHES_OF_ALL, SEARCHES)
        self._names: OrderedDict[bytes, str] = OrderedDict()
        self._tokens: dict[str, str] = {}  # of the ids that the last search tried, since to derive them takes longest
        self._lock, self._searching = threading.Lock(), threading.Lock()

    @cached_property
    def sessions(self) -> Sessions:
        """Makes and reads the keys of sessions."""
        return Sessions(self._secret())

    def find(self, credentials: Credentials | None, address: str) -> Found:
        """Return whose credentials these are; those of a blocked token are wrong.

        Args:
            credentials: what the request has.
            address: whose tries are counted.
        """
        found = self._find(credentials, address)
        is_blocked = found.principal is not None and self._is_blocked(found.principal.id)
        return Found(None, wait_s=found.wait_s) if is_blocked else found

    def _find(self, credentials: Credentials | None, address: str) -> Found:
        if isinstance(credentials, TokenGiven):
            return Found(self._accounts.by_token(credentials.token))
        if isinstance(credentials, SessionGiven):
            return self._of_session(credentials.key)
        if isinstance(credentials, ConfirmedGiven):
            return self._of_id(self.request_tokens.take(credentials.request_token))
        return self._of_digest(credentials, address) if credentials else Found(None)

    def _of_session(self, key: str) -> Found:
        session = self.sessions.read(key)
        return Found(self._accounts.by_id(session.token_id), session.precision) if session else Found(None)

    def _of_digest(self, given: DigestGiven, address: str) -> Found:
        """Try the token that the name says, then the others.

        Whether there is a user with that name makes no difference where the digest is wrong.
        """
        name = sha256(given.user.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            likely = (given.user, self._names.get(name, ""))
        if found := self._fitting(likely, given.fits):
            return self._of_id(found)
        if wait_s := self._limits.spend(address):
            return Found(None, wait_s=wait_s)
        with self._searching:  # several threads at once would leave the event loop fewer turns
            found = offload(self._search, given.fits)
        if found:
            self._remember(name, found)
        return self._of_id(found)

    def _of_id(self, token_id: str | None) -> Found:
        return Found(self._accounts.by_id(token_id) if token_id else None)

    def _fitting(self, ids: Iterable[str], fits: Callable[[str], bool]) -> str | None:
        """Return the first id whose token fits."""
        for each in ids:
            if each and each.isascii() and (token := self._accounts.token_of(each)) and fits(token):
                return each
        return None

    def _search(self, fits: Callable[[str], bool]) -> str | None:
        """Return the id of the token that fits, of those used last."""
        known, recent = self._tokens, self._accounts.recent(TRIED_MOST)
        self._tokens = {id: text for id in recent if (text := known.get(id) or self._accounts.token_of(id))}
        return next((id for id, text in self._tokens.items() if fits(text)), None)

    def _remember(self, name: bytes, token_id: str) -> None:
        with self._lock:
            self._names[name] = token_id
            self._names.move_to_end(name)
            if len(self._names) > NAMES_MOST:
                self._names.popitem(last=False)
