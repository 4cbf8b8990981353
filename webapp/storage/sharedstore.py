"""State that all servers of a bus share: keys with values and revisions. One interface, whoever talks with the bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gevent import monkey

from webapp.storage.datadir import DataDirError

ABSENT = -1
"""Instead of a revision: the key must have no value. Unlike 0, it may have been erased."""


class Item(NamedTuple):
    """What a key has."""

    value: bytes
    revision: int


class Put(NamedTuple):
    """A change to make.

    Attributes:
        key: its name.
        value: None erases the key.
        after: the revision that the key must have; 0 if it must never have been there; see `ABSENT`; None if that makes
            no difference.
    """

    key: str
    value: bytes | None
    after: int | None = None


class ForestalledError(Exception):
    """A key has another revision than a change expected. What it has now is told before this is raised."""


class UnreachableError(OSError):
    """The bus does not answer: the change is made, or not."""


class SharedStoreError(DataDirError):
    """A command cannot use the bus; the message says why."""


class Changes(NamedTuple):
    """What changed since the last time.

    Attributes:
        is_all: whether these are all keys, so that others are gone.
        items: by key; None for keys that were erased.
    """

    is_all: bool
    items: dict[str, Item | None]


class Follower:
    """Collects the changes of keys that begin alike, until somebody takes them. Thread-safe.

    Args:
        prefix: what the keys begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        # Unpatched by gevent, because worker threads are native. The event loop holds it too, but only briefly.
        self._lock = monkey.get_original("threading", "Lock")()
        self._ready = Changes(False, {})
        self._all: dict[str, Item | None] | None = None

    def begin(self) -> None:
        """All keys will be told, from now until `complete`."""
        with self._lock:
            self._all = {}

    def tell(self, key: str, item: Item | None) -> None:
        """Take note of a change."""
        if key.startswith(self._prefix):
            with self._lock:
                (self._ready.items if self._all is None else self._all)[key] = item

    def complete(self) -> None:
        """All keys were told."""
        with self._lock:
            if self._all is not None:
                self._ready, self._all = Changes(True, self._all), None

    def take(self) -> Changes:
        """Return what changed since the last call; of all keys, only once they were told."""
        with self._lock:
            ready, self._ready = self._ready, Changes(False, {})
        return ready


class Followers:
    """All followers of a store.

    Attributes:
        is_complete: whether all keys were told once.
    """

    def __init__(self) -> None:
        self.is_complete = False
        self._followers: list[Follower] = []

    def follow(self, prefix: str) -> Follower:
        """See `SharedStore.follow`."""
        follower = Follower(prefix)
        self._followers.append(follower)
        return follower

    def take(
        self, changes: Sequence[tuple[str, bytes | None, int]], *, begins: bool = False, complete: bool = False
    ) -> None:
        """Tell keys, their values and revisions; `begins` and `complete` stand at the ends of all keys."""
        for follower in self._followers:
            if begins:
                follower.begin()
            for key, value, revision in changes:
                follower.tell(key, None if value is None else Item(value, revision))
            if complete:
                follower.complete()
        self.is_complete |= complete


class SharedStore(Protocol):
    """The store of one server or command. Call its methods in a worker thread."""

    def follow(self, prefix: str) -> Follower:
        """Return what collects the changes of keys that begin like this. Call it before the store is open."""
        ...

    def put_all(self, puts: Sequence[Put]) -> list[int | Exception]:
        """Make changes; return for each the new revision, a `ForestalledError` or an `UnreachableError`.

        Followers are told of a change before this returns.
        """
        ...

    def keep_moments(self, moments: Sequence[tuple[str, bytes]]) -> None:
        """Keep shared moments, by their ids, unless they are kept already.

        Raises:
            UnreachableError: they may be kept, or not.
        """
        ...

    def moment(self, id: str) -> bytes | None:
        """Return a shared moment; None if there is none.

        Raises:
            UnreachableError: it cannot be told now.
        """
        ...


def put(store: SharedStore, key: str, value: bytes | None, after: int | None = None) -> int:
    """Make one change; return the key's new revision.

    Raises:
        ForestalledError: the key has another revision.
        UnreachableError: the change is made, or not.
    """
    (done,) = store.put_all([Put(key, value, after)])
    if isinstance(done, Exception):
        raise done
    return done
