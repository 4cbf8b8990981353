"""A node writes its plays and marks: what is in the log, and what whoever sent the plays is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

from tests.unit.making import OSAKA, RECIFE, T0, batch, track
from webapp.bus import writer
from webapp.bus.log import FullError, UnavailableError
from webapp.bus.writer import MESSAGE_BYTES, NotWrittenError, Writer
from webapp.core.playlog import LogMessage
from webapp.core.plays import PlayBatch, arrived_ms
from webapp.gazetteerdata import load_gazetteer

LATENESS_MS = 500


class LogInMemory:
    """Takes messages, or for some time does not.

    Attributes:
        taken: the messages by their names.
        tries: how often somebody appended.
    """

    def __init__(self) -> None:
        self.taken: dict[str, LogMessage] = {}
        self.error: Exception | None = None
        self.room: int | None = None
        self.loses_answers = False
        self.tries = 0
        self.sizes: list[int] = []

    async def append(self, data: bytes, *, after: int | None = None, id: str = "") -> int:
        assert after is None
        self.tries += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        message = LogMessage.decode(data)
        if self.room is not None and message.batches:
            if not self.room:
                raise FullError
            self.room -= 1
        self.sizes.append(len(data))
        self.taken.setdefault(id, message)
        if self.loses_answers:
            self.loses_answers = False
            raise UnavailableError
        return len(self.taken)

    async def read(self, after: int) -> list[object]:
        raise NotImplementedError(after)

    @property
    def messages(self) -> list[LogMessage]:
        return list(self.taken.values())

    def pressed(self) -> list[int]:
        """The times of all plays, ms after T0, in the order of the log."""
        batches = [each for message in self.messages for each in message.batches]
        return [int(at) - T0 for each in batches for at in PlayBatch.decode(each.data).at]


def plays(*at_ms: int, title: str = "Night Bus Home") -> bytes:
    made = [(f"x{at}", OSAKA if at % 2 else RECIFE, at, track(f"{title} {at}")) for at in at_ms]
    return batch(load_gazetteer(), made).encode()


def run(log: LogInMemory, act: Callable[[Writer], Awaitable[None]], clock: Callable[[], float] = time.time) -> None:
    async def all_of_it() -> None:
        made = Writer("a", log, load_gazetteer(), LATENESS_MS, clock=clock, now=time.monotonic)  # type: ignore[arg-type]
        running = asyncio.create_task(made.run())
        await act(made)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(all_of_it())


def test_plays_of_many_requests_go_in_one_message_and_each_is_answered() -> None:
    log = LogInMemory()

    async def act(made: Writer) -> None:
        first = asyncio.create_task(made.write(plays(0)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.gather(first, *(made.write(plays(at)) for at in range(1, 40)))
        assert made.waiting == 0

    run(log, act)
    assert log.pressed() == list(range(40))
    assert len([message for message in log.messages if message.batches]) <= 3
    assert {arrived_ms(each.data) > 0 for message in log.messages for each in message.batches} == {True}


def test_ticks_tell_the_time_just_after_each_slice_is_due_and_the_last_message_that_it_stops() -> None:
    log = LogInMemory()

    async def act(_: Writer) -> None:
        await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=1.3)

    run(log, act)
    *ticks, last = log.messages
    assert (last.gone, last.batches) == (True, ())
    assert 5 <= len(ticks) <= 7
    assert all((tick.mark_ms - LATENESS_MS) % 250 < 100 for tick in ticks[1:])
    assert len({(tick.mark_ms - LATENESS_MS) // 250 for tick in ticks}) == len(ticks)


def test_a_large_body_is_cut_into_messages_that_a_broker_takes() -> None:
    log = LogInMemory()

    async def act(made: Writer) -> None:
        await made.write(plays(*range(3_000), title="x" * 900))

    run(log, act)
    assert max(log.sizes) <= MESSAGE_BYTES + 1_000
    assert len([message for message in log.messages if message.batches]) > 3
    assert log.pressed() == list(range(3_000))


def test_what_is_sent_again_is_taken_once_and_counted_and_the_answer_comes_then() -> None:
    log, retries = LogInMemory(), list[int]()

    async def act(made: Writer) -> None:
        log.loses_answers = True
        await made.write(plays(1))
        log.error = UnavailableError()
        writing = asyncio.create_task(made.write(plays(2)))
        await asyncio.wait([writing], timeout=0.3)
        assert not writing.done()
        assert made.waiting == 1
        log.error = None
        await writing
        retries.append(made.retries)

    run(log, act)
    assert log.pressed() == [1, 2]
    assert log.tries > len(log.messages)
    assert 2 <= retries[0] <= log.tries - len(log.messages)


def test_a_mark_tells_of_plays_that_are_still_to_be_written() -> None:
    log, now_s = LogInMemory(), [T0 / 1000]

    async def act(made: Writer) -> None:
        log.error = UnavailableError()
        writing = []
        for _ in range(4):
            writing.append(asyncio.create_task(made.write(plays(*range(1_000), title="y" * 900))))
            await asyncio.wait(writing, timeout=0.05)
            now_s[0] += 0.1
        log.error = None
        await asyncio.gather(*writing)

    run(log, act, lambda: now_s[0])
    filled = [message for message in log.messages if message.batches]
    for place, message in enumerate(filled):
        later = [arrived_ms(each.data) for rest in filled[place + 1 :] for each in rest.batches]
        assert message.mark_ms <= min(later, default=message.mark_ms)
    assert len({message.mark_ms for message in filled}) > 3


@pytest.mark.parametrize(("room", "taken"), [(0, 0), (2, 2)])
def test_a_full_log_is_told_with_how_many_of_the_first_plays_are_in(room: int, taken: int) -> None:
    log = LogInMemory()

    async def act(made: Writer) -> None:
        log.room = room
        with pytest.raises(NotWrittenError, match="the log of plays is full") as caught:
            await made.write(plays(*range(3_000), title="x" * 900))
        assert caught.value.is_full
        assert log.pressed() == list(range(caught.value.taken))
        assert (caught.value.taken > 0) == (taken > 0)

    run(log, act)


def test_a_log_out_of_reach_is_told_after_a_while_and_nothing_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "TRY_S", 0.3)
    log = LogInMemory()

    async def act(made: Writer) -> None:
        log.error = UnavailableError()
        results = await asyncio.gather(*(made.write(plays(at)) for at in range(3)), return_exceptions=True)
        assert [(type(each), each.taken, each.is_full) for each in results if isinstance(each, NotWrittenError)] == [
            (NotWrittenError, 0, False)
        ] * 3
        log.error = None
        await made.write(plays(9))

    run(log, act)
    assert log.pressed() == [9]


def test_late_plays_are_counted_by_their_arrival() -> None:
    log = LogInMemory()

    async def act(made: Writer) -> None:
        assert await made.write(plays(0, 1_000, 3_000)) == 2  # one is over, one is too far ahead

    run(log, act, lambda: (T0 + 1_000) / 1000)
    assert np.array(log.pressed()).tolist() == [0, 1_000, 3_000]


def test_a_node_that_stops_says_so_again_if_the_log_does_not_answer_at_once() -> None:
    log = LogInMemory()

    async def act(made: Writer) -> None:
        await made.write(plays(0))
        log.error = UnavailableError("no leader")
        asyncio.get_running_loop().call_later(0.3, setattr, log, "error", None)

    run(log, act)
    assert log.messages[-1].gone
