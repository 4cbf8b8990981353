"""Stores of accounts for tests: each opens the same accounts again, as a restarted server or another program does."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from webapp.storage.accounts import Accounts, Announced, LastSong
from webapp.storage.accountsfile import FILE_NAME
from webapp.storage.sqliteaccounts import SqliteAccounts

SECRET = bytes(range(32))
NOON_S = 1_790_000_000.0
OSAKA, RECIFE = 1853909, 3390760


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = NOON_S

    def __call__(self) -> float:
        return self.now_s


class Store(Protocol):
    """One store of accounts."""

    clock: Clock

    def open(self, secret: bytes = SECRET, *, is_server: bool = True, most: int = 1_000) -> Accounts:
        """Open it, also while others have it open."""
        ...

    def see(self, accounts: Accounts) -> None:
        """Have the accounts of a server see what others changed before."""
        ...


class SqliteStore:
    """A SQLite file in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / FILE_NAME, Clock()

    def open(self, secret: bytes = SECRET, *, is_server: bool = True, most: int = 1_000) -> SqliteAccounts:
        """See `Store.open`."""
        accounts = SqliteAccounts(self.path, lambda: secret, self.clock, is_server=is_server, most=most)
        accounts.open()
        return accounts

    def see(self, accounts: Accounts) -> None:
        """See `Store.see`."""
        accounts.flush()

    def bytes(self) -> bytes:
        """Return all that the file and its log hold."""
        return b"".join(file.read_bytes() for file in sorted(self.path.parent.glob(f"{FILE_NAME}*")))


def press(song: int, at_s: float = NOON_S, duration_s: float | None = None) -> Announced:
    """Return a now-playing message that is a press in Osaka."""
    return Announced(LastSong(song, at_s, duration_s), "mpdscribble", is_press=True, city=OSAKA)


def repeat(song: int, at_s: float = NOON_S, duration_s: float | None = None) -> Announced:
    """Return a now-playing message that is no press."""
    return Announced(LastSong(song, at_s, duration_s), "mpdscribble", is_press=False, is_repeat=True)
