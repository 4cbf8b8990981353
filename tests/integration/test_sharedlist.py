"""The moderation list of several servers, with a real NATS server, and what every list does."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.bus_world import catch_up, make_empty, store_on
from webapp.bus.credentials import Access
from webapp.bus.natsclient import connected
from webapp.busstore import CommandStore
from webapp.core import versioned
from webapp.core.trackids import NO_ALIASES
from webapp.engine.moderation import Moderation
from webapp.gazetteerdata import load_gazetteer
from webapp.storage import sharedlist
from webapp.storage.moderationfile import AuditFile, ListFile, ListFileError, StoredList
from webapp.storage.sharedlist import SharedList
from webapp.storage.sharedstore import put

pytestmark = pytest.mark.timeout(60)
GAZETTEER = load_gazetteer()
ADMIN = "admin token"


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as running:
        yield running


class World:
    """A list, and servers of it."""

    def __init__(self, folder: Path, bus: Brokers | None) -> None:
        self._folder, self._bus, self._stack = folder, bus, ExitStack()
        self.stores: list[CommandStore] = []
        if bus:
            make_empty(bus)

    def stored(self, node: str) -> StoredList:
        if self._bus is None:
            return ListFile(self._folder / "list", is_required=False)
        store = store_on(self._bus)
        stored = SharedList(store, node)
        self.stores.append(self._stack.enter_context(store))
        return stored

    def server(self, node: str) -> Moderation:
        audit = AuditFile(self._folder / f"{node}.jsonl")
        made = Moderation(self.stored(node), audit, GAZETTEER, lambda: NO_ALIASES, lambda: 1_790_000_000)
        made.open()
        return made

    def audit(self, node: str) -> list[tuple[str, str, str]]:
        path = self._folder / f"{node}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(line["who"], line["did"], line["rule"]) for line in lines]

    def see(self, *servers: Moderation) -> None:
        for store in self.stores:
            catch_up(store)
        for server in servers:
            server.reload()

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(params=["file", "bus"])
def world(request: pytest.FixtureRequest, bus: Brokers, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, bus if request.param == "bus" else None)
    yield made
    made.close()


@pytest.fixture
def shared(bus: Brokers, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, bus)
    yield made
    made.close()


def rules(server: Moderation) -> list[str]:
    return sorted(line.text for line in server.listing.lines)


def test_a_list_is_empty_at_first_and_then_what_was_written(world: World) -> None:
    stored = world.stored("one")
    assert stored.read() == b""
    assert stored.write(b"# ours\nword: one\n", ADMIN)
    assert stored.read() == world.stored("two").read() == b"# ours\nword: one\n"


def test_rules_are_added_and_removed_and_there_after_a_restart(world: World) -> None:
    server = world.server("one")
    assert server.add("word: one", ADMIN)
    assert not server.add("word: ONE", ADMIN)
    assert server.add("word: two", ADMIN)
    assert server.remove("word: one", ADMIN)
    assert not server.remove("word: one", ADMIN)
    assert rules(server) == rules(world.server("again")) == ["word: two"]
    assert world.audit("one") == [
        (ADMIN, "added", "word: one"),
        (ADMIN, "added", "word: two"),
        (ADMIN, "removed", "word: one"),
    ]


def test_a_change_at_one_server_is_in_force_at_others_and_their_audits_say_whose_it_is(shared: World) -> None:
    one, other = shared.server("one"), shared.server("other")
    one.add("word: bad", ADMIN)
    shared.see(other)
    assert other.rules.version == one.rules.version
    assert shared.audit("other") == [("admin token, at one", "added", "word: bad")]
    other.remove("word: bad", ADMIN)
    shared.see(one)
    assert shared.audit("one")[1:] == [("admin token, at other", "removed", "word: bad")]
    one.add("word: worse", ADMIN)
    again = shared.server("other")
    assert rules(again) == ["word: worse"]
    assert shared.audit("other")[-1] == ("admin token, at one", "found", "")


def test_of_several_operators_at_once_no_change_is_lost(shared: World) -> None:
    servers = [shared.server(f"{n}") for n in range(3)]
    servers[0].add("word: before", ADMIN)

    def change(n: int) -> None:
        for word in range(8):
            assert servers[n].add(f"word: w{n}{word}", ADMIN)
            if word % 2:
                assert servers[n].remove(f"word: w{n}{word}", ADMIN)

    threads = [Thread(target=change, args=(n,)) for n in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    shared.see(*servers)
    expected = sorted(["word: before", *(f"word: w{n}{word}" for n in range(3) for word in (0, 2, 4, 6))])
    assert [rules(server) for server in servers] == [expected] * 3
    own = [line for n in range(3) for line in shared.audit(f"{n}") if line[0] == ADMIN]
    assert len(own) == 1 + 3 * (8 + 4)


def test_a_list_that_is_too_large_is_refused(shared: World) -> None:
    stored = shared.stored("one")
    with pytest.raises(ListFileError, match="is too large; expected at most 900,000 bytes once it is packed"):
        stored.write(random.Random(1).randbytes(1_000_000), ADMIN)
    with pytest.raises(ListFileError, match="is too large; expected at most 4194304 bytes"):
        stored.write(b"word: much\n" * 400_000, ADMIN)
    assert stored.write(b"word: much\n" * 300_000, ADMIN)


def test_a_list_that_is_gone_or_of_a_newer_version_leaves_the_rules_of_before(shared: World, bus: Brokers) -> None:
    server = shared.server("one")
    server.add("word: bad", ADMIN)
    (store,) = shared.stores
    make_empty(bus)
    put(store, "elsewhere", b"")
    server.reload()
    assert (rules(server), server.problem) == (
        ["word: bad"],
        "the moderation list on the bus is gone; restore the bucket, or change the list, which writes it anew; "
        "the moderation list read before remains in force",
    )
    put(store, "moderation.list", b"\x09newer")
    server.reload()
    assert rules(server) == ["word: bad"]
    assert "cannot be read (the list of version 09" in (server.problem or "")


def erase(bus: Brokers, key: str) -> None:
    """Erase a key as NATS's own tool does."""

    async def publish() -> None:
        client = await connected(Access(bus.urls.split(",")), "test")
        await client.jetstream().publish(f"$KV.UNISON_STATE.{key}", b"", headers={"KV-Operation": "DEL"})
        await client.close()

    asyncio.run(publish())


