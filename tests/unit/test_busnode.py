"""A server of several: what it takes from the process that talks with the bus, and what it makes of it."""

from __future__ import annotations

import re
import time
from collections import deque
from itertools import count
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from tests.unit.making import OSAKA, RECIFE, T0, batch, track
from webapp.bus.credentials import Access
from webapp.bus.log import GoneError, UnavailableError
from webapp.bus.messages import (
    Condition,
    Following,
    Found,
    FromNode,
    Read,
    Ready,
    Record,
    Refused,
    Start,
    State,
    ToNode,
    Write,
    Written,
)
from webapp.core.fold import FoldRules
from webapp.core.records import SliceRecord
from webapp.engine import busnode
from webapp.engine.bus import MemoryBus
from webapp.engine.busnode import BusError, BusNode
from webapp.engine.clock import Clock
from webapp.engine.intake import NotTakenError
from webapp.engine.sharedstate import SharedState
from webapp.gauges import observe_bus
from webapp.gazetteerdata import load_gazetteer
from webapp.metrics import Metrics

START = Start(Access([]), "one", b"secret", FoldRules(1_000, 500), 4)
PLAYS = batch(load_gazetteer(), [("ana", OSAKA, 0, track()), ("ben", RECIFE, 10, track())]).encode()


class FakeProcess:
    """A process that says what a test wants.

    Attributes:
        says: what it says, from the first on; then it ends.
        heard: what it was told.
    """

    says: ClassVar[deque[FromNode]] = deque()
    heard: ClassVar[list[ToNode]] = []

    def __init__(self, name: str, module: str, start: object) -> None:
        self.name, self.module, self.pid, self.started = name, module, 0, 0

    def begin(self) -> None:
        self.started += 1

    def end(self) -> None:
        pass

    def send(self, message: ToNode) -> None:
        self.heard.append(message)

    def receive(self) -> FromNode:
        if not self.says:
            raise ConnectionResetError("it is gone")
        return self.says.popleft()


def record(seq: int, off_ms: int = 0, silent: tuple[str, ...] = ()) -> Record:
    end_ms = T0 + 250 * seq
    return Record(seq, off_ms, end_ms, SliceRecord(end_ms, end_ms + 600).encode(), silent)


@pytest.fixture
def records() -> MemoryBus:
    return MemoryBus(time.monotonic, 70, 1 << 20)


