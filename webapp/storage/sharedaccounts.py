"""Accounts that all servers of a bus share. All are in memory, too: a request never waits for the bus.

A token has two keys: one that never changes, whose revision is its number, and one for what it was used for. Several
servers note the uses of one token: each adds what it noted to what is stored, by compare and swap, so no count is lost.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from webapp.core.principals import Scope
from webapp.core.versioned import MessageError
from webapp.storage import accountsproblems, tokenvalues
from webapp.storage.accounts import AccountsError, Activity, NewToken
from webapp.storage.accountstable import Change, Row
from webapp.storage.sharedstore import ABSENT, ForestalledError, Item, Put, SharedStore, UnreachableError, put
from webapp.storage.tableaccounts import TOKENS_MOST, TableAccounts
from webapp.storage.tokentexts import TokenTexts, digest_of

PREFIX = "accounts."
TOKEN, USE, SECRET, ALIVE = "accounts.token.", "accounts.use.", "accounts.secret", "accounts.alive"
BATCH_TOKENS = 100
"""Tokens whose use is written at once."""
TRIES = 3
MARKS = 4
"""Writings of a token's use by which servers know whether one of theirs, which was not answered, is in it."""
REST_S = 3.0
"""How long a token's use waits after it was written."""
BEAT_S = 2.0
"""How often the bus is told that a server runs."""
ALIVE_S = 3 * BEAT_S
"""If a server ran so shortly before this one, clients could connect all the time."""


class _Stored(NamedTuple):
    """What is stored of a token's use, its key's revision, and the marks of those who wrote it last."""

    activity: Activity
    revision: int
    marks: tuple[int, ...] = ()


class _Sent(NamedTuple):
    """What is to be stored of a token's use, the marks, of which the last one is new, and the value for its key."""

    activity: Activity
    marks: tuple[int, ...]
    value: bytes


_NO_SECRET = Item(b"", ABSENT)
_NEVER = _Stored(Activity(), 0)


