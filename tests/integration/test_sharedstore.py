"""What servers of one bus share, with a real NATS server: nothing is missed, and of racing changes one is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from nats.aio.client import Client

from tests.brokers import Brokers, brokers
from tests.integration.bus_world import catch_up, make_empty, store_on
from tests.waiting import until
from webapp import busstore
from webapp.bus import natslog, natsstate
from webapp.bus.credentials import Access
from webapp.bus.log import UnavailableError
from webapp.bus.messages import STATE
from webapp.bus.natsclient import connected
from webapp.bus.natsstreams import bucket_stream
from webapp.storage.sharedstore import Changes, ForestalledError, Item, Put, SharedStoreError, UnreachableError, put

pytestmark = pytest.mark.timeout(60)
T = TypeVar("T")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as made:
        yield made


@pytest.fixture
def bus(running: Brokers) -> Brokers:
    make_empty(running)
    return running


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def ask(running: Brokers, act: Callable[[Client], Awaitable[T]]) -> T:
    async def connect_and_act() -> T:
        client = await connected(Access(running.urls.split(",")), "test")
        try:
            return await act(client)
        finally:
            await client.close()

    return asyncio.run(connect_and_act())


def values(changes: Changes) -> dict[str, bytes | None]:
    return {key: item.value if item else None for key, item in changes.items.items()}


def test_all_keys_are_told_first_then_each_change(bus: Brokers, stack: ExitStack) -> None:
    one, other = store_on(bus), store_on(bus)
    stack.enter_context(one)
    for n in range(600):
        put(one, f"a.{n}", f"{n}".encode())
    put(one, "a.7", None)
    put(one, "b", b"another prefix")
    follower = other.follow("a.")
    stack.enter_context(other)
    first = follower.take()
    assert first.is_all
    assert values(first) == {f"a.{n}": f"{n}".encode() for n in range(600) if n != 7} | {"a.7": None}
    revision = put(one, "a.8", b"new")
    put(one, "a.9", None)
    catch_up(other)
    assert follower.take() == (False, {"a.8": Item(b"new", revision), "a.9": None})
    assert follower.take() == (False, {})


def test_of_racing_changes_one_is_made_and_the_others_know_it_then(bus: Brokers, stack: ExitStack) -> None:
    stores = [store_on(bus) for _ in range(4)]
    followers = [store.follow("k") for store in stores]
    for store in stores:
        stack.enter_context(store)
    first = put(stores[0], "k", b"0", 0)
    done = [store.put_all([Put("k", f"{n}".encode(), first)])[0] for n, store in enumerate(stores, 1)]
    assert [isinstance(each, ForestalledError) for each in done] == [False, True, True, True]
    for follower in followers:
        assert values(follower.take()) == {"k": b"1"}


def test_an_erased_key_leaves_no_value(bus: Brokers, stack: ExitStack) -> None:
    store = stack.enter_context(store_on(bus))
    for value in (b"one", b"two"):
        put(store, "k", value)
    put(store, "k", None)

    async def look(client: Client) -> Any:
        context = client.jetstream()
        info = await context.stream_info(bucket_stream(STATE))
        return info.state.messages, await context.get_last_msg(bucket_stream(STATE), "$KV.UNISON_STATE.k")

    messages, last = ask(bus, look)
    assert (messages, last.data or b"", last.headers["KV-Operation"]) == (2, b"", "PURGE")  # the other one is `sync`


def test_a_store_that_hears_little_asks_for_what_it_missed(
    bus: Brokers, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(natsstate, "HEARD_MOST", 1)
    one, other = store_on(bus), store_on(bus)
    follower = other.follow("")
    for store in (one, other):
        stack.enter_context(store)
    assert follower.take().is_all
    done = one.put_all([Put(f"{n}", b"x") for n in range(1_200)])
    assert all(isinstance(each, int) for each in done)
    catch_up(other)
    assert len(follower.take().items) == 1_201


def test_a_change_whose_answer_was_lost_is_found_to_be_made(
    bus: Brokers, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stack.enter_context(store_on(bus))
    answer_to, lost = natslog.answer_to, list[str]()

    async def lossy(client: Client, stream: str, subject: str, *more: Any) -> dict[str, Any]:
        answer = await answer_to(client, stream, subject, *more)
        if subject.endswith(".k") and not lost:
            lost.append(subject)
            raise UnavailableError("no answer")
        return answer

    monkeypatch.setattr(natsstate, "answer_to", lossy)
    revision = put(store, "k", b"mine", 0)
    assert lost
    assert put(store, "k", b"next", revision) > revision


def test_a_change_that_is_made_and_never_told_is_given_up(
    bus: Brokers, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hear_nothing(*_: object) -> None:
        return None

    async def find_nothing(*_: object) -> tuple[list[object], bool]:
        return [], True

    monkeypatch.setattr(natsstate.SharedState, "_hear", hear_nothing)
    monkeypatch.setattr(busstore, "ANSWER_S", 0.3)
    store = stack.enter_context(store_on(bus))
    monkeypatch.setattr(natsstate, "messages_from", find_nothing)
    with pytest.raises(UnreachableError, match=r"no answer from the bus within 0\.3 s"):
        put(store, "k", b"x")


def test_all_is_told_anew_where_the_bucket_is_another_one(bus: Brokers, stack: ExitStack) -> None:
    store = store_on(bus)
    follower = store.follow("")
    stack.enter_context(store)
    for n in range(9):
        put(store, f"old.{n}", b"x")
    make_empty(bus)
    put(store, "new", b"x")
    assert values(follower.take()) == {"new": b"x"}


def test_all_is_told_anew_to_who_may_have_missed_that_a_key_was_erased(
    bus: Brokers, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_on(bus)
    follower = store.follow("k")
    stack.enter_context(store)
    put(store, "k", b"x")
    assert values(follower.take()) == {"k": b"x"}

    async def erase(client: Client) -> None:  # as after a day
        await client.jetstream().purge_stream(bucket_stream(STATE), subject="$KV.UNISON_STATE.k")

    ask(bus, erase)
    monkeypatch.setattr(natsstate, "STALE_S", -1)
    until(lambda: follower.take() == (True, {}))


def test_without_a_server_nothing_is_changed_and_all_comes_back(tmp_path: Path, stack: ExitStack) -> None:
    with brokers(tmp_path) as running:
        make_empty(running)
        store, other = store_on(running), store_on(running)
        follower = other.follow("")
        for each in (store, other):
            stack.enter_context(each)
        put(store, "k", b"before")
        running[0].kill()
        with pytest.raises(UnreachableError):
            put(store, "k", b"lost")
        with pytest.raises(UnreachableError):
            store.moment("id")
        with pytest.raises(UnreachableError):
            store.keep_moments([("id", b"x")])
        running[0].start()
        until(lambda: isinstance(store.put_all([Put("k", b"after")])[0], int))
        until(lambda: b"after" in values(follower.take()).values())
        stack.close()
    with pytest.raises(SharedStoreError, match="none of 1 NATS servers answers"), store_on(running):
        pass


def test_a_bus_of_an_earlier_version_or_without_streams_is_told(tmp_path: Path) -> None:
    with (
        brokers(tmp_path) as running,
        pytest.raises(SharedStoreError, match="has no UNISON_STATE yet; run `unison bus init`"),
        store_on(running),
    ):
        pass


def test_a_moment_is_kept_once_under_its_id(bus: Brokers, stack: ExitStack) -> None:
    one, other = (stack.enter_context(store_on(bus)) for _ in range(2))
    assert other.moment("id") is None
    for value in (b"first", b"second"):
        one.keep_moments([("id", value)])
    assert other.moment("id") == b"first"
