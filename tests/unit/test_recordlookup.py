"""A connection that only a filter showed is found by its id: in memory, in the log, or not at all, and told why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.unit.history_world import GAZETTEER
from tests.unit.making import OSAKA, busy_records
from webapp.bus.log import GoneError, UnavailableError
from webapp.config import Settings
from webapp.core import frames
from webapp.core.moderation import Rule, Rules
from webapp.core.records import Connection, SliceRecord, connection_id, row_of, time_of
from webapp.engine.bus import MemoryBus
from webapp.engine.lastminute import LastMinute
from webapp.engine.recorder import Recorder
from webapp.engine.recordlookup import STEP, RecordLookup
from webapp.storage.history import FILE_NAME, History
from webapp.web import momentlookup
from webapp.web.momentlookup import Moments
from webapp.web.ratelimits import Rate

RECORDS = busy_records(9, 120)


def pairs_of(message: bytes) -> list[Connection]:
    record = SliceRecord.decode(message)
    return frames.shown(record, range(len(record.pairs)), GAZETTEER)


class World:
    """A server of several that has recorded two minutes."""

    def __init__(self, folder: Path) -> None:
        self.is_away, self.oldest = False, 1
        self.reads = list[tuple[int, int]]()
        bus = MemoryBus(lambda: 0.0)
        self.history = History(folder / FILE_NAME, GAZETTEER, days=30, max_rows=10_000, from_log=True)
        self.history.open()
        lately = self.history.lately = LastMinute(bus, GAZETTEER, 4)
        self.recorder = Recorder(self.history, bus, GAZETTEER, 4, self.read)
        self.lookup = RecordLookup(lately, self.history, GAZETTEER, 1_000, self.read, self.recorder)
        self.recorder.begin(1)
        for message in RECORDS:
            bus.publish(message)
        self.history.flush()
        self.moments = Moments(Settings(), self.history, self.lookup)

    def read(self, after: int, upto: int) -> Sequence[tuple[int, bytes]]:
        self.reads.append((after, upto))
        if self.is_away:
            raise UnavailableError("the bus cannot be reached")
        if after + 1 < self.oldest:
            raise GoneError("gone", self.oldest)
        return [(seq, RECORDS[seq - 1]) for seq in range(after + 1, min(after + 3, upto) + 1)]

    def get(self, id: str) -> Connection:
        with Flask(__name__).test_request_context(f"/c/{id}", environ_base={"REMOTE_ADDR": "192.0.2.1"}):
            return self.moments.get(id)

    def refusal(self, id: str) -> HTTPException:
        with pytest.raises(HTTPException) as error:
            self.get(id)
        return error.value


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.history.close()


def unseen(world: World) -> list[Connection]:
    """Return what nobody was shown of the first 30 s."""
    found = [each for message in RECORDS[:120] for each in pairs_of(message) if world.history.get(each.id) is None]
    assert len(found) > 50
    return found


def test_an_id_tells_its_time_and_its_row() -> None:
    record = SliceRecord.decode(next(message for message in RECORDS if len(pairs_of(message)) > 3))
    for row, pair in enumerate(record.pairs):
        id = connection_id(int(pair["at"]), int(pair["tail"]))
        assert (time_of(id), row_of(id, record)) == (int(pair["at"]), row)
        assert row_of(id[:-1] + chr(ord(id[-1]) + 1), record) is None, "the last letter has three bits that say nothing"
    assert row_of(connection_id(int(record.pairs[0]["at"]), 1), record) is None


def test_connections_of_all_records_are_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(momentlookup, "LOOKUPS", Rate(10_000, 1))
    monkeypatch.setattr(momentlookup, "LOOKUPS_OF_ALL", Rate(10_000, 1))
    world.moments = Moments(Settings(), world.history, world.lookup)
    for each in [pair for message in RECORDS for pair in pairs_of(message)][::7]:
        assert world.get(each.id) == each
    assert max(upto - after for after, upto in world.reads) <= STEP
    before = len(world.reads)
    world.get(pairs_of(RECORDS[0])[0].id)
    assert len(world.reads) == before, "it is remembered"


def test_what_no_record_has_is_not_found_and_few_records_are_read_for_it(world: World) -> None:
    each = unseen(world)[20]
    assert world.refusal(connection_id(each.at_ms, 1)).code == 404
    assert 1 <= sum(min(3, upto - after) for after, upto in world.reads) <= 30
    world.reads.clear()
    assert world.refusal(connection_id(each.at_ms + 3_600_000, 1)).code == 404
    assert world.refusal(connection_id(each.at_ms - 3_600_000, 1)).code == 410
    assert world.reads == []


def test_what_the_log_no_longer_has_is_not_found(world: World) -> None:
    world.oldest = 300
    assert world.refusal(unseen(world)[20].id).code == 404


def test_while_the_bus_is_away_it_is_to_be_asked_for_again(world: World) -> None:
    world.is_away = True
    refusal = world.refusal(unseen(world)[20].id)
    assert (refusal.code, "the bus cannot be reached" in str(refusal.description)) == (503, True)
    newest = pairs_of(RECORDS[-30])[0]
    assert world.get(newest.id) == newest, "it is in memory"


def test_what_the_operator_hides_is_hidden(world: World) -> None:
    osaka = GAZETTEER.by_id(OSAKA)
    hidden = next(each for each in unseen(world) if osaka in (each.from_city, each.to_city))
    world.history.rules = Rules(frozenset([Rule("city", str(OSAKA))]))
    assert "not shown" in str(world.refusal(hidden.id).description)


def test_an_address_that_looks_for_many_has_to_wait(world: World) -> None:
    ids = [connection_id(unseen(world)[20].at_ms, tail) for tail in range(30)]
    codes = [world.refusal(id).code for id in ids]
    assert (codes[0], codes[-1]) == (404, 429)


def test_a_history_that_lacks_records_finds_nothing_yet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    last: Any = property(lambda _: "it reads")
    monkeypatch.setattr(Recorder, "warnings", last)
    assert world.refusal(connection_id(unseen(world)[20].at_ms + 3_600_000, 1)).code == 503