class SharedAccounts(TableAccounts):
    """See `webapp.storage.accounts.Accounts`.

    Args:
        store: what all servers share.
        secret: returns the secret of all servers; called by `open`.
        clock: returns epoch seconds.
        is_server: whether this is a server, and not a command.
        most: how many tokens are kept.
    """

    def __init__(
        self,
        store: SharedStore,
        secret: Callable[[], bytes],
        clock: Callable[[], float] = time.time,
        *,
        is_server: bool = True,
        most: int = TOKENS_MOST,
    ) -> None:
        super().__init__("the tokens on the bus", secret, clock, is_server=is_server, most=most)
        self._store, self._follower = store, store.follow(PREFIX)
        self._stored: dict[str, _Stored] = {}
        self._unsure: dict[str, _Sent] = {}  # what may be stored, or not
        self._resting: dict[str, float] = {}  # until when, on the monotonic clock
        self._secret_item = _NO_SECRET
        self._beat_s, self._is_open, self._was_read = -math.inf, False, False
        self._unread: str | None = None

    def open(self) -> None:
        """See `Accounts.open`; all keys must have been told."""
        with self._write_lock:
            self._texts, self._is_open = TokenTexts(self._secret()), True
            self._see()
            self._set_problem(self._lasting_problem())

    def close(self) -> None:
        """See `Accounts.close`."""
        with self._write_lock:
            self._beat_s = -math.inf
            self._resting.clear()
            for _ in range(TRIES):
                self._step()
                if not self.pending or self.problem == accountsproblems.BUS_AWAY:
                    break
            self._is_open = False

    def flush(self) -> None:
        """See `Accounts.flush`."""
        with self._write_lock:
            self._step()

    def _step(self) -> None:
        if not self._is_open:
            return
        self._see()
        if not self._was_read:
            return
        is_there, batches = True, 1 + self.pending // BATCH_TOKENS  # what comes meanwhile waits for the next flush
        while is_there and batches:
            is_there, batches = self._write(), batches - 1
        self._set_problem(self._lasting_problem() if is_there else accountsproblems.BUS_AWAY)

    def create(self, scope: Scope = "listener", city: int | None = None, per_minute: int | None = None) -> NewToken:
        """See `Accounts.create`."""
        made = self._new(scope, city, per_minute)
        principal, digest = made.principal, digest_of(made.text)
        with self._write_lock:
            self._need_open()
            self._agree_on_secret()
            if id := self._one_too_many():
                self._delete(id)
            try:
                number = put(self._store, TOKEN + principal.id, tokenvalues.token(principal, digest), 0)
            except (ForestalledError, UnreachableError) as error:
                raise AccountsError(f"no token can be made now: {error}") from error
            self._table.add_all([Row(number, digest, principal, Activity())])
        return made

    def take_over(self, rows: Sequence[Row]) -> int:
        """Store tokens of another store, with their use; those that are known stay. Return how many are new.

        Raises:
            AccountsError: not all are stored.
        """
        with self._write_lock:
            self._need_open()
            self._agree_on_secret()
            new = sum(self._table.by_id(row.principal.id) is None for row in rows)
            puts = [Put(TOKEN + row.principal.id, tokenvalues.token(row.principal, row.digest), 0) for row in rows]
            puts += [Put(USE + row.principal.id, tokenvalues.use(row.activity, ()), 0) for row in rows]
            done = self._store.put_all(puts)
        for outcome in done:
            if isinstance(outcome, UnreachableError):
                raise AccountsError(f"not all tokens are stored ({outcome}); try again") from outcome
        return new

    def revoke(self, id: str) -> bool:
        """See `Accounts.revoke`."""
        with self._write_lock:
            self._need_open()
            is_known = self._table.by_id(id) is not None
            if is_known:
                self._delete(id)
        return is_known

    def _need_open(self) -> None:
        self._see()
        if not self._is_open or not self._was_read:
            raise AccountsError(f"{self._name} are not open")

    def _delete(self, id: str) -> None:
        done = self._store.put_all([Put(TOKEN + id, None), Put(USE + id, None)])
        for error in done:
            if isinstance(error, Exception):
                raise AccountsError(f"the token cannot be deleted now: {error}") from error
        self._forget(id)

    def _forget(self, id: str) -> None:
        self._table.remove(id)
        self._stored.pop(id, None)
        self._unsure.pop(id, None)

    # The secret.

    def _is_same_secret(self) -> bool:
        check = self._secret_item.value
        return check in (b"", self._texts.check) or (self._is_server and not len(self))

    def _lasting_problem(self) -> str | None:
        return (None if self._is_same_secret() else accountsproblems.OTHER_SECRET_OF_BUS) or self._unread

    def _agree_on_secret(self) -> None:
        """Note on the bus which secret the tokens are made with, if that is not known.

        Raises:
            AccountsError: they are made with another one, or that cannot be noted now.
        """
        for _ in range(TRIES):
            if not self._is_same_secret():
                raise AccountsError(accountsproblems.OTHER_SECRET_OF_BUS)
            if self._secret_item.value == self._texts.check:
                return
            try:
                put(self._store, SECRET, self._texts.check, self._secret_item.revision)
            except UnreachableError as error:
                raise AccountsError(f"no token can be made now: {error}") from error
            except ForestalledError:
                pass
            self._see()
        raise AccountsError("no token can be made now: others change the bus meanwhile")

    # What others changed.

    def _see(self) -> None:
        is_all, items = self._follower.take()
        is_news = self._was_read
        if is_all:
            self._begin(items)
        for key, item in items.items():
            try:
                self._see_item(key, item, is_news=is_news)
            except MessageError as error:
                self._unread = f"some tokens on the bus cannot be read: {error}"
        if is_all:
            self._table.order_by_use()

    def _begin(self, items: Mapping[str, Item | None]) -> None:
        """Forget what is gone."""
        self._unread = None
        for account in self._table.all():
            if TOKEN + account.principal.id not in items:
                self._forget(account.principal.id)
        self._secret_item = items.get(SECRET) or _NO_SECRET
        if not self._was_read and (alive_s := tokenvalues.alive_s(items.get(ALIVE))) is not None:
            now_s = self._clock()
            self.used_until_s = now_s if now_s - alive_s <= ALIVE_S else alive_s
        self._was_read = True

    def _see_item(self, key: str, item: Item | None, *, is_news: bool) -> None:
        if key.startswith(TOKEN):
            self._see_token(key.removeprefix(TOKEN), item)
        elif key.startswith(USE) and item:
            self._see_use(key.removeprefix(USE), item, is_news=is_news)
        elif key == SECRET:
            self._secret_item = item or _NO_SECRET

    def _see_token(self, id: str, item: Item | None) -> None:
        if item is None:
            self._forget(id)
            return
        self._table.add_all([tokenvalues.row(id, item)])

    def _see_use(self, id: str, item: Item, *, is_news: bool) -> None:
        before, sent = self._stored.get(id, _NEVER), self._unsure.pop(id, None)
        if item.revision <= before.revision:
            return
        stored, marks = tokenvalues.activity(item.value)
        self._stored[id] = _Stored(stored, item.revision, marks)
        is_ours = sent is not None and sent.marks[-1] in marks  # what was not answered was stored all the same
        self._table.merge(id, sent.activity if sent and is_ours else before.activity, stored, is_news=is_news)

    # What was noted here.

    def _write(self) -> bool:
        """Write what was noted, and that this server runs; return whether the bus answers, as far as is known."""
        now_s = time.monotonic()
        self._resting = {id: until_s for id, until_s in self._resting.items() if until_s > now_s}
        changes = self._table.take_changes(BATCH_TOKENS, but=self._resting)
        sent = [self._unsure.get(each.id) or self._to_send(each) for each in changes]
        puts = [
            Put(USE + change.id, each.value, self._stored.get(change.id, _NEVER).revision)
            for change, each in zip(changes, sent, strict=True)
        ]
        if is_beat := self._is_server and now_s - self._beat_s >= BEAT_S:
            puts.append(Put(ALIVE, repr(self._clock()).encode()))
        if not puts:
            return self.problem != accountsproblems.BUS_AWAY
        done = self._store.put_all(puts)
        for change, each, outcome in zip(changes, sent, done, strict=False):
            self._take_outcome(change, each, outcome)
        if is_beat and not isinstance(done[-1], Exception):
            self._beat_s = now_s
        return not any(isinstance(each, UnreachableError) for each in done)

    def _take_outcome(self, change: Change, sent: _Sent, outcome: int | Exception) -> None:
        if isinstance(outcome, UnreachableError):
            self._unsure[change.id] = sent
        else:
            self._unsure.pop(change.id, None)
        if isinstance(outcome, int):
            self._stored[change.id] = _Stored(sent.activity, outcome, sent.marks)
            self._resting[change.id] = time.monotonic() + REST_S
        if isinstance(outcome, Exception) or sent.activity is not change.activity:
            self._table.put_back([change])

    def _to_send(self, change: Change) -> _Sent:
        marks = (*self._stored.get(change.id, _NEVER).marks[1 - MARKS :], secrets.randbits(48))
        return _Sent(change.activity, marks, tokenvalues.use(change.activity, marks))
