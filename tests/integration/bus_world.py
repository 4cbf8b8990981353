"""What servers of one bus share, for tests: a real NATS server whose buckets are empty, and stores on it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

from nats.js.errors import NotFoundError

from tests.brokers import Brokers
from tests.unit.accounts_world import SECRET, Clock
from webapp.bus.credentials import Access
from webapp.bus.messages import MOMENTS, STATE
from webapp.bus.natsclient import connected
from webapp.bus.natsstreams import Sizes, bucket_stream, create
from webapp.busstore import CommandStore
from webapp.storage.accounts import Accounts
from webapp.storage.sharedaccounts import SharedAccounts
from webapp.storage.sharedstore import put


def make_empty(running: Brokers) -> None:
    """Create the buckets anew."""
    asyncio.run(_make_empty(running))


async def _make_empty(running: Brokers) -> None:
    client = await connected(Access(running.urls.split(",")), "test")
    for bucket in (STATE, MOMENTS):
        with contextlib.suppress(NotFoundError):
            await client.jetstream().delete_stream(bucket_stream(bucket))
    await create(client, Sizes(replicas=1))
    await client.close()


def store_on(running: Brokers, secret: bytes = SECRET) -> CommandStore:
    """Return a store that is not open yet."""
    return CommandStore(Access(running.urls.split(",")), "test", secret)


def catch_up(store: CommandStore) -> None:
    """Wait until a store was told all that others changed before."""
    put(store, "elsewhere", b"")


class OpenedAccounts(SharedAccounts):
    """Accounts that close their store, too."""

    def __init__(self, store: CommandStore, secret: bytes, clock: Clock, *, is_server: bool, most: int) -> None:
        super().__init__(store, lambda: secret, clock, is_server=is_server, most=most)
        self.store: CommandStore | None = store

    def opened(self) -> Self:
        """Open the store, and the accounts."""
        assert self.store
        self.store.__enter__()
        self.open()
        return self

    def close(self) -> None:
        """See `Accounts.close`."""
        super().close()
        if self.store:
            self.store.__exit__()
        self.store = None


class BusAccounts:
    """See `tests.unit.accounts_world.Store`."""

    def __init__(self, running: Brokers) -> None:
        self._running, self.clock = running, Clock()

    def open(self, secret: bytes = SECRET, *, is_server: bool = True, most: int = 1_000) -> Accounts:
        """See `Store.open`."""
        store = store_on(self._running, secret)
        return OpenedAccounts(store, secret, self.clock, is_server=is_server, most=most).opened()

    def see(self, accounts: Accounts) -> None:
        """See `Store.see`."""
        assert isinstance(accounts, OpenedAccounts)
        assert accounts.store
        catch_up(accounts.store)
        accounts.flush()
