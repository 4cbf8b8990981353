"""Answers of a server of several: its history and the newest records, as one list without doubles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.history_world import GAZETTEER, temporary_history
from tests.unit.making import CAIRO, OSAKA, T0, busy_records
from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.moderation import NO_RULES, Rule, Rules
from webapp.core.records import Connection, SliceRecord, id_floor
from webapp.core.selection import LATELY_MS, Selection
from webapp.engine.bus import MemoryBus
from webapp.engine.lastminute import TENS, LastMinute
from webapp.engine.recorder import Recorder
from webapp.storage.history import History

RECORDS = busy_records(4, 110)
WRITTEN = 300
"""So many records are in the file; those after them wait to be written."""
FILTERS = [Filter(), Filter(country="FR"), Filter(city=CAIRO), Filter(artist="marisolvey", country="JP")]
RULES = [NO_RULES, Rules(frozenset([Rule("word", "song 2"), Rule("city", str(OSAKA))]))]


@dataclass
class World:
    history: History
    bus: MemoryBus


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with temporary_history(days=9_000, max_rows=100_000, from_log=True) as history:
        history._clock = lambda: T0 / 1000 + 3_600
        bus = MemoryBus(lambda: 0.0)
        bus.stream = "s"
        history.lately = LastMinute(bus, GAZETTEER, 4)
        recorder = Recorder(history, bus, GAZETTEER, 4, lambda *_: [])
        recorder.begin(1)
        for seq, message in enumerate(RECORDS, 1):
            bus.publish(message)
            if seq == WRITTEN:
                history.flush()
        yield World(history, bus)


def shown(wanted: Filter, rules: Rules) -> dict[str, tuple[int, Connection]]:
    """Return what everyone was shown and passes a filter, and what it shows of the last minute, with their records."""
    everyone, filtered = Selection(Filter(), 4, GAZETTEER), Selection(wanted, 4, GAZETTEER, rules)
    newest, found = SliceRecord.decode(RECORDS[-1]).start_ms // LATELY_MS, dict[str, tuple[int, Connection]]()
    for seq, record in enumerate(map(SliceRecord.decode, RECORDS), 1):
        mine = frames.shown(record, filtered.choose(record).pairs, GAZETTEER)
        if record.start_ms // LATELY_MS >= newest - TENS:
            found |= {each.id: (seq, each) for each in mine}
        for each in frames.shown(record, everyone.choose(record).pairs, GAZETTEER):
            if wanted.accepts(each, GAZETTEER) and not rules.hides_connection(each, GAZETTEER):
                found[each.id] = seq, each
    return found


EXPECTED = {(wanted, rules.version): shown(wanted, rules) for wanted in FILTERS for rules in RULES}


def test_a_filter_adds_to_what_everyone_was_shown() -> None:
    plain = EXPECTED[Filter(), NO_RULES.version]
    assert all(len(EXPECTED[each, NO_RULES.version].keys() - plain.keys()) > 5 for each in FILTERS[1:])


@given(
    wanted=st.sampled_from(FILTERS),
    rules=st.sampled_from(RULES),
    limit=st.sampled_from([1, 20, 200]),
    before_ms=st.none() | st.integers(0, 111_000),
    upto=st.none() | st.integers(1, len(RECORDS)),
)
def test_the_latest_are_those_of_both(
    world: World, wanted: Filter, rules: Rules, limit: int, before_ms: int | None, upto: int | None
) -> None:
    before = None if before_ms is None else id_floor((T0 + before_ms) / 1000)
    found = world.history.latest(wanted, limit, before, None if upto is None else ("s", upto), rules=rules)
    all_of = EXPECTED[wanted, rules.version]
    ids = [id for id, (seq, _) in all_of.items() if (not before or id < before) and (upto is None or seq <= upto)]
    assert found == [all_of[id][1] for id in nlargest(limit, ids)]


@given(
    wanted=st.sampled_from(FILTERS),
    rules=st.sampled_from(RULES),
    after=st.integers(0, 440),
    seconds=st.integers(1, 60),
)
def test_the_past_is_that_of_both(world: World, wanted: Filter, rules: Rules, after: int, seconds: int) -> None:
    world.history.rules = rules
    after_ms = T0 + 250 * after
    found = world.history.past(after_ms, after_ms + 1_000 * seconds, wanted)
    ends = {seq: SliceRecord.end_of(message) for seq, message in enumerate(RECORDS, 1)}
    seqs = [seq for seq, end_ms in ends.items() if after_ms < end_ms <= after_ms + 1_000 * seconds]
    assert found is not None
    assert [(frame.seq, frame.at_ms) for frame in found] == [(seq, ends[seq]) for seq in seqs]
    all_of = EXPECTED[wanted, rules.version]
    for frame in found:
        mine = sorted(id for id, (seq, _) in all_of.items() if seq == frame.seq and time_is_in(id, after_ms))
        assert [each.id for each in frame.connections] == mine


def time_is_in(id: str, after_ms: int) -> bool:
    """Tell whether a connection is read with the frames since then: the file is read from just before."""
    return id >= id_floor((after_ms - 250) / 1000)
