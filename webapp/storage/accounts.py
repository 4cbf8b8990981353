"""Accounts: the tokens that clients send plays with, and what is kept of each. One interface, whatever the store.

A token's id opens nothing; the token itself is derived from the id and the server's secret, and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from webapp.core.principals import Principal, Scope
from webapp.storage.datadir import DataDirError

PER_MINUTE: Mapping[Scope, int] = MappingProxyType({"listener": 60, "service": 6_000})
"""How many requests a minute a new token may send."""


class AccountsError(DataDirError):
    """The accounts cannot be used or changed; the message names them and says what to do."""


@dataclass(frozen=True, slots=True)
class LastSong:
    """The song that a token's client announced last.

    Attributes:
        song: a 64-bit hash of its key; see `webapp.storage.keys`.
        at_s: when it was first announced, epoch seconds; announcing it again does not change that.
        duration_s: None where unknown.
    """

    song: int
    at_s: float
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Announced:
    """A now-playing message, to be noted.

    Attributes:
        song: what was announced; `at_s` is the message's arrival.
        client: the name of the client's class, of `webapp.core.precision`.
        is_press: whether it counts as pressing play.
        is_repeat: whether its song was announced already, and so began then.
        city: the GeoNames id of the city that it was placed in; None if it was not placed. Kept in memory alone.
    """

    song: LastSong
    client: str
    is_press: bool
    city: int | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """What is known of a token's use.

    Attributes:
        used_s: when its last play came, of any kind, epoch seconds; None if none ever did.
        client: the name of the client's class that sent it.
        song: what was announced last.
        presses: how many messages counted as pressing play.
        scrobbles: how many songs were scrobbled or imported.
        pressed_s: when it last pressed play, since the server's start; None if it did not.
        pressed_city: the GeoNames id of the city of that press.
        earlier: the songs before the last one, the latest first, since the server's start; each song is there once.
            Two players with one token repeat their songs in turn.
    """

    used_s: float | None = None
    client: str = ""
    song: LastSong | None = None
    presses: int = 0
    scrobbles: int = 0
    pressed_s: float | None = None
    pressed_city: int | None = None
    earlier: tuple[LastSong, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A token's principal, and its activity."""

    principal: Principal
    activity: Activity


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: show its text once."""

    principal: Principal
    text: str


class Accounts(Protocol):
    """The tokens of one server.

    `open`, `close`, `flush`, `create` and `revoke` reach the store: call them in a worker thread. Others read memory;
    all but `all` are quick, also for tokens that do not exist. All methods are thread-safe.
    """

    problem: str | None
    """What is wrong with the store, in a sentence; None once it works again."""
    used_until_s: float | None
    """When an earlier server last used the store, give or take 2 s, epoch seconds; None if none ever did."""

    def open(self) -> None:
        """Read the accounts. If they cannot be read now, `problem` says why, and no token is known.

        Raises:
            AccountsError: a newer Unison wrote them.
        """
        ...

    def close(self) -> None:
        """Write what is pending, and close the store."""
        ...

    def flush(self) -> None:
        """Write what is pending, and see what other programs changed. Call it each half second. Never raises."""
        ...

    def create(self, scope: Scope = "listener", city: int | None = None, per_minute: int | None = None) -> NewToken:
        """Make a token; it is stored when this returns.

        Args:
            scope: see `webapp.core.principals`.
            city: the GeoNames id of its city; None for none.
            per_minute: how many requests a minute it may send; by default that of its scope, in `PER_MINUTE`.

        Raises:
            AccountsError: it cannot be stored.
        """
        ...

    def revoke(self, id: str) -> bool:
        """Delete a token, and all that is kept of it; return whether there was one.

        Raises:
            AccountsError: it cannot be deleted now.
        """
        ...

    def by_token(self, text: str) -> Principal | None:
        """Return whose token this is; None if it is nobody's."""
        ...

    def by_id(self, id: str) -> Principal | None:
        """Return whom the token with that id stands for; None if there is none."""
        ...

    def token_of(self, id: str) -> str | None:
        """Return the token with that id in clear; None if there is none, or the server's secret has changed since."""
        ...

    def recent(self, count: int = 1_000) -> Sequence[str]:
        """Return the ids of the tokens that were used or made last, the latest first."""
        ...

    def activity(self, id: str) -> Activity | None:
        """Return what is known of a token's use; None if there is no such token."""
        ...

    def note_announced(self, id: str, announced: Announced) -> None:
        """Note a now-playing message. Nothing is noted of a token that does not exist, or no longer."""
        ...

    def note_scrobbles(self, id: str, at_s: float, client: str, count: int) -> None:
        """Note so many scrobbled or imported songs that came at once."""
        ...

    def all(self) -> Sequence[Account]:
        """Return all accounts, the oldest first."""
        ...