@pytest.fixture
def node(records: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> BusNode:
    monkeypatch.setattr(busnode, "Beside", FakeProcess)
    monkeypatch.setattr(busnode, "AGAIN_S", 0)
    monkeypatch.setattr(FakeProcess, "says", deque())
    monkeypatch.setattr(FakeProcess, "heard", [])
    return BusNode(lambda: START, records, Clock(lambda: T0 / 1000), 0.5, lambda _: None, lambda: None)


def test_it_has_all_records_of_before_when_it_has_started(node: BusNode, records: MemoryBus) -> None:
    FakeProcess.says.extend([Ready("s", 40, 43), *map(record, (40, 41, 42, 43, 44))])
    node.start()
    assert (records.stream, records.first, records.last) == ("s", 40, 43)
    assert node.closed_ms == T0 + 250 * 43


def test_it_is_not_behind_while_there_is_no_record_yet(node: BusNode) -> None:
    FakeProcess.says.append(Ready("s", 1, 0))
    node.start()
    assert (node.lag_s, node.problems) == (0, [])


def test_records_that_are_told_again_are_taken_once(node: BusNode, records: MemoryBus) -> None:
    FakeProcess.says.extend([Ready("s", 1, 2), record(1), record(2)])
    node.start()
    FakeProcess.says.extend([Ready("s", 1, 3), record(1), record(2), record(3)])
    node.start()
    assert (records.first, records.last) == (1, 3)


def test_it_waits_for_a_bus_that_is_away_and_ends_where_it_can_never_take_part(node: BusNode) -> None:
    FakeProcess.says.extend([Refused("away", is_final=False), Ready("s", 1, 0)])
    node.start()
    FakeProcess.says.extend([Refused("UNISON_WINDOW_S is 2 here and 1 on the bus")])
    with pytest.raises(BusError, match="UNISON_WINDOW_S is 2 here"):
        node.start()


def test_it_does_not_wait_forever_for_what_all_servers_share(
    node: BusNode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = count(0, 10)
    monkeypatch.setattr(busnode, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr(node, "_shared", SharedState(lambda *_: None))
    said = Refused("waiting for what all servers share: it is full", is_final=False)
    FakeProcess.says.extend([Ready("s", 1, 0), said, State(()), State(()), *[Condition()] * 9])
    with pytest.raises(BusError, match="the bus did not tell all that servers share within 30 s"):
        node.start()
    assert "it is full" in caplog.text
    assert len(FakeProcess.says) == 5  # once nothing came for so long


def test_it_has_started_once_its_matching_process_can_take_over(node: BusNode) -> None:
    FakeProcess.says.extend([Ready("s", 1, 1), record(1), Following(), record(2)])
    node.start()
    assert FakeProcess.says.popleft() == record(2)


def test_a_matching_process_that_follows_goes_on(node: BusNode) -> None:
    FakeProcess.says.extend([Ready("s", 1, 0), Refused("cannot match", is_final=False)])
    node.start()
    matching = node.processes[1]
    FakeProcess.says.append(Following())
    node._watch_matching(matching)
    assert matching.started == 1


def test_a_play_is_answered_by_what_the_log_said(node: BusNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(late: int, error: str, taken: int) -> None:
        def send(self: FakeProcess, message: ToNode) -> None:
            assert isinstance(message, Write)
            node._take(Written(message.number, late, error, taken))

        monkeypatch.setattr(FakeProcess, "send", send)

    answer(1, "", 0)
    assert node.submit(PLAYS) == 1
    answer(0, "the log of plays is full", 1)
    with pytest.raises(NotTakenError, match="the log of plays is full; 1 of the first plays were accepted") as error:
        node.submit(PLAYS)
    assert (error.value.taken, node.waiting) == (1, 0)


def test_records_are_read_from_the_log_and_it_is_told_why_they_cannot_be(
    node: BusNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(**answered: Any) -> None:
        def send(self: FakeProcess, message: ToNode) -> None:
            assert isinstance(message, Read)
            assert (message.after, message.upto) == (4, 9)
            node._take(Found(message.number, **answered))

        monkeypatch.setattr(FakeProcess, "send", send)

    answer(records=((5, b"five"), (6, b"six")))
    assert node.read(4, 9) == ((5, b"five"), (6, b"six"))
    answer(oldest=7)
    with pytest.raises(GoneError) as gone:
        node.read(4, 9)
    assert gone.value.oldest == 7
    answer(error="no answer")
    with pytest.raises(UnavailableError, match="the bus cannot be reached"):
        node.read(4, 9)

    def send(self: FakeProcess, message: ToNode) -> None:
        raise ConnectionResetError("it is gone")

    monkeypatch.setattr(FakeProcess, "send", send)
    with pytest.raises(UnavailableError, match="the bus cannot be reached"):
        node.read(4, 9)


def test_records_after_some_that_the_log_lost_keep_their_numbers(node: BusNode, records: MemoryBus) -> None:
    FakeProcess.says.extend([Ready("s", 1, 2), record(1), record(2)])
    node.start()
    FakeProcess.says.extend([Ready("s", 9, 10, oldest=9), record(9), record(10)])
    node.start()
    assert (records.first, records.last) == (9, 10)
    assert [number for number, _ in records.read(0)] == [9, 10]


def test_a_clock_that_is_off_and_silent_servers_are_told(node: BusNode) -> None:
    FakeProcess.says.extend([Ready("s", 1, 1), record(1, off_ms=2_500, silent=("two",))])
    node.start()
    assert node.problems == ["this machine's clock is 2.5 s from that of the bus"]
    assert node.troubles == ["no message from two; plays from there may be late"]
    with pytest.raises(NotTakenError, match=r"clock is 2\.5 s"):
        node.submit(PLAYS)


def test_metrics_tell_how_it_does_on_the_bus(node: BusNode) -> None:
    metrics = Metrics()
    observe_bus(metrics, node)
    FakeProcess.says.extend(
        [Ready("s", 7, 8), record(7), Condition(3, 2, 3, 10, 100), record(8, off_ms=-300, silent=("x",))]
    )
    node.start()
    text = metrics.exposition()[0].decode()
    told = dict(re.findall(r"^unison_bus_(\w+) (\S+)$", text, re.MULTILINE))
    assert float(told.pop("quiet_seconds")) < 1
    assert {name: float(value) for name, value in told.items()} == {
        "record": 8,
        "clock_off_seconds": -0.3,
        "silent_nodes": 1,
        "copies": 2,
        "copies_wanted": 3,
        "plays_bytes": 10,
        "plays_max_bytes": 100,
        "retries_total": 3,
    }
