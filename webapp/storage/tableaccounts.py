"""What all stores of accounts do alike: they have all accounts in memory, and answer from there."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gevent import monkey

from webapp.core.principals import Principal, Scope
from webapp.storage.accounts import PER_MINUTE, Account, AccountsError, Activity, Announced, NewToken
from webapp.storage.accountstable import AccountsTable
from webapp.storage.tokentexts import TokenTexts, digest_of, new_id

TOKENS_MOST = 100_000
"""How many tokens are kept; beyond, a new one takes the place of the oldest that was never used."""
UNUSED_S = 86_400.0
"""So long a token that was never used is safe from that."""
IDLE_S = 90 * 86_400.0
"""So long after its last use a token is safe."""

log = logging.getLogger(__name__)


class TableAccounts:
    """The part of `webapp.storage.accounts.Accounts` that reaches no store.

    Args:
        name: what messages call the accounts.
        secret: returns the server's secret; called by `open`.
        clock: returns epoch seconds.
        is_server: whether this is the server, which alone notes when it ran, and not a command beside it.
        most: how many tokens are kept.
    """

    def __init__(
        self, name: str, secret: Callable[[], bytes], clock: Callable[[], float], *, is_server: bool, most: int
    ) -> None:
        self._name, self._secret, self._clock, self._is_server, self._most = name, secret, clock, is_server, most
        # Unpatched by gevent, because worker threads are native. The event loop never takes it.
        self._write_lock = monkey.get_original("threading", "Lock")()
        self._texts = TokenTexts(b"")
        self._table = AccountsTable()
        self.problem: str | None = None
        self.used_until_s: float | None = None

    def __len__(self) -> int:
        return len(self._table)

    @property
    def pending(self) -> int:
        """Tokens whose activity is not written yet."""
        return self._table.pending

    def by_token(self, text: str) -> Principal | None:
        """See `Accounts.by_token`."""
        return self._table.by_digest(digest_of(text))

    def by_id(self, id: str) -> Principal | None:
        """See `Accounts.by_id`."""
        return self._table.by_id(id)

    def token_of(self, id: str) -> str | None:
        """See `Accounts.token_of`."""
        digest = self._table.digest(id)
        if digest is None:
            return None
        text = self._texts.of(id)
        return text if digest_of(text) == digest else None

    def recent(self, count: int = 1_000) -> list[str]:
        """See `Accounts.recent`."""
        return self._table.recent(count)

    def activity(self, id: str) -> Activity | None:
        """See `Accounts.activity`."""
        return self._table.activity(id)

    def note_announced(self, id: str, announced: Announced) -> None:
        """See `Accounts.note_announced`."""
        self._table.note(id, announced)

    def note_scrobbles(self, id: str, at_s: float, client: str, count: int) -> None:
        """See `Accounts.note_scrobbles`."""
        self._table.note_scrobbles(id, at_s, client, count)

    def all(self) -> list[Account]:
        """See `Accounts.all`."""
        return self._table.all()

    def _new(self, scope: Scope, city: int | None, per_minute: int | None) -> NewToken:
        """Return a token that is not stored yet."""
        id = new_id()
        principal = Principal(id, scope, city, per_minute or PER_MINUTE[scope], float(round(self._clock())))
        return NewToken(principal, self._texts.of(id))

    def _one_too_many(self) -> str | None:
        """Return the token whose place a new one takes, if there are too many: never used, or else idle longest.

        Raises:
            AccountsError: all are in use.
        """
        if len(self._table) < self._most:
            return None
        now_s = self._clock()
        id = self._table.oldest_unused(now_s - UNUSED_S) or self._table.longest_idle(now_s - IDLE_S)
        if id is None:
            raise AccountsError(f"there are {len(self._table):,} tokens, the most that are kept; revoke some first")
        return id

    def _set_problem(self, problem: str | None) -> None:
        if problem != self.problem and self._is_server:  # a command tells it itself
            log.warning("%s", problem or f"{self._name} work again", extra={"event": "accounts"})
        self.problem = problem