def test_a_list_that_was_erased_stays_in_force_until_somebody_changes_it(shared: World, bus: Brokers) -> None:
    server, other = shared.server("one"), shared.server("other")
    server.add("word: bad", ADMIN)
    erase(bus, "moderation.list")
    shared.see(server)
    assert rules(server) == ["word: bad"]
    assert "the moderation list on the bus is gone" in (server.problem or "")
    assert shared.stored("new").read() == b""
    assert server.add("word: worse", ADMIN)
    shared.see(server, other)
    assert [(rules(each), each.problem) for each in (server, other)] == [(["word: bad", "word: worse"], None)] * 2


def test_a_list_that_others_change_all_the_time_is_given_up(shared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server = shared.server("one")
    monkeypatch.setattr(SharedList, "write", lambda *_: False)
    with pytest.raises(ListFileError, match="cannot be written \\(others change it meanwhile\\); try again"):
        server.add("word: bad", ADMIN)


def test_a_list_that_unpacks_to_far_too_much_is_refused(shared: World) -> None:
    server = shared.server("one")
    server.add("word: bad", ADMIN)
    packed = zlib.compress(bytes(100 << 20))
    put(
        shared.stores[0],
        "moderation.list",
        versioned.encode(sharedlist.VERSION, sharedlist._Value(packed, ADMIN, "two")),
    )
    server.reload()
    assert rules(server) == ["word: bad"]
    assert "it is too large; expected at most 4194304 bytes" in (server.problem or "")


def test_without_the_bus_the_list_stays_in_force_and_cannot_be_changed(tmp_path: Path) -> None:
    with brokers(tmp_path) as running:
        world = World(tmp_path, running)
        server = world.server("one")
        server.add("word: bad", ADMIN)
        running[0].kill()
        with pytest.raises(ListFileError, match="the moderation list on the bus cannot be written"):
            server.add("word: worse", ADMIN)
        server.reload()
        assert (rules(server), server.problem) == (["word: bad"], None)
        world.close()
