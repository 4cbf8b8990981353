"""Accounts in a SQLite file of the data folder. All are in memory, too: a request never waits for the disk.

What is noted is written with the next `flush`. Other programs may make and revoke tokens beside a running server, which
sees that at its next `flush`. A damaged file is never replaced, because its tokens would be lost: `problem` says so.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.core.principals import Scope
from webapp.storage import accountsproblems
from webapp.storage.accounts import AccountsError, NewToken
from webapp.storage.accountsfile import AccountsFile, NewerAccounts, is_damaged
from webapp.storage.accountstable import AccountsTable
from webapp.storage.tableaccounts import TOKENS_MOST, TableAccounts
from webapp.storage.tokentexts import TokenTexts, digest_of

BATCH_TOKENS = 2_000
BEAT_S = 2.0
"""How often the file is told that the server runs, when there is nothing else to write."""
RETRY_S = 10.0
"""Shortest time between two readings of a damaged file."""
ERASE_PAUSE = 20
"""How many times as long as erasing remnants takes, the server waits before it erases again."""

_ERRORS = (sqlite3.Error, OSError, AccountsError)


class SqliteAccounts(TableAccounts):
    """See `webapp.storage.accounts.Accounts`.

    Args:
        path: the file; created if missing.
        secret: returns the server's secret; called by `open`.
        clock: returns epoch seconds.
        is_server: whether this is the server, which alone notes when it ran, and not a command beside it.
        most: how many tokens are kept.
    """

    def __init__(
        self,
        path: Path,
        secret: Callable[[], bytes],
        clock: Callable[[], float] = time.time,
        *,
        is_server: bool = True,
        most: int = TOKENS_MOST,
    ) -> None:
        super().__init__(f"the accounts {path}", secret, clock, is_server=is_server, most=most)
        self.path = path
        self._file: AccountsFile | None = None
        self._seen_changes = self._seen_number = 0
        self._beat_s = self._retry_s = self._erase_s = -math.inf  # on the monotonic clock
        self._is_open = self._was_read = self._must_erase = False
        self._is_same_secret = True

    def open(self) -> None:
        """See `Accounts.open`."""
        with self._write_lock:
            self._texts, self._is_open = TokenTexts(self._secret()), True
            try:
                self._ensure_open()
                self._set_problem(self._secret_problem())
            except NewerAccounts:
                self._is_open = False
                raise
            except _ERRORS as error:
                self._handle(error)

    def close(self) -> None:
        """See `Accounts.close`."""
        with self._write_lock:
            self._beat_s = self._erase_s = -math.inf
            self._step()
            self._is_open = False
            self._close_file()

    def flush(self) -> None:
        """See `Accounts.flush`."""
        with self._write_lock:
            if time.monotonic() >= self._retry_s:
                self._step()

    def _step(self) -> None:
        if not self._is_open:  # a worker thread may have waited for the lock while the store was closed
            return
        try:
            file = self._ensure_open()
            self._read_changes(file)
            self._write_changes(file)
            self._erase(file)
        except _ERRORS as error:
            self._handle(error)
        else:
            self._set_problem(self._secret_problem())

    def create(self, scope: Scope = "listener", city: int | None = None, per_minute: int | None = None) -> NewToken:
        """See `Accounts.create`."""
        made = self._new(scope, city, per_minute)
        with self._write_lock, self._refusing("no token can be made now"):
            file = self._opened_file()
            if problem := self._secret_problem():
                raise AccountsError(problem)
            self._make_room(file)
            self._table.add_all([file.insert(made.principal, digest_of(made.text))])
        return made

    def revoke(self, id: str) -> bool:
        """See `Accounts.revoke`."""
        with self._write_lock, self._refusing("the token cannot be deleted now"):
            is_known = self._opened_file().delete(id)
            self._table.remove(id)
            self._must_erase |= is_known
        return is_known

    def _opened_file(self) -> AccountsFile:
        if self._file is None:
            raise AccountsError(self.problem or f"the accounts {self.path} are not open")
        return self._ensure_open()

    def _ensure_open(self) -> AccountsFile:
        """Return the file; open it if it is not open, or if another one was put in its place."""
        if self._file is not None:
            if self._file.is_in_place:
                return self._file
            if not self.path.exists():
                raise AccountsError(accountsproblems.moved(self.path))
            self._close_file()
        self._file = self._read(AccountsFile(self.path))
        return self._file

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _read(self, file: AccountsFile) -> AccountsFile:
        """Read all of a file that was just opened."""
        try:
            changes, table = file.changes, AccountsTable()
            number = table.add_all(file.rows())
            file.set_secret_check(self._texts.check, is_server=self._is_server)
            stored = file.server()
        except BaseException:
            file.close()
            raise
        table.order_by_use()
        self._table, self._seen_number, self._seen_changes = table, number, changes
        self._must_erase = stored.must_erase
        self._is_same_secret = stored.secret_check == self._texts.check
        if not self._was_read:
            self.used_until_s = stored.alive_s
        self._was_read = True
        return file

    def _read_changes(self, file: AccountsFile) -> None:
        """Read what other programs changed."""
        if (changes := file.changes) == self._seen_changes:
            return
        self._seen_number = max(self._seen_number, self._table.add_all(file.rows(after=self._seen_number)))
        numbers = file.numbers()
        if len(numbers) != len(self._table):
            self._table.keep_numbers(numbers)
        self._must_erase |= file.server().must_erase
        self._seen_changes = changes

    def _write_changes(self, file: AccountsFile) -> None:
        for _ in range(1 + self.pending // BATCH_TOKENS):  # what comes meanwhile waits for the next flush
            changes = self._table.take_changes(BATCH_TOKENS)
            is_due = self._is_server and time.monotonic() - self._beat_s >= BEAT_S
            if not changes and not is_due:
                return
            try:
                file.write(changes, self._clock())
            except BaseException:
                self._table.put_back(changes)
                raise
            self._beat_s = time.monotonic()

    def _make_room(self, file: AccountsFile) -> None:
        if id := self._one_too_many():
            file.delete(id)
            self._table.remove(id)
            self._must_erase = True

    def _erase(self, file: AccountsFile) -> None:
        """Erase what deleted tokens left in the file; where that takes long, do it rarely."""
        began_s = time.monotonic()
        if self._must_erase and began_s >= self._erase_s:
            self._must_erase = not file.erase()
            self._erase_s = time.monotonic() + ERASE_PAUSE * (time.monotonic() - began_s)

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise AccountsError(f"{what}: the accounts {self.path} cannot be written ({error})") from error

    def _handle(self, error: Exception) -> None:
        if is_damaged(error):
            self._retry_s = time.monotonic() + RETRY_S
        is_told = isinstance(error, AccountsError)
        self._set_problem(
            str(error) if is_told else accountsproblems.failed(self.path, error, has_tokens=len(self) > 0)
        )

    def _secret_problem(self) -> str | None:
        return None if self._is_same_secret else accountsproblems.other_secret(self.path)
