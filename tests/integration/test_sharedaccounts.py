"""Tokens of several servers, with a real NATS server: beyond what every store of accounts does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.bus_world import BusAccounts, OpenedAccounts, make_empty, store_on
from tests.unit.accounts_world import NOON_S, OSAKA, SECRET, Clock, press
from tests.waiting import until
from webapp.bus.credentials import Access
from webapp.bus.messages import STATE
from webapp.bus.natsclient import connected
from webapp.bus.natslog import messages_from
from webapp.bus.natsstreams import bucket_stream
from webapp.busstore import CommandStore
from webapp.storage import sharedaccounts
from webapp.storage.accounts import Accounts, AccountsError, LastSong
from webapp.storage.sharedstore import ForestalledError, Put, UnreachableError, put

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as made:
        yield made


@pytest.fixture
def world(running: Brokers, monkeypatch: pytest.MonkeyPatch) -> BusAccounts:
    monkeypatch.setattr(sharedaccounts, "REST_S", 0.0)
    make_empty(running)
    return BusAccounts(running)


@pytest.fixture
def servers(world: BusAccounts) -> Iterator[tuple[Accounts, Accounts]]:
    """Two servers."""
    made = world.open(), world.open()
    yield made
    for each in made:
        each.close()


def counts(accounts: Accounts, id: str) -> tuple[int, int]:
    found = accounts.activity(id)
    return (found.presses, found.scrobbles) if found else (-1, -1)


def both_see(world: BusAccounts, *accounts: Accounts) -> None:
    for each in (*accounts, *accounts):  # the first time they write, the second time they see what the others wrote
        world.see(each)


def test_what_two_servers_count_for_one_token_is_added(world: BusAccounts, servers: tuple[Accounts, Accounts]) -> None:
    one, other = servers
    id = one.create(city=OSAKA).principal.id
    both_see(world, one, other)
    for n in range(4):
        one.note_announced(id, press(n, NOON_S + n))
        for _ in range(2):
            other.note_scrobbles(id, NOON_S + n + 0.5, "VLC", 5)
        other.flush()  # without knowing what the first one wrote
        one.flush()
    both_see(world, one, other)
    assert counts(one, id) == counts(other, id) == (4, 40)
    found = other.activity(id)
    assert found
    assert (found.used_s, found.client, found.song) == (NOON_S + 3.5, "VLC", LastSong(3, NOON_S + 3, None))


def test_a_song_that_another_server_heard_is_known_and_its_place_is_not(
    world: BusAccounts, servers: tuple[Accounts, Accounts]
) -> None:
    one, other = servers
    id = one.create().principal.id
    both_see(world, one, other)
    other.note_announced(id, press(1, NOON_S + 1))
    both_see(world, one, other)
    one.note_announced(id, press(2, NOON_S + 2))
    both_see(world, one, other)
    found = other.activity(id)
    assert found
    assert (found.song, found.earlier) == (LastSong(2, NOON_S + 2, None), (LastSong(1, NOON_S + 1, None),))
    assert (found.pressed_s, found.pressed_city, found.presses) == (NOON_S + 2, None, 2)
    assert other.recent() == [id]


def test_a_token_that_is_revoked_while_another_server_notes_its_use_is_gone(
    world: BusAccounts, servers: tuple[Accounts, Accounts]
) -> None:
    one, other = servers
    made = one.create()
    both_see(world, one, other)
    other.note_announced(made.principal.id, press(1))
    assert one.revoke(made.principal.id)
    both_see(world, other, one)
    assert other.by_token(made.text) is one.by_token(made.text) is None
    assert world.open().all() == []


def test_the_bus_never_has_a_token_in_clear_and_nothing_of_one_that_was_revoked(
    world: BusAccounts, running: Brokers
) -> None:
    accounts = world.open()
    kept, gone = accounts.create(city=OSAKA), accounts.create(city=OSAKA)
    for each in (kept, gone):
        accounts.note_announced(each.principal.id, press(1))
    accounts.flush()
    accounts.revoke(gone.principal.id)
    accounts.close()

    async def look() -> bytes:
        client = await connected(Access(running.urls.split(",")), "test")
        found, is_all = await messages_from(client, bucket_stream(STATE), 1)
        await client.close()
        assert is_all
        return b"".join(message.data for message in found)

    stored = asyncio.run(look())
    assert kept.text.encode() not in stored
    assert sha256(kept.text.encode()).digest() in stored
    assert sha256(gone.text.encode()).digest() not in stored


class Lossy(CommandStore):
    """A store whose answers are lost; `is_made` says whether changes are made all the same."""

    loses, is_made = False, True

    def put_all(self, puts: Sequence[Put]) -> list[int | Exception]:
        if not self.loses:
            return super().put_all(puts)
        if self.is_made:
            super().put_all(puts)
        return [UnreachableError("no answer")] * len(puts)


@pytest.mark.parametrize("is_made", [True, False])
@pytest.mark.parametrize("sees", ["before it writes again", "while it writes again"])
def test_a_count_whose_writing_was_not_answered_counts_once(
    world: BusAccounts, running: Brokers, is_made: bool, sees: str
) -> None:
    store = Lossy(Access(running.urls.split(",")), "test", SECRET)
    accounts = OpenedAccounts(store, SECRET, Clock(), is_server=True, most=9).opened()
    other = world.open()
    id = accounts.create().principal.id
    world.see(other)
    accounts.note_announced(id, press(1, NOON_S + 1))
    store.loses, store.is_made = True, is_made
    accounts.flush()
    assert accounts.problem == "the bus cannot be reached; tokens work as they did, and none can be made or deleted"
    accounts.note_announced(id, press(2, NOON_S + 2))
    store.loses = False
    if sees == "before it writes again":
        put(store, "elsewhere", b"")
    other.note_announced(id, press(3, NOON_S + 3))
    other.flush()
    both_see(world, accounts, other)
    both_see(world, accounts, other)
    assert counts(accounts, id) == counts(other, id) == (3, 0)
    assert accounts.problem is None
    for each in (accounts, other):
        each.close()


def test_a_tokens_use_is_written_at_once_and_then_not_for_some_seconds(
    world: BusAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharedaccounts, "REST_S", 1_000.0)
    accounts, other = world.open(), world.open()
    id = accounts.create().principal.id
    for n in range(3):
        accounts.note_announced(id, press(n, NOON_S + n))
        accounts.flush()
    world.see(other)
    assert counts(other, id) == (1, 0)
    accounts.close()
    world.see(other)
    assert counts(other, id) == (3, 0)
    other.close()


def test_many_uses_are_written_together(world: BusAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = world.open()
    ids = [accounts.create().principal.id for _ in range(20)]
    monkeypatch.setattr(sharedaccounts, "BATCH_TOKENS", 8)
    for n, id in enumerate(ids):
        accounts.note_announced(id, press(n))
    accounts.close()
    other = world.open()
    assert [counts(other, id) for id in ids] == [(1, 0)] * 20
    other.close()


def test_while_another_server_runs_there_was_no_downtime(world: BusAccounts) -> None:
    one = world.open()
    one.flush()
    world.clock.now_s += 4
    other = world.open()
    assert other.used_until_s == world.clock.now_s
    for each in (one, other):
        each.close()


@pytest.mark.parametrize("value", [b"soon", b"inf", b"nan", b""])
def test_when_a_server_last_ran_is_unknown_if_that_cannot_be_read(
    world: BusAccounts, running: Brokers, value: bytes
) -> None:
    with store_on(running) as store:
        put(store, "accounts.alive", value)
    accounts = world.open()
    assert accounts.used_until_s is None
    accounts.close()


def test_a_token_that_is_erased_with_the_tool_of_nats_is_refused_and_others_can_be_made(
    world: BusAccounts, running: Brokers, servers: tuple[Accounts, Accounts]
) -> None:
    one, other = servers
    made = one.create()
    both_see(world, one, other)

    async def erase() -> None:
        client = await connected(Access(running.urls.split(",")), "test")
        for key in (f"token.{made.principal.id}", "secret"):
            headers = {"KV-Operation": "DEL"}
            await client.jetstream().publish(f"$KV.UNISON_STATE.accounts.{key}", b"", headers=headers)
        await client.close()

    asyncio.run(erase())
    both_see(world, one, other)
    assert one.by_token(made.text) is other.by_token(made.text) is None
    assert other.by_token(other.create().text)


def test_a_token_whose_making_is_forestalled_is_refused_in_a_sentence(
    world: BusAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = world.open()
    accounts.create()

    def put_all(_self: CommandStore, puts: Sequence[Put]) -> list[int | Exception]:
        return [ForestalledError("wrong last sequence")] * len(puts)

    with monkeypatch.context() as patched:
        patched.setattr(CommandStore, "put_all", put_all)
        with pytest.raises(AccountsError, match="no token can be made now: wrong last sequence"):
            accounts.create()
    accounts.close()


def test_without_the_bus_known_tokens_work_and_none_is_made_and_all_comes_back(tmp_path: Path) -> None:
    with brokers(tmp_path) as running, ExitStack() as stack:
        make_empty(running)
        world = BusAccounts(running)
        accounts = world.open()
        stack.callback(accounts.close)
        made, idle = accounts.create(), accounts.create()
        running[0].kill()
        accounts.note_announced(made.principal.id, press(1))
        accounts.flush()
        assert accounts.by_token(made.text) == made.principal
        assert accounts.problem == "the bus cannot be reached; tokens work as they did, and none can be made or deleted"
        with pytest.raises(AccountsError, match="no token can be made now: there is no connection to NATS"):
            accounts.create()
        with pytest.raises(AccountsError, match="the token cannot be deleted now"):
            accounts.revoke(idle.principal.id)
        running[0].start()

        def is_back() -> bool:
            accounts.flush()
            return accounts.problem is None

        until(is_back)
        assert accounts.revoke(accounts.create().principal.id)
        other = world.open()
        stack.callback(other.close)
        assert [(each.principal, each.activity.presses) for each in other.all()] == [
            (made.principal, 1),
            (idle.principal, 0),
        ]


def test_values_of_a_newer_version_are_told_and_stop_nothing(world: BusAccounts, running: Brokers) -> None:
    with store_on(running) as store:
        put(store, "accounts.token.aaaaaaaaaa", b"\x09newer")
    accounts = world.open()
    made = accounts.create()
    assert accounts.by_token(made.text) == made.principal
    assert accounts.problem
    assert "some tokens on the bus cannot be read" in accounts.problem
    accounts.close()
