"""What a log does, with a real NATS server, and with three of which some fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from nats.aio.client import Client

from tests.brokers import Brokers, brokers
from tests.waiting import persist
from webapp.bus import natslog, natsstreams
from webapp.bus.log import Checkpoint, Entry, ForestalledError, FullError, GoneError, UnavailableError
from webapp.bus.natsclient import connected
from webapp.bus.natslog import NatsLog
from webapp.bus.natsstreams import PLAYS, RECORDS, NatsCheckpoints, Sizes, create, log_of

pytestmark = pytest.mark.timeout(120)
T = TypeVar("T")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as running:
        asyncio.run(with_client(running, lambda client: create(client, Sizes(replicas=1))))
        yield running


async def with_client(running: Brokers, act: Callable[[Client], Awaitable[T]]) -> T:
    client = await connected(running.access, "test")
    try:
        return await act(client)
    finally:
        await client.close()


def run(running: Brokers, act: Callable[[NatsLog], Awaitable[T]], stream: str = PLAYS) -> T:
    return asyncio.run(with_client(running, lambda client: act(log_of(client, stream))))


async def read_all(log: NatsLog, after: int, upto: int) -> list[Entry]:
    found: list[Entry] = []
    while after < upto:
        found += await log.read(after)
        after = found[-1].seq
    return found


def numbers(entries: Sequence[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


def test_what_is_appended_is_read_in_order_with_its_number_and_time(one: Brokers) -> None:
    async def act(log: NatsLog) -> None:
        before = await log.last()
        appended = [await log.append(f"{n}".encode()) for n in range(600)]
        assert appended == list(range(before + 1, before + 601))
        entries = await read_all(log, before, before + 600)
        assert [entry.data for entry in entries] == [f"{n}".encode() for n in range(600)]
        assert numbers(entries) == appended
        assert all(0 <= later.log_ms - entry.log_ms < 5_000 for entry, later in pairwise(entries))
        assert await log.last() == before + 600

    run(one, act)


def test_a_reader_waits_for_what_is_not_there_yet(one: Brokers) -> None:
    async def act(log: NatsLog) -> None:
        before = await log.last()
        reading = asyncio.create_task(log.read(before))
        await asyncio.wait([reading], timeout=0.2)
        assert not reading.done()
        await log.append(b"news")
        (entry,) = await asyncio.wait_for(reading, 1)
        assert (entry.seq, entry.data) == (before + 1, b"news")

    run(one, act)


def test_of_racing_appends_one_wins(one: Brokers) -> None:
    async def act(log: NatsLog) -> None:
        before = await log.last()
        racing = (log.append(f"{n}".encode(), after=before) for n in range(8))
        results = await asyncio.gather(*racing, return_exceptions=True)
        assert [each for each in results if isinstance(each, int)] == [before + 1]
        assert sum(isinstance(each, ForestalledError) for each in results) == 7

    run(one, act, RECORDS)


def test_what_is_sent_again_under_its_name_is_taken_once(one: Brokers) -> None:
    async def act(log: NatsLog) -> None:
        first = await log.append(b"a", id="batch 1")
        assert await log.append(b"a", id="batch 1") == first
        assert await log.append(b"b", id="batch 2") == first + 1

    run(one, act)


def test_a_reader_that_missed_what_was_published_asks_for_it(one: Brokers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(natslog, "HEARD_BYTES", 4_000)

    async def act(log: NatsLog) -> None:
        before = await log.last()
        await log.append(b"begin")
        await log.read(before)  # from now on it hears
        for _ in range(30):
            await log.append(bytes(1_000))
        assert numbers(await read_all(log, before + 1, before + 31)) == list(range(before + 2, before + 32))

    run(one, act)


def test_a_reader_of_what_was_removed_is_told(one: Brokers) -> None:
    async def act(log: NatsLog) -> None:
        for _ in range(3):
            await log.append(b"x")
        last = await log.last()
        await log.purge(last - 1)
        assert numbers(await log.read(last - 1)) == [last]
        with pytest.raises(GoneError, match=f"no message {last - 1} any more; the first one is {last}") as error:
            await log.read(last - 2)
        assert error.value.oldest == last

    run(one, act)


def test_some_messages_are_fetched_while_another_reader_reads_on(one: Brokers) -> None:
    async def act(log: NatsLog) -> None:
        first = await log.append(b"first") - 1
        for _ in range(5):
            await log.append(bytes(900_000))
        assert numbers(await log.read(first)) == list(range(first + 1, first + 7))
        assert numbers(await log.fetch(first, first + 1)) == [first + 1]
        some = numbers(await log.fetch(first + 1, first + 6))
        assert some == list(range(first + 2, first + 2 + len(some)))
        assert 1 <= len(some) < 5, "they are bounded in bytes"
        await log.append(b"next")
        assert numbers(await log.read(first + 6)) == [first + 7]
        with pytest.raises(UnavailableError):
            await log.fetch(first + 7, first + 8)

    run(one, act)


def test_a_full_log_refuses_and_drops_nothing(tmp_path: Path) -> None:
    async def fill(client: Client) -> None:
        await create(client, Sizes(replicas=1, plays_bytes=100_000))
        log = log_of(client, PLAYS)
        taken = 9
        for _ in range(taken):
            await log.append(bytes(10_000))
        with pytest.raises(FullError):
            await log.append(bytes(10_000))
        assert numbers(await read_all(log, 0, taken)) == list(range(1, taken + 1))
        await log.purge(taken)
        assert await log.append(b"room") == taken + 1

    with brokers(tmp_path) as running:
        asyncio.run(with_client(running, fill))


def test_without_a_server_appending_fails_for_now(tmp_path: Path) -> None:
    async def act(running: Brokers) -> None:
        client = await connected(running.access, "test")
        await create(client, Sizes(replicas=1))
        log = log_of(client, PLAYS)
        await log.append(b"before")
        running[0].kill()
        with pytest.raises(UnavailableError):
            await log.append(b"lost", id="again")
        reading = asyncio.create_task(log.read(1))
        running[0].start()
        assert await persist(lambda: log.append(b"again", id="again"), UnavailableError) == 2
        (entry,) = await asyncio.wait_for(reading, 10)
        assert entry.data in (b"again", b"lost")
        await client.close()

    with brokers(tmp_path) as running:
        asyncio.run(act(running))
    with pytest.raises(UnavailableError, match="none of 1 NATS servers answers"):
        asyncio.run(connected(running.access, "test"))


def test_checkpoints_are_kept_and_the_newest_is_returned(one: Brokers) -> None:
    async def act(client: Client) -> None:
        kept = NatsCheckpoints(client)
        assert await kept.newest() is None
        for record in (1, 2, 3):
            await kept.save(Checkpoint(record, 7, bytes([record]) * 3_000_000))
        assert await kept.newest() == Checkpoint(3, 7, bytes([3]) * 3_000_000)

    asyncio.run(with_client(one, act))


def test_what_is_there_gets_the_sizes_that_are_asked_for(one: Brokers) -> None:
    async def act(client: Client) -> None:
        last = await log_of(client, RECORDS).last()
        await create(client, Sizes(replicas=1, records_bytes=5 << 30))
        info = await client.jetstream().stream_info(RECORDS)
        assert (info.config.max_bytes, info.state.last_seq) == (5 << 30, last)
        assert natsstreams.DUPLICATES_S >= 60

    asyncio.run(with_client(one, act))


def test_what_is_there_keeps_the_sizes_that_are_not_asked_for(tmp_path: Path) -> None:
    async def act(client: Client) -> None:
        first = Sizes(1, 1 << 20, 2 << 20, 60, 7)
        assert await create(client, first) == first
        assert await create(client, Sizes(), moments=3) == first
        assert await create(client, Sizes(records_days=90)) == Sizes(1, 1 << 20, 2 << 20, 90, 7)
        records = (await client.jetstream().stream_info(RECORDS)).config
        assert (records.max_bytes, records.max_age) == (2 << 20, 90 * 86_400)

    with brokers(tmp_path) as running:
        asyncio.run(with_client(running, act))


def test_a_log_of_three_servers_outlives_the_death_of_its_leader(tmp_path: Path) -> None:
    async def act(running: Brokers) -> None:
        client = await connected(running.access, "test")
        await create(client, Sizes())
        log = log_of(client, PLAYS)
        for n in range(20):
            await log.append(f"{n}".encode())
        info = await client.jetstream().stream_info(PLAYS)
        assert info.cluster
        next(broker for broker in running if broker.name == info.cluster.leader).kill()
        for n in range(20, 40):
            await persist(partial(log.append, f"{n}".encode(), id=f"{n}"), UnavailableError)
        entries = await read_all(log, 0, 40)
        assert [entry.data for entry in entries] == [f"{n}".encode() for n in range(40)]
        await client.close()

    with brokers(tmp_path, 3) as running:
        asyncio.run(act(running))
